"""Hold the lock while something takes its time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.errors import AudctlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.ports import Lease

RENEW_EVERY_S = 60.0
"""Far below the lease's life, so that several renewals may fail before it ends."""


@contextmanager
def kept_alive(lease: Lease, *, every_s: float = RENEW_EVERY_S) -> Iterator[None]:
    """Renew the lease in the background for the length of the block; raise at its end when it was lost.

    For reads that take long and for people who think before they say yes. Nobody else may use the lease meanwhile.
    """
    done = threading.Event()
    lost: list[AudctlError] = []

    def keep() -> None:
        while not done.wait(every_s):
            try:
                lease.renew()
            except AudctlError as error:
                lost.append(error)
                return

    keeper = threading.Thread(target=keep, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
    if lost:
        raise lost[0]
