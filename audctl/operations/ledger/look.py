"""Look at the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.model.address import Address, parse_address
from audctl.model.ledger import LedgerExcerpt, LedgerView
from audctl.model.suggestion import did_you_mean
from audctl.operations.ledger.opened import look_at_lock, opened_store

if TYPE_CHECKING:
    from audctl.operations.context import Context


def ledger_list(context: Context) -> LedgerView:
    """Return the ledger of the project in the environment, and who holds its lock."""
    with opened_store(context) as store:
        return LedgerView(ledger=store.load(), lock=look_at_lock(store))


def ledger_show(context: Context, address: str) -> LedgerExcerpt:
    """Return what the ledger knows of one resource or object; UsageError when that is nothing."""
    try:
        wanted = parse_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    view = ledger_list(context)
    ledger = view.ledger
    known = ledger.entries.keys() | ledger.intents.keys()
    addresses = sorted(each for each in known if wanted in (each, each.resource))
    if not addresses:
        raise UsageError(_unknown(wanted, known))
    return LedgerExcerpt(
        project=ledger.project,
        serial=ledger.serial,
        entries=tuple(ledger.entries[each] for each in addresses if each in ledger.entries),
        intents=tuple(ledger.intents[each] for each in addresses if each in ledger.intents),
        lock=view.lock,
    )


def _unknown(wanted: Address, known: set[Address]) -> str:
    names = {str(each if wanted.object else each.resource) for each in known}
    near = did_you_mean(str(wanted), names)
    return f"the ledger knows nothing of {wanted}; " + (
        near or "audctl ledger list shows what it has"
    )
