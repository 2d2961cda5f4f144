"""Edit the ledger: under its lock, shown before it is saved, and with a serial of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.operations.hold import kept_alive, locked
from audctl.operations.ledger.opened import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.model.ledger import Ledger
    from audctl.model.ledger_edit import EditedEntry, LedgerEdit
    from audctl.operations.context import Context
    from audctl.operations.ledger.opened import Opened


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A ledger as it would be, and what that changes."""

    ledger: Ledger
    """Its serial is set when it is saved."""
    entries: tuple[EditedEntry, ...]
    notes: tuple[str, ...] = ()


def edit_ledger(
    context: Context,
    reason: str,
    work: Callable[[Opened, Ledger], Edited],
    approve: Callable[[LedgerEdit], bool],
) -> LedgerEdit:
    """Take the lock, load, let ``work`` make another ledger of it, have that approved, save it.

    What changes nothing is neither asked about nor saved.
    """
    from audctl.model.ledger_edit import LedgerEdit  # noqa: PLC0415 - with its reader

    with opened(context) as at, locked(at.store, reason=reason) as (lease, trouble):
        with kept_alive(lease):
            ledger = at.store.load()
            edited = work(at, ledger)
            edit = LedgerEdit(
                project=ledger.project,
                environment=at.environment,
                serial=ledger.serial,
                entries=edited.entries,
                notes=edited.notes,
            )
            approved = bool(edited.entries) and approve(edit)
        if approved:
            at.store.save(replace(edited.ledger, serial=ledger.serial + 1), lease)
            edit = replace(edit, saved=True, serial=ledger.serial + 1)
    return replace(edit, notes=(*edit.notes, *trouble))
