"""Segments: `/segments`.

Field list after the vendor's bulk worksheet and public client code; the field page itself is not public.
"""

import sqlite3
from collections.abc import Iterable

from audctl.sandbox.audience_manager.dispatch import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.export_controls import refuse_blocked
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Document, Field, Form, decode
from audctl.sandbox.audience_manager.folders import folder_exists, folder_ids
from audctl.sandbox.audience_manager.kinds import (
    DATA_SOURCE,
    DEFAULT_MERGE_RULE_ID,
    MERGE_RULE,
    SEGMENT,
    SEGMENT_FOLDER,
)
from audctl.sandbox.audience_manager.listing import (
    Selection,
    answer_selection,
    apply_code,
    apply_permissions,
    apply_search,
)
from audctl.sandbox.audience_manager.records import (
    COMPANY_ID,
    Record,
    addressed,
    answer_one,
    check_precondition,
    check_writable,
    count,
    find,
    insert,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.segment_rule import (
    RuleError,
    SegmentRule,
    parse_segment_rule,
)
from audctl.sandbox.audience_manager.traits import refuse_taken_code

STATUSES = frozenset({"ACTIVE", "INACTIVE"})
COUNTABLE_TRAIT_TYPES = frozenset({"RULE_BASED_TRAIT", "FOLDER_TRAIT"})
"""Traits on which recency and frequency may be set."""

FIELDS = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
    Field("segmentRule", required=True),
    Field("folderId", Form.NUMBER, required=True),
    Field("dataSourceId", Form.NUMBER, required=True),
    Field("mergeRuleDataSourceId", Form.NUMBER, default=DEFAULT_MERGE_RULE_ID),
    Field("integrationCode", max_length=255),
    Field("status", default="ACTIVE", allowed=STATUSES),
)
SORTABLE = frozenset(spec.name for spec in FIELDS) | {"createTime", "updateTime", "pid"}
_RIGHTS = '["READ","WRITE","CREATE","DELETE","MAP_TO_DESTINATIONS","MAP_TO_MODELS"]'
_METRICS = (
    *(
        f"{kind}Uniques{days}Day"
        for kind in ("instant", "total")
        for days in (1, 7, 14, 30, 60, 90)
    ),
    "instantUniquesLifetime",
)


def list_all(call: Call) -> Answer:
    """GET /segments."""
    selection = Selection(SEGMENT.table)
    if not call.choices.segment_list_has_merge_rule:
        selection.leave_out("mergeRuleDataSourceId")
    if call.flag("includeMetrics"):
        for name in _METRICS:
            selection.add_member(name, "population")
    if call.flag("includeTraitDataSourceIds"):
        selection.add_member(
            "traitDataSourceIds",
            "json((SELECT json_group_array(DISTINCT t.data_source_id) FROM aam_trait AS t JOIN aam_segment_trait AS st"
            " ON st.trait_id = t.id WHERE st.segment_id = aam_segment.id))",
        )
    if call.flag("includeInUseStatus"):
        selection.add_member(
            "inUse",
            "json(CASE WHEN EXISTS (SELECT 1 FROM aam_mapping AS m WHERE m.segment_id = aam_segment.id)"
            " THEN 'true' ELSE 'false' END)",
        )
    _apply_filters(call, selection)
    apply_code(call, selection)
    apply_search(call, selection)
    apply_permissions(call, selection, _RIGHTS)
    return answer_selection(call, SEGMENT, selection, SORTABLE)


def _apply_filters(call: Call, selection: Selection) -> None:
    selection.where_any("folder_id", folder_ids(call, SEGMENT_FOLDER))
    selection.where_any("data_source_id", call.numbers("dataSourceId"))
    selection.where_any("merge_rule_id", call.numbers("mergeRuleDataSourceId"))
    selection.where_any("document ->> '$.status'", call.query.get("status", []))
    traits = call.numbers("containsTrait")
    if traits:
        selection.where(
            "id IN (SELECT segment_id FROM aam_segment_trait WHERE trait_id IN (SELECT value FROM json_each(?)))",
            as_json(traits),
        )
    since = call.numbers("updatedSince")
    if since:
        selection.where("document ->> '$.updateTime' >= ?", since[-1])


def read_one(call: Call) -> Answer:
    """GET /segments/<sid> or /segments/ic:<code>."""
    record = addressed(call, SEGMENT, "segment")
    extras: Document = {}
    if call.flag("includeMetrics"):
        (population,) = call.conn.execute(
            "SELECT population FROM aam_segment WHERE id = ?", (record.id,)
        ).fetchone()
        extras = dict.fromkeys(_METRICS, population)
    return answer_one(record, extras=extras)


def create(call: Call) -> Answer:
    """POST /segments."""
    fields = decode(FIELDS, call.members(), None, resets=True)
    rule = _check(call, fields, None)
    limit = call.choices.limits["segments"]
    if count(call.conn, SEGMENT, limit) >= limit:
        raise limit_exceeded("segments", limit)
    record = insert(call.conn, SEGMENT, stamp_new(fields, call))
    link_traits(call.conn, record.id, rule.traits)
    return answer_one(record, 201)


def replace(call: Call) -> Answer:
    """PUT /segments/<sid>."""
    record = addressed(call, SEGMENT, "segment")
    check_writable(call, SEGMENT, record)
    check_precondition(call, record)
    resets = call.choices.absent_field_on_put_resets
    fields = decode(FIELDS, call.members(), record.document, resets=resets)
    rule = _check(call, fields, record)
    mapped = call.conn.execute(
        "SELECT destination_id FROM aam_mapping WHERE segment_id = ?", (record.id,)
    ).fetchall()
    changed = any(
        fields[name] != record.document[name] for name in ("segmentRule", "mergeRuleDataSourceId")
    )
    if mapped and changed:
        refuse_blocked(
            call, rule.traits, fields["mergeRuleDataSourceId"], [row[0] for row in mapped]
        )
    saved = save(call, SEGMENT, record, fields)
    if fields["segmentRule"] != record.document["segmentRule"]:
        link_traits(call.conn, record.id, rule.traits)
    return answer_one(saved)


def delete(call: Call) -> Answer:
    """DELETE /segments/<sid>."""
    record = addressed(call, SEGMENT, "segment")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a segment; refuses while it is mapped to a destination."""
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
    code = call.members().get("code")
    if not isinstance(code, str):
        raise invalid("code is required")
    check_rule(call, code)
    return Answer(200, as_json({"valid": True}))


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
        raise limit_exceeded("traits in one segment rule", limit)
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
    if source.document["uniqueSegmentIntegrationCodes"]:
        refuse_taken_code(call, SEGMENT.table, SEGMENT.noun, fields, record)
    return check_rule(call, str(fields["segmentRule"]))
