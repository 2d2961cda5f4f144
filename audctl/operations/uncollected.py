"""Work without the cyclic collector: what is read and planned lives to the end, and collecting looks at all of it."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector away from a block whose objects are many and hold no circles.

    What is dropped is freed all the same. Not for work that lasts: a failed call leaves circles behind.

    In a process that has frozen what it began with, a command's own, what the block made is frozen too: else the first
    collection after it would look at all of that at once.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count():
            gc.freeze()
        gc.enable()
