"""Statements of DuckDB's in Spark's words, with the same answers."""

from __future__ import annotations

from typing import Final

_CLASSES: Final = {"[:cntrl:]": r"\\p{Cntrl}", "[:space:]": r"\\s"}
"""Classes of characters, as Java spells them within a text of Spark's."""
LOWER: Final = """
CREATE OR REPLACE TEMPORARY FUNCTION audctl_lower(text STRING) RETURNS STRING
RETURN array_join(transform(split(translate(text, 'İ', 'i'), ''), letter -> lower(letter)), '')
"""
"""Letter by letter, as DuckDB does: Java looks at a letter's neighbours (a sigma at the end of a word), and a digest of
another text would be that of another person."""


def in_spark(select: str) -> str:
    """Return a statement in Spark's words."""
    import sqlglot  # noqa: PLC0415 - an extra

    (text,) = sqlglot.transpile(select, read="duckdb", write="spark")
    text = text.replace("LOWER(", "audctl_lower(")
    for written, spelled in _CLASSES.items():
        text = text.replace(written, spelled)
    return text
