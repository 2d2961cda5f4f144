"""Look at the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.model.address import Address, parse_address
from audctl.model.ledger import LedgerExcerpt
from audctl.model.suggestion import did_you_mean
from audctl.operations.context import SystemClock
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.model.ledger import Ledger
    from audctl.operations.context import Context


def ledger_list(context: Context) -> Ledger:
    """Return the ledger of the project in the environment; manifests need not be valid."""
    from audctl.operations.connect import connect  # noqa: PLC0415 - not for validate

    loaded = load(context)
    with connect(
        loaded.project, loaded.environment, clock=SystemClock(), observer=context.observer
    ) as connection:
        return connection.store.load()


def ledger_show(context: Context, address: str) -> LedgerExcerpt:
    """Return what the ledger knows of one resource or object; UsageError when that is nothing."""
    try:
        wanted = parse_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    ledger = ledger_list(context)
    known = ledger.entries.keys() | ledger.intents.keys()
    addresses = sorted(each for each in known if wanted in (each, each.resource))
    if not addresses:
        raise UsageError(_unknown(wanted, known))
    return LedgerExcerpt(
        project=ledger.project,
        serial=ledger.serial,
        entries=tuple(ledger.entries[each] for each in addresses if each in ledger.entries),
        intents=tuple(ledger.intents[each] for each in addresses if each in ledger.intents),
    )


def _unknown(wanted: Address, known: set[Address]) -> str:
    names = {str(each if wanted.object else each.resource) for each in known}
    near = did_you_mean(str(wanted), names)
    return f"the ledger knows nothing of {wanted}; " + (
        near or "audctl ledger list shows what it has"
    )
