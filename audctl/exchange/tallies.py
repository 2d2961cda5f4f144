"""Counts from an engine, and the check that none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.exchange.faults import fault

if TYPE_CHECKING:
    from audctl.model.exchange import Tally


def balanced(tally: Tally) -> Tally:
    """Return the tally; raise FindingsError when a row is lost or counted twice, so that nothing comes of it."""
    if not tally.is_balanced:
        raise fault(
            "AUD2707",
            f"{tally.rows:,} rows were read, and the buckets hold {sum(tally.buckets.values()):,}",
            "nothing was written; please report this",
        )
    return tally


def number(value: object) -> int:
    """Return a count; the sum of no rows is none."""
    return 0 if value is None else int(str(value))
