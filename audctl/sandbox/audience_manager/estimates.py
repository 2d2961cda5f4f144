"""Sizes of rules, and the replacement of one merge rule by another over all segments.

A size comes from whoever counts profiles; where nobody has, it is null, never a made-up number.
"""

import sqlite3
from functools import partial

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.errors import invalid
from audctl.sandbox.audience_manager.fields import Field, Form, decode
from audctl.sandbox.audience_manager.kinds import MERGE_RULE, SEGMENT
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import COMPANY_ID, find, save
from audctl.sandbox.audience_manager.rule_tree import HasTrait, Node, leaves, within_days
from audctl.sandbox.audience_manager.segment_rule import parse_segment_rule
from audctl.sandbox.audience_manager.segments import (
    check_rule,
    linked_traits,
    refuse_blocked_change,
)
from audctl.sandbox.audience_manager.shapes import NUMBER, Schema, list_of, written

_RULE = (Field("rule", required=True),)
_REPLACEMENT = (
    Field("existingMergeRuleDataSourceId", Form.NUMBER, required=True),
    Field("replaceWithMergeRuleDataSourceId", Form.NUMBER, required=True),
)
WINDOWS = (7, 30, 60)


def stored_population(conn: sqlite3.Connection, rule: Node) -> int | None:
    """Give the size on record of a trait, or of an active segment with the same rule; None when there is none.

    For a sandbox without people, in which nothing can be counted.
    """
    if isinstance(rule, HasTrait):
        row = conn.execute("SELECT population FROM aam_trait WHERE id = ?", (rule.sid,)).fetchone()
        return None if row is None else int(row["population"])
    some_trait = next(leaves(rule))
    sid = some_trait.sid if isinstance(some_trait, HasTrait) else some_trait.sids[0]
    rows = conn.execute(
        "SELECT document ->> '$.segmentRule' AS rule, population FROM aam_segment WHERE id IN"
        " (SELECT segment_id FROM aam_segment_trait WHERE trait_id = ?)"
        " AND document ->> '$.status' = 'ACTIVE' ORDER BY id",
        (sid,),
    )
    for row in rows:
        if parse_segment_rule(row["rule"], Choices().max_rule_depth).tree == rule:
            return int(row["population"])
    return None


def estimate(call: Call, days: int | None = None) -> Answer:
    """POST /segments/estimate-size, and with `days` /segments/estimate-<days>-day-size.

    The answer is not documented, nor what the days mean: here, that only the last `days` count.
    """
    text = str(decode(_RULE, call.members(), None, call.choices)["rule"])
    rule = check_rule(call, text)
    limit = call.choices.limits["recencyGroupsPerEstimate"]
    if rule.counted_groups > limit:
        raise invalid(f"rule: more than {limit} recency or frequency groups cannot be estimated")
    tree = rule.tree if days is None else within_days(rule.tree, days)
    return Answer(
        200, as_json({"rule": text, "days": days, "size": call.population(call.conn, tree)})
    )


def replace_merge_rule(call: Call) -> Answer:
    """POST /segments/bulk-merge-rule-replace: all segments of one merge rule, or none."""
    fields = decode(_REPLACEMENT, call.members(), None, call.choices)
    old_id, new_id = (fields[spec.name] for spec in _REPLACEMENT)
    problems = [
        f"{spec.name} {fields[spec.name]} is not a profile merge rule"
        for spec in _REPLACEMENT
        if find(call.conn, MERGE_RULE, _number(fields[spec.name])) is None
    ]
    if problems:
        raise invalid(*problems)
    rows = call.conn.execute(
        "SELECT id FROM aam_segment WHERE merge_rule_id = ? AND pid = ? AND origin = 'user'"
        " ORDER BY id",
        (old_id, COMPANY_ID),
    ).fetchall()
    changed: list[int] = []
    for row in rows:
        segment = find(call.conn, SEGMENT, row["id"])
        if segment is None or old_id == new_id:
            continue
        rights.require(call, SEGMENT, "WRITE", segment)
        refuse_blocked_change(call, segment.id, linked_traits(call, segment.id), new_id)
        save(call, SEGMENT, segment, {"mergeRuleDataSourceId": new_id})
        changed.append(segment.id)
    return Answer(200, as_json({"updatedSegments": changed}))


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


_SIZE: Schema = {
    "type": "object",
    "properties": {"rule": {"type": "string"}, "days": NUMBER, "size": NUMBER},
    "required": ["rule", "days", "size"],
}
OPERATIONS = (
    Operation(
        "POST",
        "/segments/estimate-size",
        estimate,
        "Estimate the size of a rule",
        body=written(_RULE),
        answer=_SIZE,
    ),
    *(
        Operation(
            "POST",
            f"/segments/estimate-{days}-day-size",
            partial(estimate, days=days),
            f"Estimate the size of a rule over {days} days",
            body=written(_RULE),
            answer=_SIZE,
        )
        for days in WINDOWS
    ),
    Operation(
        "POST",
        "/segments/bulk-merge-rule-replace",
        replace_merge_rule,
        "Replace one merge rule by another in every segment",
        body=written(_REPLACEMENT),
        answer={
            "type": "object",
            "properties": {"updatedSegments": list_of({"type": "integer"})},
            "required": ["updatedSegments"],
        },
    ),
)
