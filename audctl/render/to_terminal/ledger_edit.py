"""An edit of the ledger: what it does, entry by entry, before it is saved and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.ledger_edit import Edit
from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.ledger_edit import EditedEntry, LedgerEdit
    from audctl.render.paint import Paint

_TO_DO = {
    Edit.MOVED: "move",
    Edit.FORGOTTEN: "forget",
    Edit.CLAIMED: "claim",
    Edit.ADDED: "add",
    Edit.CHANGED: "change",
    Edit.REMOVED: "remove",
}


def ledger_edit(edit: LedgerEdit, paint: Paint) -> Iterator[str]:
    """Give the edit as it would be."""
    counts = {each: sum(entry.edit is each for entry in edit.entries) for each in Edit}
    said = ", ".join(f"{count} to {_TO_DO[each]}" for each, count in counts.items() if count)
    heading = f"Ledger of {edit.project}, environment {edit.environment}"
    yield paint.bold(printable(f"{heading}: {said or 'nothing to do'}"))
    yield from (f"  {_entry(each)}" for each in edit.entries)
    yield from (f"note: {printable(each)}" for each in edit.notes)


def ledger_saved(edit: LedgerEdit, paint: Paint, *, told: int) -> Iterator[str]:
    """Give what became of an edit that was shown; ``told`` of its notes were shown with it."""
    entries = counted(len(edit.entries), "entry", "entries")
    yield f"{paint.bold('Saved')}: {entries}, serial {edit.serial}; nothing live was touched"
    yield from (f"note: {printable(each)}" for each in edit.notes[told:])


def _entry(entry: EditedEntry) -> str:
    before = f"{printable(str(entry.before))} -> " if entry.before is not None else ""
    live_id = f"  {printable(entry.live_id)}" if entry.live_id else ""
    note = f": {printable(entry.note)}" if entry.note else ""
    address = printable(str(entry.address))
    return f"{_TO_DO[entry.edit]} {before}{address}{live_id}{label(entry.label)}{note}"
