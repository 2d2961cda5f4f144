"""The beginning of a ledger, and the rule by which one follows another."""

from __future__ import annotations

import secrets

from audctl.errors import LedgerError
from audctl.model.ledger import Ledger


def new_ledger(project: str) -> Ledger:
    """Return an empty ledger with a salt of its own; it exists once it is saved."""
    return Ledger(project=project, salt=secrets.token_hex(16))


def require_next(ledger: Ledger, stored_serial: int) -> None:
    """Raise LedgerError unless ``ledger`` is the one right after what is stored (0: nothing is)."""
    if ledger.serial != stored_serial + 1:
        raise LedgerError(
            f"the stored ledger has serial {stored_serial}, the one to save {ledger.serial}:"
            " it was changed in between, or loaded from elsewhere; load it again"
        )
