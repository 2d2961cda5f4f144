"""What a failure means once a write has been sent: whatever goes wrong now, its effect may stand."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def after_write(*, written: bool = True) -> Iterator[None]:
    """Make every failure in the block say that a write may have happened, and is not simply repeated.

    ``written`` False: nothing has been sent on this path, and failures stay as they are.
    """
    try:
        yield
    except ProviderError as error:
        if written:
            error.may_have_happened = True
            error.retryable = False
        raise
