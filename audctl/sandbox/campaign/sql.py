"""Pieces of SQL with their bound parameters; no value is ever written into the text."""

from dataclasses import dataclass

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


def concatenate(
    pattern: str, *pieces: Sql, category: Category, more: tuple[Stored, ...] = ()
) -> Sql:
    """Fill `pattern`'s braces with `pieces`, in order; `more` binds question marks after the last brace."""
    parameters = tuple(value for piece in pieces for value in piece.parameters)
    return Sql(pattern.format(*(piece.text for piece in pieces)), category, parameters + more)


def moment_literal(written: str) -> Sql:
    """Read what stands between hashes as a date, or as a datetime when it has a time."""
    moment = parse_moment(written)
    if moment is None:
        raise UnsupportedExpressionError(f"'{written[:40]}' is not a date")
    if ":" in written:
        return Sql("?", Category.DATETIME, (stored_moment(moment),))
    return Sql("?", Category.DATE, (f"{moment:%Y-%m-%d}",))
