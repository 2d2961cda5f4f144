"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No test is timed: a busy machine must not fail a law.
settings.register_profile("audctl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("audctl")
