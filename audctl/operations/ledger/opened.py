"""A ledger's store, for those who look after it; manifests need not be valid."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import LockError
from audctl.model.kinds import KINDS
from audctl.model.ledger import LockState
from audctl.operations.context import SystemClock
from audctl.operations.load import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from audctl.model.address import Address
    from audctl.operations.connect import Connection
    from audctl.operations.context import Context
    from audctl.operations.load import Loaded
    from audctl.ports import LedgerStore


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The environment that a ledger belongs to."""

    loaded: Loaded
    connection: Connection

    @property
    def store(self) -> LedgerStore:
        """Where the ledger is."""
        return self.connection.store

    @property
    def environment(self) -> str:
        """Its name."""
        return self.loaded.environment.name

    @property
    def kinds(self) -> Collection[str]:
        """Kinds that have manifests; folders have none."""
        return KINDS

    @property
    def resources(self) -> frozenset[Address] | None:
        """Addresses that have a manifest; None when the manifests cannot be used, and nobody can tell."""
        if self.loaded.has_errors:
            return None
        return frozenset(each.address for each in self.loaded.resources)


@contextmanager
def opened(context: Context) -> Iterator[Opened]:
    """Give the project's environment, connected."""
    from audctl.operations.connect import connect  # noqa: PLC0415 - not for validate

    loaded = load(context, may_be_empty=True)
    with connect(
        loaded.project, loaded.environment, clock=SystemClock(), observer=context.observer
    ) as connection:
        yield Opened(loaded=loaded, connection=connection)


def look_at_lock(store: LedgerStore) -> LockState:
    """Return who holds the lock; whoever only looks at a ledger is not stopped by a lock that nobody can read."""
    try:
        return LockState(held=store.held())
    except LockError as error:
        return LockState(trouble=str(error))
