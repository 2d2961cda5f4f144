"""What a person's edit of the ledger comes to: told before it is saved, and after."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.address import Address


class Edit(StrEnum):
    """What happens to one entry. Nothing live is touched by any of them."""

    MOVED = "moved"
    FORGOTTEN = "forgotten"
    CLAIMED = "claimed"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedEntry:
    """One entry that an edit is about."""

    edit: Edit
    address: Address
    """Where it stands afterwards, or stood."""
    before: Address | None = None
    """Where a moved one stood."""
    live_id: str = ""
    """Empty for a create whose end nobody recorded."""
    label: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEdit:
    """One edit as a whole."""

    project: str
    environment: str
    serial: int
    """Of the ledger that was edited; of the one that was saved, once it is."""
    entries: tuple[EditedEntry, ...] = ()
    notes: tuple[str, ...] = ()
    """What else has to be known, a sentence each."""
    saved: bool = False
