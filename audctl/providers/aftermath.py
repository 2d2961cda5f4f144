"""What a failure means once a write has been sent: whatever goes wrong now, its effect may stand.

What follows such a write (the rest of it, reading it back) is seen through although a stop was asked for.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.errors import InterruptedRun, ProviderError
from audctl.stopping import seen_through

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def after_write(*, written: bool = True) -> Iterator[None]:
    """Make every failure in the block say that a write may have happened, and is not simply repeated.

    ``written`` False: nothing has been sent on this path, and failures stay as they are.
    """
    if not written:
        yield
        return
    try:
        with seen_through():
            yield
    except ProviderError as error:
        error.may_have_happened = True
        error.retryable = False
        raise
    except InterruptedRun as stop:
        stop.may_have_happened = True
        raise
