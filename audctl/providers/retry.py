"""When a failed call is repeated, and after how long.

The failure itself says whether it may be repeated (:mod:`audctl.providers.failures`); this only decides how
patient to be: with one call, and with all calls of a run together. Waiting goes through the clock, so an interruption
ends it and a test does not sleep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import tenacity

from audctl.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.ports import Clock, Observer
    from audctl.providers.budget import Budget

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may be repeated."""

    attempts: int = 6
    """Tries in all, the first included."""
    total_s: float = 180.0
    """Seconds from the first try after which no further one begins."""
    first_wait_s: float = 0.5
    """Upper end of the first wait when the system does not say how long; doubles each time, with full jitter."""
    longest_wait_s: float = 30.0


def call_patiently(  # noqa: PLR0913 - all by keyword but what is called
    once: Callable[[], _Result],
    *,
    operation: str,
    patience: Patience,
    clock: Clock,
    observer: Observer | None,
    budget: Budget,
) -> _Result:
    """Return what ``once`` returns, repeating it while it raises a retryable ProviderError.

    Raises its last error, with the number of tries, when patience runs out; at once when the system asks for a longer
    wait than is left of it, or of what ``budget`` allows all calls together.
    """
    begun = clock.monotonic()
    jittered = tenacity.wait_random_exponential(
        multiplier=patience.first_wait_s, max=patience.longest_wait_s
    )

    def wait(state: tenacity.RetryCallState) -> float:
        asked = _error_of(state).retry_after_s
        backoff = float(jittered(state))
        # A server that says "0" while it throttles must not turn the client into a tight loop.
        return backoff if asked is None else max(asked, backoff if asked == 0 else 0.0)

    def stop(state: tenacity.RetryCallState) -> bool:
        ends = clock.monotonic() - begun + state.upcoming_sleep
        if state.attempt_number >= patience.attempts or ends > patience.total_s:
            return _give_up(state, "")
        if not budget.allows(state.upcoming_sleep, clock):
            spent = f"; the {budget.total_s:,.0f} s of this run for repeating calls are spent"
            return _give_up(state, spent)
        return False

    def tell(state: tenacity.RetryCallState) -> None:
        budget.count_repeat()
        if observer is not None:
            observer.retrying(operation, state.upcoming_sleep, str(_error_of(state)))

    def sleep(seconds: float) -> None:
        with budget.waiting(clock):
            clock.sleep(seconds)

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_retryable),
        wait=wait,
        stop=stop,
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(once)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.retryable


def _give_up(state: tenacity.RetryCallState, why: str) -> bool:
    """Say in the error how often it was tried, and why not more often."""
    error = _error_of(state)
    if state.attempt_number > 1 or why:
        tries = "once" if state.attempt_number == 1 else f"{state.attempt_number} times"
        error.args = (f"{error} (tried {tries}{why})",)
    return True


def _error_of(state: tenacity.RetryCallState) -> ProviderError:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, ProviderError):  # only such errors are ever retried
        raise TypeError("retry without a provider error")
    return error
