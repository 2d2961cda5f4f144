"""Give what is owned another address."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.model.ledger_edit import Edit, EditedEntry
from audctl.operations.ledger.choose import known_to, of, read_address
from audctl.operations.ledger.editing import Edited, edit_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger
    from audctl.model.ledger_edit import LedgerEdit
    from audctl.operations.context import Context
    from audctl.operations.ledger.opened import Opened


def ledger_move(
    context: Context, old: str, new: str, *, approve: Callable[[LedgerEdit], bool]
) -> LedgerEdit:
    """Put a resource's entries, or one object's, under another name of the same kind, and save.

    UsageError when there is nothing under the old address, or something under the new one already.
    """
    source, target = read_address(old), read_address(new)
    if (source.kind, source.object) != (target.kind, target.object):
        raise UsageError(
            f"{old} and {new} are not of one kind: the ledger moves names, an object stays what it is"
        )

    def work(at: Opened, ledger: Ledger) -> Edited:
        moves = _moves(source, target, ledger)
        moved = _moved(ledger, moves)
        return Edited(
            ledger=moved,
            entries=tuple(
                EditedEntry(
                    edit=Edit.MOVED,
                    address=after,
                    before=before,
                    live_id=moved.entries[after].live_id if after in moved.entries else "",
                    label=moved.entries[after].label if after in moved.entries else "",
                )
                for before, after in moves.items()
            ),
            notes=tuple(_notes(at, source, target)),
        )

    return edit_ledger(context, f"ledger mv {old} {new}", work, approve)


def _moves(source: Address, target: Address, ledger: Ledger) -> dict[Address, Address]:
    known = known_to(ledger)
    moves = {each: target.of(each.object) for each in of(source, known)}
    if taken := sorted(known.intersection(moves.values())):
        raise UsageError(
            f"the ledger has {taken[0]} already; forget it first, or move it to another name"
        )
    return moves


def _moved(ledger: Ledger, moves: Mapping[Address, Address]) -> Ledger:
    moved = ledger.with_moves(moves)
    intents = {
        moves.get(address, address): replace(intent, address=moves.get(address, address))
        for address, intent in ledger.intents.items()
    }
    return replace(moved, intents=MappingProxyType(intents))


def _notes(at: Opened, source: Address, target: Address) -> Iterator[str]:
    """Yield what the next plan would make of it: a move by hand and the manifests have to say the same."""
    if at.resources is None or source.kind not in at.kinds:
        return
    if target.resource not in at.resources:
        yield f"no manifest is called {target.resource}: the next plan takes it for gone"
    if source.resource in at.resources:
        yield f"a manifest is still called {source.resource}: the next plan makes its object anew"
