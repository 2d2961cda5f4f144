"""Look at the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.ledger import LedgerExcerpt, LedgerView
from audctl.operations.ledger.choose import known_to, of, read_address
from audctl.operations.ledger.opened import look_at_lock, opened

if TYPE_CHECKING:
    from audctl.operations.context import Context


def ledger_list(context: Context) -> LedgerView:
    """Return the ledger of the project in the environment, and who holds its lock."""
    with opened(context) as at:
        return LedgerView(ledger=at.store.load(), lock=look_at_lock(at.store))


def ledger_show(context: Context, address: str) -> LedgerExcerpt:
    """Return what the ledger knows of one resource or object; UsageError when that is nothing."""
    wanted = read_address(address)
    view = ledger_list(context)
    ledger = view.ledger
    addresses = of(wanted, known_to(ledger))
    return LedgerExcerpt(
        project=ledger.project,
        serial=ledger.serial,
        entries=tuple(ledger.entries[each] for each in addresses if each in ledger.entries),
        intents=tuple(ledger.intents[each] for each in addresses if each in ledger.intents),
        lock=view.lock,
    )
