"""What is seen through once a stop was asked for: calls that belong to a write which was sent already."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_here = threading.local()


@contextmanager
def seen_through() -> Iterator[None]:
    """Let this thread make its calls in the block although a stop was asked for.

    Waiting to repeat one of them still ends: how long that takes is the live system's to say.
    """
    before = is_seen_through()
    _here.through = True
    try:
        yield
    finally:
        _here.through = before


def is_seen_through() -> bool:
    """Whether this thread is in such a block."""
    return getattr(_here, "through", False)
