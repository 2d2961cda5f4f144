"""What holds for every test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

# No test is timed: a busy machine must not fail a law.
settings.register_profile("audctl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("audctl")

LONGEST = (
    "unit/exchange/test_spark_engine.py",
    "cli/test_sessions.py",
    "matrix/test_race.py",
    "matrix/test_kill_matrix.py",
    "demo/test_demo.py",
    "cli/test_signals.py",
    "sandbox/test_audience_manager_openapi.py",
    "sandbox/test_campaign_fuzz_expressions.py",
    "sandbox/test_exchange_live.py",
    "unit/exchange/test_bucket_result.py",
    "contract/test_ledger_stores.py",
    "sandbox/test_robust.py",
    "cli/test_trouble.py",
    "cli/test_true_reports.py",
    "matrix/test_machine.py",
    "properties/test_engine_machine.py",
)
"""Files that take five seconds or more, the longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with the longest files: one that came last would leave the other workers idle."""
    if not hasattr(config, "workerinput"):
        return
    rank = {Path(__file__).parent / each: place for place, each in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
