"""Traits: `/traits`.

Field list after the vendor's bulk worksheet and public client code; the field page itself is not public.
"""

from audctl.sandbox.audience_manager.dispatch import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Document, Field, Form, decode
from audctl.sandbox.audience_manager.folders import folder_exists, folder_ids
from audctl.sandbox.audience_manager.kinds import DATA_SOURCE, TRAIT, TRAIT_FOLDER
from audctl.sandbox.audience_manager.listing import (
    Selection,
    answer_selection,
    apply_code,
    apply_permissions,
    apply_search,
)
from audctl.sandbox.audience_manager.records import (
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
from audctl.sandbox.audience_manager.segment_rule import RuleError
from audctl.sandbox.audience_manager.synced_traits import using_segments
from audctl.sandbox.audience_manager.trait_rule import check_trait_rule

CREATABLE_TYPES = frozenset({"RULE_BASED_TRAIT", "ON_BOARDED_TRAIT", "ALGO_TRAIT"})
DEFAULT_TTL_DAYS = 120

FIELDS = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
    Field("traitType", required=True, allowed=CREATABLE_TYPES, create_only=True),
    Field("dataSourceId", Form.NUMBER, required=True),
    Field("folderId", Form.NUMBER, required=True),
    Field("integrationCode", max_length=255),
    Field("traitRule"),
    Field("comments", default=""),
    Field("ttl", Form.NUMBER, default=DEFAULT_TTL_DAYS),
    Field("type", Form.NUMBER, default=0),
    Field("categoryId", Form.NUMBER),
    Field("status", default="ACTIVE", allowed=frozenset({"ACTIVE", "INACTIVE"})),
    Field("backfillStatus", default="NONE"),
)
SORTABLE = frozenset(spec.name for spec in FIELDS) | {"createTime", "updateTime", "pid"}
ONLY_WITH_DETAILS = ("ttl", "integrationCode", "comments", "traitRule", "traitRuleVersion", "type")
"""Members that list rows leave out unless `includeDetails=true`."""
_RIGHTS = '["READ","WRITE","CREATE","DELETE","MAP_TO_SEGMENTS","MAP_TO_MODELS"]'
_METRIC_DAYS = (1, 7, 14, 30, 60, 90)


def list_all(call: Call) -> Answer:
    """GET /traits."""
    selection = Selection(TRAIT.table)
    if not call.flag("includeDetails"):
        selection.leave_out(*ONLY_WITH_DETAILS)
    if call.flag("includeMetrics"):
        if call.choices.metrics_hide_trait_rules:
            selection.leave_out("traitRule")
        for days in _METRIC_DAYS:
            selection.add_member(f"uniques{days}Day", "population")
            selection.add_member(f"count{days}Day", "population")
    folders = folder_ids(call, TRAIT_FOLDER)
    selection.where_any("folder_id", folders)
    selection.where_any("data_source_id", call.numbers("dataSourceId"))
    selection.where_any("trait_type", call.query.get("restrictType", []))
    apply_code(call, selection)
    apply_search(call, selection)
    apply_permissions(call, selection, _RIGHTS)
    return answer_selection(call, TRAIT, selection, SORTABLE)


def read_one(call: Call) -> Answer:
    """GET /traits/<sid>, /traits/ic:<code> or /traits/<sid>,<sid>: several answer as a list."""
    key = call.path["trait"]
    if "," in key and not key.startswith("ic:"):
        numbers = [int(part) for part in key.split(",") if part.isascii() and part.isdigit()]
        selection = Selection(TRAIT.table)
        selection.where("id IN (SELECT value FROM json_each(?))", as_json(numbers))
        return answer_selection(call, TRAIT, selection, SORTABLE)
    return answer_one(addressed(call, TRAIT, "trait"))


def create(call: Call) -> Answer:
    """POST /traits."""
    fields = decode(FIELDS, call.members(), None, resets=True)
    _check(call, fields, None)
    trait_type = str(fields["traitType"])
    _check_limits(call, trait_type)
    document = {**stamp_new(fields, call), "traitRuleVersion": 0}
    return answer_one(insert(call.conn, TRAIT, document), 201)


