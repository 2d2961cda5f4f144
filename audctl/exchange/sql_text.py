"""Pieces that statements of both directions share, in words that DuckDB and, through SQLGlot, Spark understand."""

from __future__ import annotations

from dataclasses import dataclass

from audctl.exchange.job import Hashing, IdKind, IdSpace

BLANKS = "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || ' '"
"""White space, as far as it is taken off the ends of an id before hashing."""

_DIGESTS = {Hashing.MD5: 32, Hashing.SHA256: 64}
"""Hexadecimal digits of each."""

_NO = "^(0+([.]0*)?|false|no|f|n|null|none|nan|)$"
"""What a flag says when it is down. Anything else is up: who may have opted out is never taken for who has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What tells who somebody is."""

    has_recipients: bool
    """Whether there is a table of recipients."""
    asks_recipients: bool
    """Whether it has to be asked who is one: ids do not come from it."""
    has_list: bool
    """Whether there is a list of opt-outs."""
    are_numbers: bool
    """Whether recipients are known by numbers, not by texts."""

    @property
    def order(self) -> str:
        """What orders recipients: numbers as such, in texts as well, without reading texts as numbers."""
        return "recipient_id" if self.are_numbers else "length(recipient_id), recipient_id"


def literal(text: str) -> str:
    """Return a text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def hashed(column: str, hashing: Hashing) -> str:
    """Return the SQL of a declared id as it travels: as it is, or trimmed, lower-cased and digested; null for none."""
    if hashing is Hashing.NONE:
        return column
    return f"{hashing}(nullif(lower(trim({column}, {BLANKS})), ''))"


def looks_right(column: str, space: IdSpace) -> str:
    """Return the SQL condition of an id that can be one of the data source's."""
    if space.kind is IdKind.VISITOR:
        # The length first: it is all that most wrong ids are asked for.
        return f"(length({column}) = 38 AND NOT regexp_matches({column}, '[^0-9]'))"
    digits = _DIGESTS.get(space.hashing)
    if digits is None:
        return "TRUE"
    return f"(length({column}) = {digits} AND NOT regexp_matches({column}, '[^0-9a-f]'))"


def id_holder(space: IdSpace, *, flagged: str) -> str:
    """Return the ids by which Campaign knows people, in the form in which they travel.

    Ids may be null: nobody is known by that. They are not left out here, since an engine would take those that remain
    for few, and begin joins with the largest table there is. Declared ids stand in the table that has the flags, so
    that theirs come along; ``flagged`` is the condition of one that is up.
    """
    if space.kind is IdKind.VISITOR:
        return "SELECT visitor_id AS id, recipient_id, FALSE AS is_flagged FROM tracking"
    key = hashed("key", space.hashing)
    return f"SELECT {key} AS id, recipient_id, {flagged} AS is_flagged FROM recipients"


def is_up(flag: str, *, is_number: bool) -> str:
    """Return the SQL condition of a flag that opts its recipient out."""
    if is_number:
        return f"{flag} <> 0"
    return f"({flag} <> '0' AND NOT regexp_matches(lower(trim({flag}, {BLANKS})), {literal(_NO)}))"


LISTED = "SELECT DISTINCT recipient_id FROM opt_outs WHERE recipient_id IS NOT NULL"
_LOOSELY = f"""
SELECT recipient_id FROM opt_outs WHERE recipient_id IS NOT NULL
UNION SELECT regexp_replace(trim(recipient_id, {BLANKS}), '[.]0+$', '') FROM opt_outs WHERE recipient_id IS NOT NULL
"""
"""Of a list that is text: 7.0, or 7 with a blank at an end, as tools write numbers, is 7 as well. How a list was
written keeps nobody in who has opted out."""


def listed(*, are_numbers: bool, is_text: bool) -> str:
    """Return everybody of the list of opt-outs, once; ``are_numbers``: recipients are known by numbers."""
    if not is_text:
        return LISTED
    if not are_numbers:
        return _LOOSELY
    return (
        "SELECT CAST(l.recipient_id AS BIGINT) AS recipient_id"
        f" FROM ({_LOOSELY}) AS l WHERE {is_number('l.recipient_id')}"
    )


def is_number(column: str) -> str:
    """Return the SQL condition of a text that is a number in the one way in which engines write it.

    Joined as numbers such texts find what they would find as texts.
    """
    return f"coalesce(CAST(TRY_CAST({column} AS BIGINT) AS VARCHAR) = {column}, FALSE)"


def opted_out(sources: Sources) -> str:
    """Return everybody who has opted out, once; only recipients, where there is a table of them."""
    known = (
        " WHERE EXISTS (SELECT 1 FROM recipient AS r WHERE r.recipient_id = l.recipient_id)"
        if sources.has_recipients
        else ""
    )
    parts = [
        text
        for text, there in (
            ("SELECT recipient_id FROM recipient WHERE is_flagged", sources.has_recipients),
            (f"SELECT l.recipient_id FROM listed AS l{known}", sources.has_list),
        )
        if there
    ]
    return " UNION ".join(parts or ["SELECT recipient_id FROM id_holder WHERE 1 = 0"])


MEMBERS_SPLIT = f"""
SELECT
    CASE WHEN {is_number("recipient_id")} THEN TRY_CAST(recipient_id AS BIGINT) END AS number,
    CASE WHEN NOT {is_number("recipient_id")} THEN recipient_id END AS other
FROM members_read
"""
MEMBERS_AS_NUMBERS = "SELECT number AS recipient_id FROM members_split"
MEMBERS_AS_TEXTS = (
    "SELECT coalesce(other, CAST(number AS VARCHAR)) AS recipient_id FROM members_split"
)


def standing(rows: str, sources: Sources) -> str:
    """Return everybody among ``rows``, once: whether Campaign knows them, and whether they have opted out.

    ``rows`` has ``recipient_id`` and ``is_flagged``. Grouped behind the joins: a table of recipients that names one of
    them twice makes nobody two.
    """
    known, out, joins = "TRUE", "p.is_flagged", ""
    if sources.asks_recipients:
        known = "max(CASE WHEN r.recipient_id IS NULL THEN 0 ELSE 1 END) = 1"
        out += " OR r.is_flagged"
        joins += " LEFT JOIN recipient AS r ON r.recipient_id = p.recipient_id"
    if sources.has_list:
        out += " OR o.recipient_id IS NOT NULL"
        joins += " LEFT JOIN listed AS o ON o.recipient_id = p.recipient_id"
    return f"""
SELECT p.recipient_id, {known} AS is_known, max(CASE WHEN {out} THEN 1 ELSE 0 END) = 1 AS is_out
FROM {rows} AS p{joins}
WHERE p.recipient_id IS NOT NULL
GROUP BY p.recipient_id
"""


def identifier(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'
