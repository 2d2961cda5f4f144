"""Take the lock, hold it while something takes its time, let go of it."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from audctl.errors import AudctlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.ports import Lease, LedgerStore

LEASE = timedelta(minutes=10)
"""How long the lock outlives its holder; it is renewed while reading, asking and working."""

RELEASE_S = 3.0
"""How long a run that ends at once waits to see its lock go."""

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


@contextmanager
def locked(store: LedgerStore, *, reason: str, plan: str = "") -> Iterator[tuple[Lease, list[str]]]:
    """Hold the lock for the length of the block; give the lease, and what letting go of it met with.

    When that fails, it is said beside what was done under the lock, or beside what went wrong there.
    """
    trouble: list[str] = []
    lease = store.lock(
        holder=f"{_login()} pid {os.getpid()}",
        host=socket.gethostname(),
        reason=reason,
        plan=plan,
        duration=LEASE,
    )
    try:
        yield lease, trouble
    except AudctlError as error:
        for each in _let_go(lease):
            error.add_note(each)
        raise
    except BaseException:
        _let_go(lease)
        raise
    else:
        trouble += _let_go(lease)


def _let_go(lease: Lease) -> list[str]:
    try:
        lease.release()
    except AudctlError as error:
        return [f"the lock could not be let go: {error}; {_left(lease)}"]
    return []


def _login() -> str:
    import getpass  # noqa: PLC0415 - only a run that locks needs a name

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def _left(lease: Lease) -> str:
    """Return how long a lock stays that nobody lets go, and how to be rid of it sooner."""
    return (
        f"it ends by itself within {LEASE.seconds // 60} minutes; sooner, once nobody is at work:"
        f" audctl ledger unlock --token {lease.token}"
    )


def release_soon(lease: Lease) -> str:
    """Try to let go of the lock within a few seconds, and return what became of it."""
    trouble = ["it did not go in time"]

    def release() -> None:
        try:
            lease.release()
        except AudctlError as error:
            trouble[:] = [str(error)]
        else:
            trouble.clear()

    # A daemon: were it late, the process would not wait for it.
    thread = threading.Thread(target=release, name="release", daemon=True)
    thread.start()
    thread.join(RELEASE_S)
    if trouble:
        return f"the lock is left: {trouble[0]}; {_left(lease)}"
    return "the lock is let go"
