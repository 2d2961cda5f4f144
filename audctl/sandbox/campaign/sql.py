"""Pieces of SQL with their bound parameters; no value is ever written into the text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audctl.sandbox.campaign.schema import Category
from audctl.sandbox.campaign.values import Stored, parse_moment, stored_moment


class UnsupportedExpressionError(Exception):
    """An expression that parses but says something that cannot be answered."""


@dataclass(frozen=True, slots=True)
class Sql:
    """One SQL value or condition."""

    text: str
    category: Category
    parameters: tuple[Stored, ...] = ()
    """In the order of the question marks in `text`."""
    literal: Stored = None
    """The value itself when the expression is a literal."""
    columns: frozenset[str] = frozenset()
    """Columns read outside any aggregate: what a grouped query must group by."""
    aggregate: bool = False
    """True when an aggregate function is somewhere inside."""


def concatenate(
    pattern: str, *pieces: Sql, category: Category, more: tuple[Stored, ...] = ()
) -> Sql:
    """Fill `pattern`'s braces with `pieces`, in order; `more` binds question marks after the last brace."""
    parameters = tuple(value for piece in pieces for value in piece.parameters)
    return Sql(
        pattern.format(*(piece.text for piece in pieces)),
        category,
        parameters + more,
        columns=frozenset().union(*(piece.columns for piece in pieces)),
        aggregate=any(piece.aggregate for piece in pieces),
    )


def join_conditions(operator: str, conditions: Sequence[Sql]) -> Sql:
    """Join conditions by AND or OR, paired so that a thousand of them do not nest a thousand deep."""
    level = list(conditions)
    while len(level) > 1:
        paired = [
            concatenate(
                "({} " + operator + " {})", level[at], level[at + 1], category=Category.BOOLEAN
            )
            for at in range(0, len(level) - 1, 2)
        ]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def aggregated(value: Sql) -> Sql:
    """Mark a call of an aggregate function; columns inside need not be grouped by."""
    return replace(value, columns=frozenset(), aggregate=True)


def moment_literal(written: str) -> Sql:
    """Read what stands between hashes as a date, or as a datetime when it has a time."""
    moment = parse_moment(written)
    if moment is None:
        raise UnsupportedExpressionError(f"'{written[:40]}' is not a date")
    if ":" in written:
        return Sql("?", Category.DATETIME, (stored_moment(moment),))
    return Sql("?", Category.DATE, (f"{moment:%Y-%m-%d}",))
