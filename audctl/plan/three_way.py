"""Why a field changes: desired (D), live (L) and last-applied (A), all in canonical form."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from audctl.model.change import FieldReason

if TYPE_CHECKING:
    from audctl.model.value import Plain


class Unrecorded(Enum):
    """Stands for "the ledger says nothing about this field", which None does not."""

    MARK = auto()


UNRECORDED: Final = Unrecorded.MARK


def difference_reason(
    desired: Plain, live: Plain, last_applied: Plain | Unrecorded
) -> FieldReason | None:
    """Return why the field will be written, None when desired and live agree.

    A field that was never recorded is one the manifest has only now begun to set.
    """
    if desired == live:
        return None
    if isinstance(last_applied, Unrecorded) or live == last_applied:
        return FieldReason.MANIFEST
    return FieldReason.DRIFT if desired == last_applied else FieldReason.CONFLICT


def may_reset(live: Plain, last_applied: Plain) -> bool:
    """Whether a field the manifest dropped may be cleared: only audctl's own value stands there.

    What someone else wrote meanwhile is theirs; it stays, and is no longer recorded.
    """
    return live == last_applied