def replace(call: Call) -> Answer:
    """PUT /traits/<sid>."""
    record = addressed(call, TRAIT, "trait")
    check_writable(call, TRAIT, record)
    check_precondition(call, record)
    if record.origin != "user":
        raise ApiError(
            call.choices.read_only_object_status,
            "ACCESS_DENIED",
            f"trait {record.id} is kept by the server and cannot be changed",
        )
    resets = call.choices.absent_field_on_put_resets
    fields = decode(FIELDS, call.members(), record.document, resets=resets)
    _check(call, fields, record)
    if fields["traitRule"] != record.document["traitRule"]:
        version = record.document["traitRuleVersion"]
        fields["traitRuleVersion"] = (version if isinstance(version, int) else 0) + 1
    return answer_one(save(call, TRAIT, record, fields))


def delete(call: Call) -> Answer:
    """DELETE /traits/<sid>."""
    record = addressed(call, TRAIT, "trait")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a trait; refuses what the server keeps and what a segment uses."""
    check_writable(call, TRAIT, record)
    if record.origin != "user":
        raise conflict(
            "CANNOT_DELETE_SYSTEM_TRAIT",
            f"trait {record.id} is kept by the server",
            *(("it goes with its folder",) if record.origin == "folder" else ()),
            status=call.choices.in_use_status,
        )
    users = using_segments(call, record.id)
    if users:
        raise conflict(
            "CANNOT_DELETE_ENTITY_IN_USE",
            f"trait {record.id} is in use",
            *users,
            status=call.choices.in_use_status,
        )
    remove(call.conn, TRAIT, record.id)


def validate(call: Call) -> Answer:
    """POST /traits/validate."""
    code = call.members().get("code")
    problem = rule_problem(call, code) if isinstance(code, str) else "code is required"
    if problem:
        raise invalid(problem)
    return Answer(200, as_json({"valid": True}))


def rule_problem(call: Call, rule: str) -> str | None:
    """Say what is wrong with a trait rule."""
    try:
        check_trait_rule(rule, call.choices.max_rule_depth)
    except RuleError as error:
        return f"traitRule: {error}"
    return None


def _check(call: Call, fields: Document, record: Record | None) -> None:
    problems: list[str] = []
    trait_type, rule = fields["traitType"], fields["traitRule"]
    if trait_type == "ALGO_TRAIT" and record is None:
        raise conflict("CANNOT_CREATE_TRAIT_FROM_MODEL", "the account has no model that has run")
    if trait_type == "RULE_BASED_TRAIT" and not rule:
        problems.append("traitRule is required")
    elif isinstance(rule, str) and rule:
        problem = rule_problem(call, rule)
        if problem:
            problems.append(problem)
    source_id, folder_id = fields["dataSourceId"], fields["folderId"]
    source = find(call.conn, DATA_SOURCE, source_id) if isinstance(source_id, int) else None
    if source is None:
        problems.append(f"dataSourceId {source_id} does not exist")
    if not (isinstance(folder_id, int) and folder_exists(call, TRAIT_FOLDER, folder_id)):
        problems.append(f"folderId {folder_id} does not exist")
    if problems or source is None:
        raise invalid(*problems)
    check_writable(call, DATA_SOURCE, source)
    if source.document["uniqueTraitIntegrationCodes"]:
        refuse_taken_code(call, TRAIT.table, TRAIT.noun, fields, record)


def refuse_taken_code(
    call: Call, table: str, noun: str, fields: Document, record: Record | None
) -> None:
    """Refuse an integration code that another object of the data source has."""
    code = fields["integrationCode"]
    if not code:
        return
    taken = call.conn.execute(
        f"SELECT id FROM {table} WHERE integration_code = ? AND data_source_id = ? AND id <> ?",  # noqa: S608
        (code, fields["dataSourceId"], 0 if record is None else record.id),
    ).fetchone()
    if taken is not None:
        raise conflict(
            "DUPLICATE_INTEGRATION_CODE", f"integration code {code} belongs to {noun} {taken[0]}"
        )


def _check_limits(call: Call, trait_type: str) -> None:
    limits = call.choices.limits
    if count(call.conn, TRAIT, limits["traits"]) >= limits["traits"]:
        raise limit_exceeded("traits", limits["traits"])
    limit = limits.get(trait_type, limits["traits"])
    if count(call.conn, TRAIT, limit, "WHERE trait_type = ?", trait_type) >= limit:
        raise limit_exceeded(f"traits of type {trait_type}", limit)
