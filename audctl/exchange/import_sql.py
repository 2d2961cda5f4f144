"""Who is in an audience, as statements over staged tables: written once, for every engine.

=================  ================================  ==============================================================
table              grain                             columns
=================  ================================  ==============================================================
audience_row       one row per line that was read    batch; id; tail: all from the first blank on
pattern            one row per distinct tail, apart  is_initial, tail, row_count; gap: blanks before the first list;
                   for the initial full transfer     first, second: the lists; is_line: whether that is all
                                                     (people share few combinations of segments)
pattern_effect     as pattern                        effect: 1 adds to the audience, -1 takes out, 0 neither
audience_id        one row per distinct id that any  number: stands for the id; id; adds, removes: how many lines do
                   line adds or takes out            so; is_in: whether it is in the audience at the end
id_holder          one row per id and recipient, or  id: hashed where the data source says so; recipient_id
                   more of the same
gone               one row per recipient who has     recipient_id
                   opted out
id_pair            one row per id of the audience    number; recipient_id: null when nobody is known by the id, and
                   and row of id_holder with it      then is_right: whether it looks like one
standing           one row per recipient of id_pair  recipient_id; is_known: whether they are recipients; is_out
outsider           one row per recipient who is no   recipient_id; is_known
                   member; mostly few
id_touched         one row per id of the audience    number; known: how many of its people are recipients; gone: how
                   with an outsider                  many of those have opted out
member             one row per recipient             recipient_id
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
    from audctl.exchange.sql_text import Sources

AUDIENCE_ROW = """
SELECT batch, split_part(line, ' ', 1) AS id, substr(line, length(split_part(line, ' ', 1)) + 1) AS tail
FROM (
    SELECT batch, CASE
        WHEN strpos(line, chr(9)) > 0 OR line LIKE '% ' THEN rtrim(replace(line, chr(9), ' ')) ELSE line
    END AS line
    FROM line_in
) AS clean
"""
"""A line without a blank has an empty tail, one with a blank in the first place an empty id. Few lines need cleaning,
and making every one anew would cost as much as reading it."""

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
        FROM audience_row WHERE id <> '' AND tail <> '' GROUP BY batch = 0, tail
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


def id_pair(space: IdSpace) -> str:
    """Return by whose ids the audience is known.

    Numbers stand for ids from here on: ids are long, and each that is carried along is moved, and may be spilled, again
    and again. So how they look is told here, of those that nobody is known by.
    """
    return f"""
SELECT a.number, h.recipient_id,
    CASE WHEN h.recipient_id IS NULL THEN {looks_right("a.id", space)} END AS is_right
FROM audience_id AS a LEFT JOIN id_holder AS h ON h.id = a.id AND h.recipient_id IS NOT NULL
WHERE a.is_in
"""


OUTSIDER = "SELECT recipient_id, is_known FROM standing WHERE is_out OR NOT is_known"

ID_TOUCHED = """
SELECT p.number,
    count(CASE WHEN o.recipient_id IS NULL OR o.is_known THEN 1 END) AS known,
    count(CASE WHEN o.is_known THEN 1 END) AS gone
FROM id_pair AS p LEFT JOIN outsider AS o ON o.recipient_id = p.recipient_id
WHERE EXISTS (
    SELECT 1 FROM id_pair AS q JOIN outsider AS u ON u.recipient_id = q.recipient_id WHERE q.number = p.number
)
GROUP BY p.number
"""

MEMBER = "SELECT recipient_id FROM standing WHERE is_known AND NOT is_out"

ASKED_PAIR = """
SELECT a.id, h.recipient_id FROM id_holder AS h JOIN asked AS a ON a.id = h.id
"""
"""For a preview: whom the ids of a table ``asked`` stand for, each of them once in it, whatever they look like."""
ASKED_MATCH = """
SELECT p.id, p.recipient_id, s.is_out FROM asked_pair AS p JOIN standing AS s ON s.recipient_id = p.recipient_id
WHERE s.is_known
"""


LINES = "SELECT count(*) FROM audience_row"

BY_PATTERN = """
SELECT
    sum(CASE WHEN is_well THEN 0 ELSE row_count END),
    sum(CASE WHEN is_well AND effect = 0 THEN row_count ELSE 0 END)
FROM pattern_effect
"""
WITHOUT_BOTH = "SELECT count(*) FROM audience_row WHERE id = '' OR tail = ''"

BY_ID = """
SELECT
    sum(removes) + sum(CASE WHEN is_in THEN 0 ELSE adds END),
    sum(CASE WHEN is_in THEN adds - 1 ELSE 0 END),
    count(CASE WHEN is_in THEN 1 END)
FROM audience_id
"""
"""Lines that remove or are undone, lines that repeat, and ids that are in the audience."""

NOBODY = """
SELECT count(CASE WHEN is_right THEN 1 END), count(CASE WHEN NOT is_right THEN 1 END)
FROM id_pair WHERE recipient_id IS NULL
"""
"""Ids that nobody is known by: those that can be of the data source, and those that cannot."""

TOUCHED = """
SELECT count(*), count(CASE WHEN known > gone THEN 1 END), count(CASE WHEN known > 0 AND known = gone THEN 1 END)
FROM id_touched
"""
"""Ids by which somebody is known who is no member: all, those with a member as well, and those all of whom are out."""


def strangers(space: IdSpace) -> str:
    """Return the ids by which only people are known who are no recipients any more: they are known by nobody."""
    looks = looks_right("a.id", space)
    return f"""
SELECT count(CASE WHEN {looks} THEN 1 END), count(CASE WHEN NOT {looks} THEN 1 END)
FROM id_touched AS t JOIN audience_id AS a ON a.number = t.number
WHERE t.known = 0
"""


MEMBER_COUNT = "SELECT count(*) FROM member"


def members_in_order(sources: Sources) -> str:
    """Return the members, as they are written."""
    return f"SELECT recipient_id FROM member ORDER BY {sources.order}"


BUCKETS = tuple(each.value for each in ImportBucket)
