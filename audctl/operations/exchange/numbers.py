"""Audience Manager's numbers for what a binding names: from options, else as the ledger has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.operations.context import SystemClock

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.ledger import Ledger
    from audctl.operations.context import Context
    from audctl.operations.load import Loaded


class Numbers:
    """Looks numbers up; the ledger is read once, and only when something is asked that options do not say."""

    def __init__(self, context: Context, loaded: Loaded, *, offline: bool) -> None:
        self._context = context
        self._loaded = loaded
        self._offline = offline
        self._ledger: Ledger | None = None

    def of(self, address: Address, given: int | None) -> int | None:
        """Return an object's number; None when nobody knows it."""
        if given is not None:
            return given
        if self._offline:
            return None
        entry = self._read().entries.get(address)
        return int(entry.live_id) if entry is not None and entry.live_id.isdecimal() else None

    def _read(self) -> Ledger:
        if self._ledger is None:
            from audctl.operations.connect import connect  # noqa: PLC0415 - slow to import

            with connect(
                self._loaded.project,
                self._loaded.environment,
                clock=SystemClock(),
                observer=self._context.observer,
            ) as connection:
                self._ledger = connection.store.load()
        return self._ledger
