"""Which ids stand for the people of a source, as statements over staged tables: written once, for every engine.

============  ==================================  =================================================================
table         grain                               columns
============  ==================================  =================================================================
members       one row per row of the source       recipient_id: null: it names nobody
gone          one row per recipient who has       recipient_id
              opted out
stranger      one row per recipient of members    recipient_id; where ids come from the recipients, made last, and with
              whom Campaign does not know         those who are gone, of whom that does not matter
outsider      one row per recipient of members    recipient_id
              who is not even looked for
person        one row per other recipient of      recipient_id
              members
person_id     one row per person and id, or more  recipient_id, id: hashed where the data source says so, may be null;
              of the same                         is_usable: whether it may stand in an inbound file
person_left   one row per recipient of members    recipient_id
              who is not sent
complement    as person_left                      the same; reason: a bucket of exports
export_id     one row per distinct usable id      id
previous_id   one row per distinct id that the    id
              previous export added
============  ==================================  =================================================================

Who is not sent is looked for among the members, and mostly few; nothing is made of the many who are but their ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.exchange.job import Hashing, IdKind
from audctl.exchange.sql_text import literal, looks_right
from audctl.model.exchange import ExportBucket

if TYPE_CHECKING:
    from audctl.exchange.job import IdSpace
    from audctl.exchange.sql_text import Sources

ROWS = "SELECT count(*), count(*) - count(recipient_id) FROM members"
"""All of them, and those that name nobody."""


STRANGER = """
SELECT DISTINCT m.recipient_id FROM members AS m
WHERE m.recipient_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM recipients AS r WHERE r.recipient_id = m.recipient_id)
"""
STRANGER_LEFT = """
SELECT l.recipient_id FROM person_left AS l
WHERE NOT EXISTS (SELECT 1 FROM person_id AS i WHERE i.recipient_id = l.recipient_id)
"""
"""Where ids come from the recipients themselves, all of whom are in ``person_id``, if only with a null."""
NO_STRANGER = "SELECT recipient_id FROM members WHERE 1 = 0"

GONE_HERE = """
SELECT g.recipient_id FROM gone AS g
WHERE EXISTS (SELECT 1 FROM members AS m WHERE m.recipient_id = g.recipient_id)
"""
GONE_OR_STRANGER = f"{GONE_HERE} UNION ALL SELECT recipient_id FROM stranger"

PERSON = """
SELECT DISTINCT m.recipient_id FROM members AS m
WHERE m.recipient_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM outsider AS o WHERE o.recipient_id = m.recipient_id)
"""
"""A table of its own: of a join with nothing beside it engines know how many there are on each side, and begin with the
smaller one."""


def person_id(space: IdSpace) -> str:
    """Return the ids of those who may be sent."""
    return f"""
SELECT p.recipient_id, h.id, {may_be_sent("h.id", space)} AS is_usable
FROM id_holder AS h JOIN person AS p ON p.recipient_id = h.recipient_id
"""


def may_be_sent(column: str, space: IdSpace) -> str:
    """Return the SQL condition of an id that inbound files may hold: documented rules, and no address in clear."""
    if space.kind is IdKind.VISITOR or space.hashing is not Hashing.NONE:
        return looks_right(column, space)
    # Audience Manager drops rows with a colon, plain or encoded, and those that end in a blank; an address would be
    # personal data that must never be sent.
    return (
        f"(NOT regexp_matches({column}, '[[:cntrl:]:@]|%3[Aa]|^[[:space:]]|[[:space:]]$')"
        f" AND length({column}) <= {LONGEST_ID})"
    )


LONGEST_ID = 1000
"""Characters. None is documented; a line may have 102,400 bytes, and no real id comes near."""

PERSON_LEFT = """
SELECT p.recipient_id FROM person AS p
WHERE NOT EXISTS (SELECT 1 FROM person_id AS i WHERE i.recipient_id = p.recipient_id AND i.is_usable)
UNION ALL SELECT recipient_id FROM outsider
"""

COMPLEMENT = f"""
SELECT l.recipient_id,
    CASE
        WHEN EXISTS (SELECT 1 FROM gone AS g WHERE g.recipient_id = l.recipient_id)
            THEN {literal(ExportBucket.OPTED_OUT)}
        WHEN EXISTS (SELECT 1 FROM stranger AS s WHERE s.recipient_id = l.recipient_id)
            THEN {literal(ExportBucket.UNKNOWN_PERSON)}
        WHEN h.recipient_id IS NOT NULL
            THEN {literal(ExportBucket.UNUSABLE_ID)}
        ELSE {literal(ExportBucket.NO_ID)}
    END AS reason
FROM person_left AS l
LEFT JOIN (
    SELECT DISTINCT i.recipient_id FROM person_id AS i JOIN person_left AS w ON w.recipient_id = i.recipient_id
    WHERE i.id IS NOT NULL
) AS h ON h.recipient_id = l.recipient_id
"""

PEOPLE = "SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM outsider)"
BY_REASON = "SELECT reason, count(*) FROM complement GROUP BY reason"


def complement_in_order(sources: Sources) -> str:
    """Return the complement, as it is written."""
    return f"SELECT recipient_id, reason FROM complement ORDER BY {sources.order}"


EXPORT_ID = "SELECT DISTINCT id FROM person_id WHERE is_usable"
ID_COUNT = "SELECT count(*) FROM export_id"

PREVIOUS_ID = """
SELECT DISTINCT substr(line, 1, strpos(line, chr(9)) - 1) AS id
FROM line_in WHERE strpos(line, chr(9)) > 1 AND strpos(line, chr(9) || 'd_unsid=') = 0
"""
"""Every export writes everybody, so that the one before tells who was in the audience through it."""

MOVED = """
SELECT
    count(CASE WHEN b.id IS NULL THEN 1 END),
    count(CASE WHEN a.id IS NULL THEN 1 END)
FROM export_id AS a FULL OUTER JOIN previous_id AS b ON b.id = a.id
"""
"""New ids, and those that are gone from the source."""


def trait_lines(item: str, removal: str | None) -> str:
    """Return the lines of the trait files; ``removal``: also take back what is gone from the source.

    In no order: none means anything to their reader, and making one would take a fifth of an export's time.
    """
    added = f"SELECT id || chr(9) || {literal(item)} AS line FROM export_id"
    if removal is None:
        return added
    return (
        f"{added} UNION ALL SELECT b.id || chr(9) || {literal(removal)} AS line FROM previous_id AS b"
        " WHERE NOT EXISTS (SELECT 1 FROM export_id AS a WHERE a.id = b.id)"
    )


def visitor_pairs(visitors: IdSpace) -> str:
    """Return which visitor ids belong to the ids that are sent."""
    return f"""
SELECT DISTINCT t.visitor_id, i.id
FROM tracking AS t
JOIN person_id AS i ON i.recipient_id = t.recipient_id
WHERE i.is_usable AND {looks_right("t.visitor_id", visitors)}
"""


PAIR_COUNT = "SELECT count(*) FROM visitor_pair"
PAIR_LINES = "SELECT visitor_id || chr(9) || id AS line FROM visitor_pair"
