"""Who is in an audience, as statements over staged tables: written once, for every engine.

=================  ================================  ==============================================================
table              grain                             columns
=================  ================================  ==============================================================
audience_row       one row per line that was read    batch; id and tail: null when the line has no blank in it
pattern            one row per distinct tail, apart  is_initial, tail, row_count; gap: blanks before the first list;
                   for the initial full transfer     first, second: the lists; is_line: whether that is all
                                                     (people share few combinations of segments)
pattern_effect     as pattern                        effect: 1 adds to the audience, -1 takes out, 0 neither
audience_id        one row per distinct id that any  id; adds, removes: how many lines do so; is_in: whether it is in
                   line adds or takes out            the audience at the end
id_holder          one row per id and recipient, or  id: hashed where the data source says so; recipient_id
                   more of the same
opted_out          one row per recipient             recipient_id
id_pair            one row per id of the audience    id; recipient_id: null when nobody is known by the id; is_out:
                   and row of id_holder with it      whether the recipient has opted out (audience_id is unique by
                                                     id, so no row of id_holder comes twice)
stranger           one row per recipient of id_pair  recipient_id
                   who is none any more; mostly none
id_match           as id_pair                        the same, with strangers as nobody
=================  ================================  ==============================================================

Within one transfer, which names a person once, an addition wins over a removal of the same id. Nothing here depends on
the order of rows, so that engines agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.exchange.sql_text import literal, looks_right
from audctl.model.exchange import ImportBucket

if TYPE_CHECKING:
    from audctl.exchange.job import IdSpace

AUDIENCE_ROW = """
SELECT batch, substr(line, 1, blank - 1) AS id, substr(line, blank) AS tail
FROM (
    SELECT batch, line, nullif(strpos(line, ' '), 0) AS blank
    FROM (
        SELECT batch, CASE
            WHEN strpos(line, chr(9)) > 0 OR line LIKE '% ' THEN rtrim(replace(line, chr(9), ' ')) ELSE line
        END AS line
        FROM line_in
    ) AS clean
) AS found
"""
"""Null on both where there is no blank; a blank in the first place leaves an empty id. Few lines need cleaning, and
making every one anew would cost as much as reading it."""

PATTERN = """
SELECT
    is_initial, tail, row_count, gap,
    split_part(body, ' ', 1) AS first,
    ltrim(substr(body, length(split_part(body, ' ', 1)) + 1)) AS second,
    NOT regexp_matches(body, '[^ ] +[^ ]+ +[^ ]') AS is_line
FROM (
    SELECT
        is_initial, tail, row_count,
        length(tail) - length(ltrim(tail)) AS gap, ltrim(tail) AS body
    FROM (
        SELECT batch = 0 AS is_initial, tail, count(*) AS row_count
        FROM audience_row WHERE id <> '' GROUP BY batch = 0, tail
    ) AS distinct_tail
) AS measured
"""

SEPARATOR = """
SELECT min(gap), max(gap), max(CASE WHEN second <> '' THEN 1 ELSE 0 END) FROM pattern WHERE is_line
"""


def mentions(alias: str, sid: str) -> str:
    """Return how many lines name the audience by either value."""
    named = ", ".join(
        f"sum(CASE WHEN {_lists('first', each)} OR {_lists('second', each)} THEN row_count ELSE 0 END)"
        for each in (alias, sid)
    )
    return f"SELECT {named} FROM pattern WHERE is_line"


def pattern_effect(value: str, blanks: int) -> str:
    """Return what each tail does to the audience that stands as ``value``, with so many blanks between columns."""
    # More blanks than one separator: the first list is empty, and the only one there is takes out.
    added = f"(gap < {2 * blanks} AND {_lists('first', value)})"
    removed = f"(CASE WHEN gap < {2 * blanks} THEN {_lists('second', value)} ELSE {_lists('first', value)} END)"
    return f"""
SELECT is_initial, tail, row_count, is_well,
    CASE WHEN NOT is_well THEN 0 WHEN {added} THEN 1 WHEN {removed} AND NOT is_initial THEN -1 ELSE 0 END AS effect
