"""A ledger's store, for those who look after it; manifests need not be valid."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.errors import LockError
from audctl.model.ledger import LockState
from audctl.operations.context import SystemClock
from audctl.operations.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.operations.context import Context
    from audctl.ports import LedgerStore


@contextmanager
def opened_store(context: Context) -> Iterator[LedgerStore]:
    """Give the store of the project's ledger in the environment."""
    from audctl.operations.connect import connect  # noqa: PLC0415 - not for validate

    loaded = load(context)
    with connect(
        loaded.project, loaded.environment, clock=SystemClock(), observer=context.observer
    ) as connection:
        yield connection.store


def look_at_lock(store: LedgerStore) -> LockState:
    """Return who holds the lock; whoever only looks at a ledger is not stopped by a lock that nobody can read."""
    try:
        return LockState(held=store.held())
    except LockError as error:
        return LockState(trouble=str(error))
