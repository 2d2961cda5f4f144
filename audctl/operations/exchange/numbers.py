"""Audience Manager's numbers for what a binding names: from options, else as the ledger has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger
    from audctl.operations.connect import Connection


class Numbers:
    """Looks numbers up; the ledger is read once, and only when something is asked that options do not say."""

    def __init__(self, connect: Callable[[], Connection], *, offline: bool) -> None:
        self._connect = connect
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
            self._ledger = self._connect().store.load()
        return self._ledger
