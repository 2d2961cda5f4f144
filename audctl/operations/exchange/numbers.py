"""Audience Manager's numbers for what a binding names: from options, else as the ledger has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger


class Numbers:
    """Looks numbers up; the ledger is asked for only when something is wanted that options do not say."""

    def __init__(self, ledger: Callable[[], Ledger], *, offline: bool) -> None:
        self._ledger = ledger
        self._offline = offline

    def of(self, address: Address, given: int | None) -> int | None:
        """Return an object's number; None when nobody knows it."""
        if given is not None:
            return given
        if self._offline:
            return None
        entry = self._ledger().entries.get(address)
        return int(entry.live_id) if entry is not None and entry.live_id.isdecimal() else None
