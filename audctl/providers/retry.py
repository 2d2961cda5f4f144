"""When a failed call is repeated, and after how long.

The failure itself says whether it may be repeated (:mod:`audctl.providers.failures`); this only decides how
patient to be. Waiting goes through the clock, so an interruption ends it and a test does not sleep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import tenacity

from audctl.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.ports import Clock, Observer

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


def call_patiently(
    once: Callable[[], _Result],
    *,
    operation: str,
    patience: Patience,
    clock: Clock,
    observer: Observer | None,
) -> _Result:
    """Return what ``once`` returns, repeating it while it raises a retryable ProviderError.

    Raises its last error when patience runs out, at once when the system asks for a longer wait than is left.
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
        return state.attempt_number >= patience.attempts or ends > patience.total_s

    def tell(state: tenacity.RetryCallState) -> None:
        if observer is not None:
            observer.retrying(operation, state.upcoming_sleep, str(_error_of(state)))

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_retryable),
        wait=wait,
        stop=stop,
        sleep=clock.sleep,
        before_sleep=tell,
        reraise=True,
    )
    return retrying(once)


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.retryable


def _error_of(state: tenacity.RetryCallState) -> ProviderError:
    error = state.outcome.exception() if state.outcome is not None else None
    if not isinstance(error, ProviderError):  # only such errors are ever retried
        raise TypeError("retry without a provider error")
    return error