FROM (
    SELECT *, is_line AND (gap < {2 * blanks} OR second = '') AS is_well FROM pattern
) AS checked
"""


def _lists(column: str, value: str) -> str:
    return f"strpos(',' || {column} || ',', {literal(f',{value},')}) > 0"


AUDIENCE_ID = """
SELECT id, row_count - removes AS adds, removes, last_change % 2 = 1 AS is_in
FROM (
    SELECT
        r.id,
        count(*) AS row_count,
        count(CASE WHEN p.effect = -1 THEN 1 END) AS removes,
        max(2 * r.batch + CASE WHEN p.effect = 1 THEN 1 ELSE 0 END) AS last_change
    FROM audience_row AS r
    JOIN pattern_effect AS p ON r.tail = p.tail AND (r.batch = 0) = p.is_initial
    WHERE p.effect <> 0 AND r.id <> ''
    GROUP BY r.id
) AS changed
"""

ID_PAIR = """
SELECT a.id, h.recipient_id, o.recipient_id IS NOT NULL AS is_out
FROM audience_id AS a
LEFT JOIN id_holder AS h ON h.id = a.id
LEFT JOIN opted_out AS o ON o.recipient_id = h.recipient_id
WHERE a.is_in
"""

ALL_MATCH = "SELECT id, recipient_id, is_out FROM id_pair"
ID_MATCH = """
SELECT p.id, CASE WHEN s.recipient_id IS NULL THEN p.recipient_id END AS recipient_id, p.is_out
FROM id_pair AS p LEFT JOIN stranger AS s ON s.recipient_id = p.recipient_id
"""


def match_of(ids: str, *, checks_recipients: bool) -> str:
    """Return whom the ids of a table ``(id, is_right)`` stand for, each of them once in it: for a preview."""
    known = "JOIN recipients AS k ON k.recipient_id = h.recipient_id" if checks_recipients else ""
    return f"""
SELECT a.id, h.recipient_id, o.recipient_id IS NOT NULL AS is_out
FROM id_holder AS h
JOIN {ids} AS a ON a.id = h.id
{known}
LEFT JOIN opted_out AS o ON o.recipient_id = h.recipient_id
WHERE a.is_right"""


LINES = "SELECT count(*) FROM audience_row"

BY_PATTERN = """
SELECT
    sum(CASE WHEN is_well THEN 0 ELSE row_count END),
    sum(CASE WHEN is_well AND effect = 0 THEN row_count ELSE 0 END)
FROM pattern_effect
"""
WITHOUT_ID = "SELECT count(*) FROM audience_row WHERE id IS NULL OR id = ''"

BY_ID = """
SELECT
    sum(removes) + sum(CASE WHEN is_in THEN 0 ELSE adds END),
    sum(CASE WHEN is_in THEN adds - 1 ELSE 0 END)
FROM audience_id
"""
"""Lines that remove or are undone, and lines that repeat."""


def by_match(space: IdSpace) -> str:
    """Return the ids that are matched, opted out, of another space, and unknown.

    Only ids that nobody is known by are looked at: any other is one, whatever it looks like.
    """
    return f"""
SELECT
    count(CASE WHEN known > gone THEN 1 END),
    count(CASE WHEN known > 0 AND known = gone THEN 1 END),
    count(CASE WHEN known = 0 THEN CASE WHEN {looks_right("id", space)} THEN NULL ELSE 1 END END),
    count(CASE WHEN known = 0 THEN CASE WHEN {looks_right("id", space)} THEN 1 END END)
FROM (
    SELECT id, count(recipient_id) AS known,
        count(CASE WHEN is_out AND recipient_id IS NOT NULL THEN 1 END) AS gone
    FROM id_match GROUP BY id
) AS matched
"""


MEMBERS = """
SELECT DISTINCT recipient_id FROM id_match WHERE NOT is_out AND recipient_id IS NOT NULL
"""
MEMBER_COUNT = "SELECT count(*) FROM member"
MEMBERS_IN_ORDER = """
SELECT recipient_id FROM member ORDER BY length(CAST(recipient_id AS VARCHAR)), recipient_id
"""
"""Numbers in their order, without reading texts as numbers."""

BUCKETS = tuple(each.value for each in ImportBucket)
