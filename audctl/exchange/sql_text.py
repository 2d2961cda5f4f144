"""Pieces that statements of both directions share, in words that DuckDB and, through SQLGlot, Spark understand."""

from __future__ import annotations

from audctl.exchange.job import Hashing, IdKind, IdSpace

BLANKS = "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || ' '"
"""White space, as far as it is taken off the ends of an id before hashing."""

_DIGESTS = {Hashing.MD5: 32, Hashing.SHA256: 64}
"""Hexadecimal digits of each."""

_NO = "^(0+([.]0*)?|false|no|f|n|null|none|nan|)$"
"""What a flag says when it is down. Anything else is up: who may have opted out is never taken for who has not."""


def literal(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def hashed(column: str, hashing: Hashing) -> str:
    """Return the SQL of a declared id as it travels: as it is, or trimmed, lower-cased and digested."""
    if hashing is Hashing.NONE:
        return column
    return f"{hashing}(lower(trim({column}, {BLANKS})))"


def looks_right(column: str, space: IdSpace) -> str:
    """Return the SQL condition of an id that can be one of the data source's."""
    if space.kind is IdKind.VISITOR:
        # The length first: it is all that most wrong ids are asked for.
        return f"(length({column}) = 38 AND NOT regexp_matches({column}, '[^0-9]'))"
    digits = _DIGESTS.get(space.hashing)
    if digits is None:
        return "TRUE"
    return f"(length({column}) = {digits} AND NOT regexp_matches({column}, '[^0-9a-f]'))"


def id_holder(space: IdSpace) -> str:
    """Return the ids by which Campaign knows people, in the form in which they travel."""
    if space.kind is IdKind.VISITOR:
        return "SELECT visitor_id AS id, recipient_id FROM tracking WHERE visitor_id <> ''"
    there = "key <> ''" if space.hashing is Hashing.NONE else f"trim(key, {BLANKS}) <> ''"
    return (
        f"SELECT {hashed('key', space.hashing)} AS id, recipient_id FROM recipients WHERE {there}"
    )


FLAGGED = (
    "SELECT recipient_id FROM recipients"
    f" WHERE NOT regexp_matches(lower(trim(opted_out, {BLANKS})), {literal(_NO)})"
)
LISTED = "SELECT recipient_id FROM opt_outs WHERE recipient_id IS NOT NULL"
LISTED_LOOSELY = (
    f"{LISTED} UNION SELECT regexp_replace(trim(recipient_id, {BLANKS}), '[.]0+$', '')"
    " FROM opt_outs WHERE recipient_id IS NOT NULL"
)
"""Of a list that is text: 7.0, or 7 with a blank at an end, as tools write numbers, is 7 as well. How a list was
written keeps nobody in who has opted out."""
NOBODY = "SELECT recipient_id FROM id_holder WHERE 1 = 0"


STRANGER = """
SELECT DISTINCT p.recipient_id FROM id_pair AS p
WHERE p.recipient_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM recipients AS r WHERE r.recipient_id = p.recipient_id)
"""
"""Who is known by an id and is no recipient any more. A statement of its own: in one with the joins that make
``id_pair``, engines begin with the two largest tables; and mostly it gives nobody."""


def opted_out(*, flagged: bool, listed: bool, are_numbers: bool) -> str:
    """Return everybody who has opted out, once; ``are_numbers``: recipients are known by numbers, not by texts."""
    listing = LISTED if are_numbers else LISTED_LOOSELY
    parts = [text for text, there in ((FLAGGED, flagged), (listing, listed)) if there]
    return " UNION ".join(parts or [NOBODY])


def identifier(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'
