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
    unusable_opt_outs: int
    """Entries of the list of opt-outs that nobody can be known by."""
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


def id_holder(space: IdSpace) -> str:
    """Return the ids by which Campaign knows people, in the form in which they travel.

    Ids may be null: nobody is known by that. They are not left out here, since an engine would take those that remain
    for few, and begin joins with the largest table there is.
    """
    if space.kind is IdKind.VISITOR:
        return "SELECT visitor_id AS id, recipient_id FROM tracking"
    return f"SELECT {hashed('key', space.hashing)} AS id, recipient_id FROM recipients"


def is_up(flag: str, *, is_number: bool) -> str:
    """Return the SQL condition of a flag that opts its recipient out."""
    if is_number:
        return f"{flag} <> 0"
    return f"({flag} <> '0' AND NOT regexp_matches(lower(trim({flag}, {BLANKS})), {literal(_NO)}))"


def loosely(column: str) -> str:
    """Return the SQL of a recipient's number without what tools make of it: 7.0, +7, 007 and 7 with a blank are 7.

    For opt-outs alone, and then on both sides: how somebody is written in either table keeps nobody in who has opted
    out. Who is left out too many is found again.
    """
    text = f"trim({column}, {BLANKS} || chr(160))"
    number = f"regexp_replace(regexp_replace({text}, '[.]0*$', ''), '^[+]?0*', '')"
    return (
        f"CASE WHEN regexp_matches({text}, '^[+]?[0-9]+([.]0*)?$')"
        f" THEN coalesce(nullif({number}, ''), '0') ELSE {text} END"
    )


LISTED = "SELECT DISTINCT recipient_id FROM opt_outs WHERE recipient_id IS NOT NULL"
LISTED_LOOSELY = f"""
SELECT DISTINCT {loosely("recipient_id")} AS recipient_id FROM opt_outs WHERE recipient_id IS NOT NULL
"""


def listed_numbers() -> str:
    """Return the numbers of a list that is text, and was read loosely."""
    return (
        "SELECT CAST(recipient_id AS BIGINT) AS recipient_id"
        f" FROM listed_text WHERE {is_number('recipient_id')}"
    )


def unusable_opt_outs() -> str:
    """Return how many entries of a list that is text are no numbers, where recipients are."""
    return f"SELECT count(*) FROM listed_text WHERE NOT {is_number('recipient_id')}"


def is_number(column: str) -> str:
    """Return the SQL condition of a text that is a number in the one way in which engines write it.

    Joined as numbers such texts find what they would find as texts.
    """
    return f"coalesce(CAST(TRY_CAST({column} AS BIGINT) AS VARCHAR) = {column}, FALSE)"


def opted_out(people: str, *, flagged: str, has_list: bool, are_numbers: bool) -> str:
    """Return everybody of the relation ``people`` who has opted out, once, whichever of their rows says so.

    ``flagged`` is the condition of a flag that is up; empty: there is none.
    """
    parts = [f"SELECT p.recipient_id FROM {people} AS p WHERE {flagged or '1 = 0'}"]
    if has_list:
        one = "p.recipient_id" if are_numbers else loosely("p.recipient_id")
        parts.append(
            f"SELECT p.recipient_id FROM {people} AS p"
            f" WHERE EXISTS (SELECT 1 FROM listed AS l WHERE l.recipient_id = {one})"
        )
    return " UNION ".join(parts)


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

    Grouped behind the joins: a table of recipients that names one of them twice makes nobody two.
    """
    known, joins = "TRUE", ""
    if sources.asks_recipients:
        known = "max(CASE WHEN r.recipient_id IS NULL THEN 0 ELSE 1 END) = 1"
        joins = " LEFT JOIN recipients AS r ON r.recipient_id = p.recipient_id"
    return f"""
SELECT p.recipient_id, {known} AS is_known, max(CASE WHEN g.recipient_id IS NULL THEN 0 ELSE 1 END) = 1 AS is_out
FROM {rows} AS p{joins} LEFT JOIN gone AS g ON g.recipient_id = p.recipient_id
WHERE p.recipient_id IS NOT NULL
GROUP BY p.recipient_id
"""


def identifier(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'
