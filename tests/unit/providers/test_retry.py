"""Laws of repeating: only what may be repeated, never longer than patience allows, never without a wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import ProviderError, ThrottledError, UnreachableError
from audctl.providers.budget import Budget
from audctl.providers.retry import Patience, call_patiently
from tests.contract.bench import FakeClock, Recorder


class Failing:
    """Fails as told, then returns its number of calls."""

    def __init__(self, errors: list[ProviderError]) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def patiently(
    once: Failing,
    clock: FakeClock,
    *,
    observer: Recorder | None = None,
    budget: Budget | None = None,
    **patience: float,
) -> int:
    settings = Patience(**patience)  # type: ignore[arg-type]  # attempts is whole in every call below
    return call_patiently(
        once,
        operation="x",
        patience=settings,
        clock=clock,
        observer=observer,
        budget=budget or Budget(),
    )


def test_success_waits_for_nothing() -> None:
    clock = FakeClock()
    assert patiently(Failing([]), clock) == 1
    assert clock.slept == []


def test_what_must_not_be_repeated_is_not() -> None:
    once, clock = Failing([UnreachableError("cut", may_have_happened=True)]), FakeClock()
    with pytest.raises(UnreachableError):
        patiently(once, clock)
    assert once.calls == 1
    assert clock.slept == []


def test_the_systems_wish_is_kept_and_told() -> None:
    error = ThrottledError("slow down", retryable=True, retry_after_s=11)
    clock, observer = FakeClock(), Recorder()
    assert patiently(Failing([error]), clock, observer=observer) == 2
    assert clock.slept == [11]
    assert observer.retries == [("x", 11, "slow down")]


def test_a_wish_beyond_patience_ends_at_once() -> None:
    error = ThrottledError("slow down", retryable=True, retry_after_s=3600)
    clock = FakeClock()
    with pytest.raises(ThrottledError) as caught:
        patiently(Failing([error]), clock)
    assert caught.value is error
    assert clock.slept == []


def test_a_wish_of_no_wait_still_waits() -> None:
    errors: list[ProviderError] = [
        ThrottledError("again", retryable=True, retry_after_s=0) for _ in range(5)
    ]
    clock = FakeClock()
    assert patiently(Failing(errors), clock, first_wait_s=8) == 6
    assert sum(clock.slept) > 0


def test_the_last_error_says_how_often_it_was_tried() -> None:
    errors: list[ProviderError] = [UnreachableError("x: 502", retryable=True) for _ in range(3)]
    with pytest.raises(UnreachableError, match=r"^x: 502 \(tried 3 times\)$"):
        patiently(Failing(errors), FakeClock(), attempts=3)
    with pytest.raises(UnreachableError, match=r"^x: 502$"):
        patiently(Failing([UnreachableError("x: 502")]), FakeClock())


def test_what_all_calls_of_a_run_may_wait_together_is_bounded_and_told() -> None:
    clock, budget = FakeClock(), Budget(total_s=25)
    busy = [ThrottledError("x: 429", retryable=True, retry_after_s=10) for _ in range(4)]
    assert patiently(Failing([*busy[:2]]), clock, budget=budget) == 3
    with pytest.raises(
        ThrottledError, match=r"429 \(tried once; the 25 s of this run .* are spent\)"
    ):
        patiently(Failing([*busy[2:]]), clock, budget=budget)
    seen = budget.traffic(clock)
    assert (seen.repeated, seen.waited_s) == (2, 20)


@given(
    failures=st.integers(0, 12),
    attempts=st.integers(1, 8),
    total_s=st.floats(0, 120),
    wishes=st.lists(st.none() | st.floats(0, 60), min_size=12, max_size=12),
)
def test_patience_is_bounded(
    failures: int, attempts: int, total_s: float, wishes: list[float | None]
) -> None:
    once = Failing(
        [UnreachableError("no", retryable=True, retry_after_s=w) for w in wishes[:failures]]
    )
    clock = FakeClock()
    try:
        patiently(once, clock, attempts=attempts, total_s=total_s)
    except UnreachableError:
        assert failures > 0
    assert once.calls <= attempts
    assert sum(clock.slept) <= total_s + 1e-6, "but for what floats lose on the way"
    assert len(clock.slept) == once.calls - 1
    for slept, wish in zip(clock.slept, wishes, strict=False):
        assert slept >= (wish or 0)
