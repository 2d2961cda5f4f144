"""Segments: `/segments`.

Field list after the vendor's bulk worksheet and public client code; the field page itself is not public.
"""

import sqlite3
from collections.abc import Iterable

from audctl.sandbox.audience_manager import rights, segment_details
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.export_controls import refuse_blocked
from audctl.sandbox.audience_manager.fields import Document, decode, without_unset
from audctl.sandbox.audience_manager.folder_tree import folder_exists
from audctl.sandbox.audience_manager.kinds import (
    DATA_SOURCE,
    MERGE_RULE,
    SEGMENT,
    SEGMENT_FOLDER,
    TRAIT,
)
from audctl.sandbox.audience_manager.listing import Selection, restrict
from audctl.sandbox.audience_manager.operation import Operation, read_replace_delete
from audctl.sandbox.audience_manager.records import (
    COMPANY_ID,
    Record,
    addressed,
    answer_one,
    check_precondition,
    check_writable,
    count,
    find,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.records import create as store
from audctl.sandbox.audience_manager.rule_tree import rule_text
from audctl.sandbox.audience_manager.segment_rows import BODY, FIELDS, LIST, SHAPE
from audctl.sandbox.audience_manager.segment_rule import RuleError, SegmentRule, parse_segment_rule
from audctl.sandbox.audience_manager.shapes import written
from audctl.sandbox.audience_manager.traits import VALID, VALIDATED, refuse_taken_code

COUNTABLE_TRAIT_TYPES = frozenset({"RULE_BASED_TRAIT", "FOLDER_TRAIT"})
"""Traits on which recency and frequency may be set."""


def read_one(call: Call) -> Answer:
    """GET /segments/<sid> or /segments/ic:<code>."""
    record = addressed(call, SEGMENT, "segment")
    return answer_one(call, SEGMENT, record, extras=segment_details.extras(call, record))


def create(call: Call) -> Answer:
    """POST /segments."""
    rights.require_creation(call, SEGMENT)
    fields = decode(FIELDS, call.members(), None, call.choices)
    rule = _check(call, fields, None)
    limit = call.choices.limits["segments"]
    if count(call.conn, SEGMENT, limit) >= limit:
        raise limit_exceeded("segments", limit, call.choices.limit_status)
    record = store(call, SEGMENT, stamp_new(without_unset(FIELDS, fields, {}), call))
    link_traits(call.conn, record.id, rule.traits)
    return answer_one(call, SEGMENT, record, 201)


def replace(call: Call) -> Answer:
    """PUT /segments/<sid>."""
    record = addressed(call, SEGMENT, "segment", "WRITE")
    check_writable(call, SEGMENT, record)
    check_precondition(call, record)
    fields = decode(FIELDS, call.members(), record.document, call.choices)
    rule = _check(call, fields, record)
    changed = ("segmentRule", "mergeRuleDataSourceId")
    if any(fields[name] != record.document[name] for name in changed):
        refuse_blocked_change(call, record.id, rule.traits, fields["mergeRuleDataSourceId"])
    saved = save(call, SEGMENT, record, without_unset(FIELDS, fields, record.document))
    if fields["segmentRule"] != record.document["segmentRule"]:
        link_traits(call.conn, record.id, rule.traits)
    return answer_one(call, SEGMENT, saved, call.choices.put_status)


def delete(call: Call) -> Answer:
    """DELETE /segments/<sid>."""
    record = addressed(call, SEGMENT, "segment", "DELETE")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a segment; refuses while it is mapped to a destination."""
    rights.require(call, SEGMENT, "DELETE", record)
    if not call.caller.admin:
        _require_on_traits(call, set(linked_traits(call, record.id)), "READ")
    check_writable(call, SEGMENT, record)
    rows = call.conn.execute(
        "SELECT DISTINCT d.id, d.name FROM aam_mapping AS m JOIN aam_destination AS d ON d.id = m.destination_id"
        " WHERE m.segment_id = ? ORDER BY d.id LIMIT 5",
        (record.id,),
    ).fetchall()
    if rows:
        raise conflict(
            "CANNOT_DELETE_ENTITY_MAPPED",
            f"segment {record.id} is mapped to a destination",
            *(f"destination {row['id']} {row['name']} uses it" for row in rows),
            status=call.choices.in_use_status,
        )
    call.conn.execute("DELETE FROM aam_segment_trait WHERE segment_id = ?", (record.id,))
    remove(call.conn, SEGMENT, record.id)


def validate(call: Call) -> Answer:
    """POST /segments/validate."""
    check_rule(call, str(decode(VALIDATED, call.members(), None, call.choices)["code"]))
    return Answer(200, as_json({"valid": True}))


def refuse_blocked_change(
    call: Call, segment_id: int, traits: Iterable[int], merge_rule_id: object
) -> None:
    """Refuse a change of a mapped segment that an export control forbids."""
    mapped = call.conn.execute(
        "SELECT DISTINCT destination_id FROM aam_mapping WHERE segment_id = ?", (segment_id,)
    ).fetchall()
    if mapped:
        refuse_blocked(call, traits, merge_rule_id, [row[0] for row in mapped])


def check_rule(call: Call, text: str) -> SegmentRule:
    """Parse a rule and check what it says about the account's traits; refuses it with 400."""
    try:
        rule = parse_segment_rule(text, call.choices.max_rule_depth)
    except RuleError as error:
        raise invalid(f"segmentRule: {error}") from error
    if rule.matches_nobody_known and call.choices.negative_rules_refused:
        raise invalid(
            "segmentRule: it is also true for users without any trait; join it by AND with a trait"
        )
    limit = call.choices.limits["traitsPerSegment"]
    if len(rule.traits) > limit:
        raise limit_exceeded("traits in one segment rule", limit, call.choices.limit_status)
    known = {
        row["id"]: row
        for row in call.conn.execute(
            "SELECT id, trait_type, pid FROM aam_trait WHERE id IN (SELECT value FROM json_each(?))",
            (as_json(sorted(rule.traits)),),
        )
    }
    problems = [
        f"segmentRule: trait {sid}T does not exist" for sid in sorted(rule.traits - known.keys())
    ]
    problems += [
        f"segmentRule: recency and frequency cannot be set on trait {sid}T"
        for sid in sorted(rule.counted_traits & known.keys())
        if known[sid]["trait_type"] not in COUNTABLE_TRAIT_TYPES or known[sid]["pid"] != COMPANY_ID
    ]
    if problems:
        raise invalid(*problems)
    if not call.caller.admin:
        _require_on_traits(call, rule.traits, "MAP_TO_SEGMENTS")
    return rule


def link_traits(conn: sqlite3.Connection, segment_id: int, trait_ids: Iterable[int]) -> None:
    """Record which traits a segment's rule has."""
    conn.execute("DELETE FROM aam_segment_trait WHERE segment_id = ?", (segment_id,))
    conn.executemany(
        "INSERT INTO aam_segment_trait VALUES (?, ?)",
        ((segment_id, trait_id) for trait_id in sorted(trait_ids)),
    )


def linked_traits(call: Call, segment_id: int) -> list[int]:
    """Give the traits of a segment's rule."""
    query = "SELECT trait_id FROM aam_segment_trait WHERE segment_id = ? ORDER BY trait_id"
    return [row[0] for row in call.conn.execute(query, (segment_id,))]


def _check(call: Call, fields: Document, record: Record | None) -> SegmentRule:
    problems: list[str] = []
    source_id, folder_id = fields["dataSourceId"], fields["folderId"]
    merge_rule_id = fields["mergeRuleDataSourceId"]
    source = find(call.conn, DATA_SOURCE, source_id) if isinstance(source_id, int) else None
    if source is None:
        problems.append(f"dataSourceId {source_id} does not exist")
    if not (isinstance(folder_id, int) and folder_exists(call, SEGMENT_FOLDER, folder_id)):
        problems.append(f"folderId {folder_id} does not exist")
    if not (isinstance(merge_rule_id, int) and find(call.conn, MERGE_RULE, merge_rule_id)):
        problems.append(f"mergeRuleDataSourceId {merge_rule_id} is not a profile merge rule")
    if problems or source is None:
        raise invalid(*problems)
    check_writable(call, DATA_SOURCE, source)
    if record is None or record.document["dataSourceId"] != source.id:
        rights.require_creation(call, SEGMENT, source)
    if source.document["uniqueSegmentIntegrationCodes"]:
        refuse_taken_code(call, SEGMENT, fields, record)
    rule = check_rule(call, str(fields["segmentRule"]))
    if call.choices.rules_normalised:
        fields["segmentRule"] = rule_text(rule.tree)
    return rule


def _require_on_traits(call: Call, trait_ids: Iterable[int], permission: str) -> None:
    """Refuse when the caller lacks a permission on one of the traits."""
    asked = sorted(trait_ids)
    selection = Selection(TRAIT.table)
    selection.where("id IN (SELECT value FROM json_each(?))", as_json(asked))
    restrict(call, TRAIT, selection, permission)
    rows = call.conn.execute(
        f"SELECT id FROM aam_trait{selection.clause}",  # noqa: S608
        selection.values,
    )
    missing = set(asked) - {row[0] for row in rows}
    if missing:
        raise rights.denied(TRAIT, permission, min(missing))


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on segments."""
    return (
        LIST.operation("/segments", SHAPE),
        Operation(
            "POST", "/segments", create, "Create a segment", body=BODY, answer=SHAPE, status=201
        ),
        Operation(
            "POST",
            "/segments/validate",
            validate,
            "Check a segment rule",
            body=written(VALIDATED),
            answer=VALID,
        ),
        *read_replace_delete(
            "/segments/{segment}",
            "segment",
            read=read_one,
            replace=replace,
            delete=delete,
            body=BODY,
            answer=SHAPE,
            parameters=segment_details.PARAMETERS,
            put_status=put_status,
        ),
    )
