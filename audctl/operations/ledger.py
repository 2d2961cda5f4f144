"""Look at the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
