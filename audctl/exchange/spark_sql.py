"""Statements of DuckDB's in Spark's words, with the same answers."""

from __future__ import annotations

from typing import Final

_CLASSES: Final = {"[:cntrl:]": r"\p{Cntrl}", "[:space:]": r"\s"}
"""Classes of characters, as Java spells them."""
LOWER: Final = """
CREATE OR REPLACE TEMPORARY FUNCTION audctl_lower(text STRING) RETURNS STRING
RETURN array_join(transform(split(translate(text, 'İ', 'i'), ''), letter -> lower(letter)), '')
"""
"""Letter by letter, as DuckDB does: Java looks at a letter's neighbours (a sigma at the end of a word), and a digest of
another text would be that of another person."""


def in_spark(select: str) -> str:
    """Return a statement in Spark's words; what stands in its texts, such as an audience's name, stays as it is."""
    import sqlglot  # noqa: PLC0415 - an extra
    from sqlglot import exp  # noqa: PLC0415 - an extra

    tree = sqlglot.parse_one(select, read="duckdb")
    for like in list(tree.find_all(exp.RegexpLike, exp.RegexpReplace)):
        pattern = like.expression.this
        for written, spelled in _CLASSES.items():
            pattern = pattern.replace(written, spelled)
        like.expression.replace(exp.Literal.string(pattern))
    for lower in list(tree.find_all(exp.Lower)):
        lower.replace(exp.Anonymous(this="audctl_lower", expressions=[lower.this]))
    return tree.sql(dialect="spark")
