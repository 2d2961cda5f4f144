"""How many profiles a rule, a segment or a trait has.

Kept populations are refreshed once a day, so they lag behind rules and histories by up to 24 hours, as documented.
A sandbox without people keeps the numbers that its seed wrote.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.kinds import DEFAULT_MERGE_RULE_ID
from audctl.sandbox.audience_manager.rule_tree import Node
from audctl.sandbox.audience_manager.segment_rule import parse_segment_rule
from audctl.sandbox.members.evaluation import Evaluation, Evaluations

_SERVER_KEPT = ("company", "folder", "dataSource")
_HOLDERS = """
SELECT count(*) FROM (
    SELECT 1 FROM aam_qualification WHERE trait_id = ? GROUP BY identity_id HAVING max(at_s) >= ?
)
"""


def population(
    conn: sqlite3.Connection,
    rule: Node,
    merge_rule_id: int = DEFAULT_MERGE_RULE_ID,
    now: datetime | None = None,
) -> int:
    """Count the profiles for which a rule holds; `now` is the virtual time, when it is not the clock's."""
    evaluation = Evaluation(conn, merge_rule_id, now or virtual_now(conn))
    return evaluation.profiles_in(rule).bit_count()


def virtual_now(conn: sqlite3.Connection) -> datetime:
    """Read the virtual time from the database."""
    (offset_us,) = conn.execute("SELECT offset_us FROM sandbox_clock").fetchone()
    return datetime.now(UTC) + timedelta(microseconds=offset_us)


def has_people(conn: sqlite3.Connection) -> bool:
    """Tell whether any id is known."""
    return conn.execute("SELECT 1 FROM aam_identity LIMIT 1").fetchone() is not None


def refresh_populations(conn: sqlite3.Connection, now: datetime) -> int:
    """Count every trait and every active segment anew; gives the number of segments counted.

    Paused segments keep their population, as they keep their members.
    """
    if not has_people(conn):
        return 0
    evaluations = Evaluations(conn, now)
    _refresh_traits(conn, evaluations.of(DEFAULT_MERGE_RULE_ID))
    counted = 0
    for merge_rule_id, segments in active_segments(conn).items():
        evaluation = evaluations.of(merge_rule_id)
        counts = [
            (evaluation.profiles_in(rule).bit_count(), segment_id) for segment_id, rule in segments
        ]
        conn.executemany("UPDATE aam_segment SET population = ? WHERE id = ?", counts)
        counted += len(counts)
    return counted


def active_segments(
    conn: sqlite3.Connection, only: Sequence[int] | None = None
) -> dict[int, list[tuple[int, Node]]]:
    """Give the active segments with their rules, by the merge rule that they share."""
    chosen = "" if only is None else "AND id IN (SELECT value FROM json_each(:only))"
    rows = conn.execute(
        "SELECT id, merge_rule_id, document ->> '$.segmentRule' AS rule FROM aam_segment"  # noqa: S608 - a literal
        f" WHERE document ->> '$.status' = 'ACTIVE' {chosen} ORDER BY merge_rule_id, id",
        {} if only is None else {"only": json.dumps(only)},
    )
    depth = Choices().max_rule_depth
    found: dict[int, list[tuple[int, Node]]] = {}
    for row in rows:
        rule = parse_segment_rule(row["rule"], depth).tree
        found.setdefault(row["merge_rule_id"], []).append((row["id"], rule))
    return found


def _refresh_traits(conn: sqlite3.Connection, evaluation: Evaluation) -> None:
    rows = conn.execute("SELECT id, origin FROM aam_trait").fetchall()
    counts = []
    for trait_id, origin in rows:
        if origin in _SERVER_KEPT:
            count = evaluation.ids_with(trait_id).bit_count()
        else:
            alive_since = evaluation.alive_since(trait_id)
            (count,) = conn.execute(_HOLDERS, (trait_id, alive_since)).fetchone()
        counts.append((count, trait_id))
    conn.executemany("UPDATE aam_trait SET population = ? WHERE id = ?", counts)
