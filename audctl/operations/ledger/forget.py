"""Let go of what is owned, without touching anything live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import PlanRefused
from audctl.model.ledger_edit import Edit, EditedEntry
from audctl.operations.ledger.choose import known_to, matching
from audctl.operations.ledger.editing import Edited, edit_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audctl.model.address import Address
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.ledger_edit import LedgerEdit
    from audctl.operations.context import Context
    from audctl.operations.ledger.opened import Opened

_NAMED = 5
"""Of the resources that still have a manifest."""

PROTECT = "protect"
"""``--allow protect:ADDRESS`` lets go of what is protected."""


def ledger_forget(
    context: Context,
    patterns: Sequence[str],
    *,
    allowed: Collection[str],
    approve: Callable[[LedgerEdit], bool],
) -> LedgerEdit:
    """Forget what fits the patterns, globs over addresses; pending creates under them as well.

    PlanRefused names each protected entry and the word that would let it go; UsageError for one that fits nothing.
    """

    def work(at: Opened, ledger: Ledger) -> Edited:
        chosen = matching(patterns, known_to(ledger))
        _refuse_protected(ledger, chosen, frozenset(allowed))
        return Edited(
            ledger=ledger.with_changes(forgotten=chosen, settled=chosen),
            entries=tuple(_edited(each, ledger.entries.get(each)) for each in chosen),
            notes=tuple(_notes(at, chosen)),
        )

    return edit_ledger(context, "ledger forget", work, approve)


def _refuse_protected(
    ledger: Ledger, chosen: Collection[Address], allowed: Collection[str]
) -> None:
    held = [
        each
        for each in chosen
        if each in ledger.entries
        and ledger.entries[each].protect
        and not {f"{PROTECT}:{each}", f"{PROTECT}:{each.resource}"} & set(allowed)
    ]
    if held:
        raise PlanRefused(
            "\n".join(
                f"{each} is protected; --allow {PROTECT}:{each.resource} lets the ledger forget it"
                for each in held
            )
        )


def _edited(address: Address, entry: LedgerEntry | None) -> EditedEntry:
    if entry is None:
        note = (
            "a create whose end nobody recorded: what it made, if anything, is nobody's from now on"
        )
        return EditedEntry(edit=Edit.FORGOTTEN, address=address, note=note)
    return EditedEntry(
        edit=Edit.FORGOTTEN, address=address, live_id=entry.live_id, label=entry.label
    )


def _notes(at: Opened, chosen: Collection[Address]) -> Iterator[str]:
    standing = sorted({each.resource for each in chosen} & (at.resources or frozenset()))
    if standing:
        named = ", ".join(str(each) for each in standing[:_NAMED])
        more = f" and {len(standing) - _NAMED} more" if len(standing) > _NAMED else ""
        yield f"still in the manifests: {named}{more}; the next plan finds their objects unowned, and asks for --adopt"
