"""Take a lock away from whoever holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.operations.ledger.opened import opened

if TYPE_CHECKING:
    from audctl.model.lock import LockRecord
    from audctl.operations.context import Context


def ledger_unlock(context: Context, token: str) -> LockRecord | None:
    """Remove the lock that has this token, and return it; None: nobody held one.

    LockError, with who holds it, for another token or none.
    """
    with opened(context) as at:
        return at.store.unlock(token)
