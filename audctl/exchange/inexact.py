"""Ids in columns of fractional numbers, as tools write whole numbers where some are missing: 7.0 is 7.

A number that is no whole one, or too large to be exact, is nobody's id; to round it would make it somebody else's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from audctl.exchange.faults import fault
from audctl.exchange.sql_text import literal

if TYPE_CHECKING:
    from audctl.errors import FindingsError

_EXACT: Final = {"DOUBLE": 1 << 53, "FLOAT": 1 << 24}
"""From where on a number may stand for its neighbours."""
_DECIMAL: Final = re.compile(r"DECIMAL\(\d+, *([1-9]\d*)\)")
_IDS: Final = frozenset({"recipient_id", "key", "visitor_id"})
_MARK: Final = "audctl inexact"
_MARKED: Final = re.compile(rf"{_MARK} (\w+) (\w+);")


def is_fractional(kind: str) -> bool:
    """Whether a column of this type, in DuckDB's words or Spark's, may hold fractions."""
    return kind.upper() in _EXACT or _DECIMAL.fullmatch(kind.upper()) is not None


def as_text(column: str, kind: str, *, table: str, name: str, raising: str) -> str:
    """Return the SQL of a column as text; ids in fractional numbers as whole ones.

    ``raising``: the engine's function that ends a statement with a message.
    """
    if name not in _IDS or not is_fractional(kind):
        return f"CAST({column} AS VARCHAR)"
    most = _EXACT.get(kind.upper())
    nobody = f"{column} IS NULL" + (f" OR isnan({column})" if most is not None else "")
    whole = f"{column} = floor({column})" + (f" AND abs({column}) < {most}" if most else "")
    return (
        f"CASE WHEN {nobody} THEN NULL WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        f" ELSE {raising}({literal(f'{_MARK} {table} {name};')}) END"
    )


def find_inexact(text: str) -> FindingsError | None:
    """Return what an engine's message says of such a column; None where it says something else."""
    found = _MARKED.search(text)
    if found is None:
        return None
    table, name = (each.removesuffix("_read").replace("_", "-") for each in found.groups())
    return fault(
        "AUD2716",
        f"the table of {table} holds numbers that are no exact whole ones, in the column for {name}",
        "store ids as text, or as whole numbers",
    )
