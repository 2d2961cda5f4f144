"""Which ids stand for the people of a source, as statements over staged tables: written once, for every engine.

============  ==================================  =================================================================
table         grain                               columns
============  ==================================  =================================================================
members       one row per row of the source       recipient_id: null: it names nobody
person        one row per distinct recipient      recipient_id, row_count
id_pair       one row per recipient and id, or    recipient_id, id: hashed where the data source says so; is_usable:
              more of the same                    whether it may stand in an inbound file. Nobody who has opted out
stranger      one row per recipient of id_pair    recipient_id
              who is none any more; mostly none
person_id     as id_pair                          the same, without them
person_sent   one row per recipient with an id    recipient_id, is_usable: whether any of the ids is
complement    one row per recipient without a     recipient_id, reason: a bucket of exports
              usable id, or who may not be sent
export_id     one row per distinct usable id      id
previous_id   one row per distinct id that the    id
              previous export added
============  ==================================  =================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.exchange.job import Hashing, IdKind
from audctl.exchange.sql_text import literal, looks_right
from audctl.model.exchange import ExportBucket

if TYPE_CHECKING:
    from audctl.exchange.job import IdSpace

ROWS = "SELECT count(*), count(*) - count(recipient_id) FROM members"
"""All of them, and those that name nobody."""

PERSON = """
SELECT recipient_id, count(*) AS row_count FROM members WHERE recipient_id IS NOT NULL GROUP BY recipient_id
"""


def id_pair(space: IdSpace) -> str:
    """Return the ids of those who may be sent."""
    return f"""
SELECT p.recipient_id, h.id, {may_be_sent("h.id", space)} AS is_usable
FROM id_holder AS h
JOIN person AS p ON p.recipient_id = h.recipient_id
LEFT JOIN opted_out AS o ON o.recipient_id = p.recipient_id
WHERE o.recipient_id IS NULL
"""


ALL_ID = "SELECT recipient_id, id, is_usable FROM id_pair"
PERSON_ID = """
SELECT p.recipient_id, p.id, p.is_usable FROM id_pair AS p
WHERE NOT EXISTS (SELECT 1 FROM stranger AS s WHERE s.recipient_id = p.recipient_id)
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

PERSON_SENT = """
SELECT recipient_id, max(CASE WHEN is_usable THEN 1 ELSE 0 END) = 1 AS is_usable
FROM person_id GROUP BY recipient_id
"""

PERSON_LEFT = """
SELECT p.recipient_id, s.recipient_id IS NOT NULL AS has_id
FROM person AS p
LEFT JOIN person_sent AS s ON s.recipient_id = p.recipient_id
WHERE s.recipient_id IS NULL OR NOT s.is_usable
"""


def complement(*, knows_recipients: bool) -> str:
    """Return who is not sent, and why."""
    known = (
        "SELECT DISTINCT r.recipient_id FROM recipients AS r"
        " JOIN person_left AS w ON w.recipient_id = r.recipient_id"
        if knows_recipients
        else "SELECT recipient_id FROM person_left"
    )
    return f"""
SELECT l.recipient_id,
    CASE
        WHEN k.recipient_id IS NULL THEN {literal(ExportBucket.UNKNOWN_PERSON)}
        WHEN o.recipient_id IS NOT NULL THEN {literal(ExportBucket.OPTED_OUT)}
        WHEN l.has_id THEN {literal(ExportBucket.UNUSABLE_ID)}
        ELSE {literal(ExportBucket.NO_ID)}
    END AS reason
FROM person_left AS l
LEFT JOIN ({known}) AS k ON k.recipient_id = l.recipient_id
LEFT JOIN opted_out AS o ON o.recipient_id = l.recipient_id
"""


BY_PERSON = "SELECT count(*), sum(row_count - 1) FROM person"
EXPORTED = "SELECT count(*) FROM person_sent WHERE is_usable"
BY_REASON = "SELECT reason, count(*) FROM complement GROUP BY reason"
COMPLEMENT_IN_ORDER = """
SELECT recipient_id, reason FROM complement ORDER BY length(CAST(recipient_id AS VARCHAR)), recipient_id
"""

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
