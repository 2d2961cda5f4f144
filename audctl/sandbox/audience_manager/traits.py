"""Traits: `/traits`.

Field list after the vendor's bulk worksheet and public client code; the field page itself is not public.
"""

from audctl.sandbox.audience_manager import rights, taxonomy, trait_versions
from audctl.sandbox.audience_manager.call import Answer, Call, as_json, parse_id
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.fields import Document, Field, decode, without_unset
from audctl.sandbox.audience_manager.folder_tree import folder_exists
from audctl.sandbox.audience_manager.kinds import DATA_SOURCE, MODEL, TRAIT, TRAIT_FOLDER, Kind
from audctl.sandbox.audience_manager.listing import Selection, restrict
from audctl.sandbox.audience_manager.operation import Operation, flag, read_replace_delete
from audctl.sandbox.audience_manager.records import (
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
from audctl.sandbox.audience_manager.segment_rule import RuleError
from audctl.sandbox.audience_manager.shapes import Schema, list_of, written
from audctl.sandbox.audience_manager.synced_traits import using_segments
from audctl.sandbox.audience_manager.trait_rows import (
    ALGORITHMIC,
    BODY,
    FIELDS,
    LIST,
    METRICS,
    SHAPE,
)
from audctl.sandbox.audience_manager.trait_rule import check_trait_rule


def read_one(call: Call) -> Answer:
    """GET /traits/<sid>, /traits/ic:<code> or /traits/<sid>,<sid>: several answer as a list."""
    key = call.path["trait"]
    if "," in key and not key.startswith("ic:"):
        numbers = [parse_id(part) for part in key.split(",")]
        selection = Selection(TRAIT.table)
        selection.where("id IN (SELECT value FROM json_each(?))", as_json(numbers))
        restrict(call, TRAIT, selection, "READ")
        rows = call.conn.execute(
            f"SELECT document FROM aam_trait{selection.clause} ORDER BY id",  # noqa: S608
            selection.values,
        )
        return Answer(200, f"[{','.join([row[0] for row in rows])}]")
    record = addressed(call, TRAIT, "trait")
    return answer_one(call, TRAIT, record, extras=_metrics(call, record))


def create(call: Call) -> Answer:
    """POST /traits."""
    rights.require_creation(call, TRAIT)
    fields = decode(FIELDS, call.members(), None, call.choices)
    _check(call, fields, None)
    trait_type = str(fields["traitType"])
    _check_limits(call, trait_type)
    document = {**stamp_new(without_unset(FIELDS, fields, {}), call), "traitRuleVersion": 0}
    record = store(call, TRAIT, document)
    trait_versions.keep(call, record)
    return answer_one(call, TRAIT, record, 201)


def replace(call: Call) -> Answer:
    """PUT /traits/<sid>."""
    record = addressed(call, TRAIT, "trait", "WRITE")
    check_writable(call, TRAIT, record)
    check_precondition(call, record)
    if record.origin != "user":
        raise ApiError(
            call.choices.read_only_object_status,
            "ACCESS_DENIED",
            f"trait {record.id} is kept by the server and cannot be changed",
        )
    fields = decode(FIELDS, call.members(), record.document, call.choices)
    _check(call, fields, record)
    rule_changed = fields["traitRule"] != record.document["traitRule"]
    if rule_changed:
        version = record.document["traitRuleVersion"]
        fields["traitRuleVersion"] = (version if isinstance(version, int) else 0) + 1
    saved = save(call, TRAIT, record, without_unset(FIELDS, fields, record.document))
    if rule_changed:
        trait_versions.keep(call, saved)
    return answer_one(call, TRAIT, saved, call.choices.put_status)


def delete(call: Call) -> Answer:
    """DELETE /traits/<sid>."""
    record = addressed(call, TRAIT, "trait", "DELETE")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a trait; refuses what the server keeps and what a segment uses."""
    rights.require(call, TRAIT, "DELETE", record)
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
    trait_versions.forget(call, record.id)
    remove(call.conn, TRAIT, record.id)


def validate(call: Call) -> Answer:
    """POST /traits/validate."""
    code = str(decode(VALIDATED, call.members(), None, call.choices)["code"])
    problem = rule_problem(call, code)
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
    problems = _rule_problems(call, fields) + _value_problems(call, fields)
    source_id, folder_id = fields["dataSourceId"], fields["folderId"]
    source = find(call.conn, DATA_SOURCE, source_id) if isinstance(source_id, int) else None
    if source is None:
        problems.append(f"dataSourceId {source_id} does not exist")
    if not (isinstance(folder_id, int) and folder_exists(call, TRAIT_FOLDER, folder_id)):
        problems.append(f"folderId {folder_id} does not exist")
    if problems or source is None:
        raise invalid(*problems)
    check_writable(call, DATA_SOURCE, source)
    if fields["traitType"] == "ALGO_TRAIT":
        _check_model(call, fields)
    if record is None or record.document["dataSourceId"] != source.id:
        rights.require_creation(call, TRAIT, source)
    if source.document["uniqueTraitIntegrationCodes"]:
        refuse_taken_code(call, TRAIT, fields, record)


def _rule_problems(call: Call, fields: Document) -> list[str]:
    trait_type, rule = fields["traitType"], fields["traitRule"]
    if trait_type == "ALGO_TRAIT":
        # Not sent for algorithmic traits; what a client puts back unread is dropped.
        fields.update({"traitRule": None, "comments": "", "type": 0})
        return []
    fields.update(dict.fromkeys(ALGORITHMIC))
    if trait_type == "RULE_BASED_TRAIT" and not rule:
        return ["traitRule is required"]
    problem = rule_problem(call, rule) if isinstance(rule, str) and rule else None
    return [problem] if problem else []


def _value_problems(call: Call, fields: Document) -> list[str]:
    problems: list[str] = []
    category, trait_type = fields["categoryId"], fields["type"]
    if category is not None and not taxonomy.category_exists(category):
        problems.append(f"categoryId {category} does not exist")
    if trait_type is not None and not taxonomy.trait_type_exists(call, trait_type):
        problems.append(f"type {trait_type} does not exist")
    if fields["traitType"] == "ALGO_TRAIT":
        problems += [f"{name} is required" for name in ALGORITHMIC[:2] if fields[name] is None]
    return problems


def refuse_taken_code(call: Call, kind: Kind, fields: Document, record: Record | None) -> None:
    """Refuse an integration code that another object of the data source has."""
    code = fields["integrationCode"]
    if not code:
        return
    taken = call.conn.execute(
        f"SELECT id FROM {kind.table} WHERE integration_code = ? AND data_source_id = ? AND id <> ?",  # noqa: S608
        (code, fields["dataSourceId"], 0 if record is None else record.id),
    ).fetchone()
    if taken is not None:
        raise conflict(
            "DUPLICATE_INTEGRATION_CODE",
            f"integration code {code} belongs to {kind.noun} {taken[0]}",
            status=call.choices.duplicate_status,
        )


def _check_model(call: Call, fields: Document) -> None:
    model_id = fields["algoModelId"]
    model = find(call.conn, MODEL, model_id) if isinstance(model_id, int) else None
    if model is None or not model.document.get("lastRunTime"):
        raise conflict(
            "CANNOT_CREATE_TRAIT_FROM_MODEL",
            f"model {model_id} does not exist or has not run",
            status=call.choices.in_use_status,
        )


def _check_limits(call: Call, trait_type: str) -> None:
    limits, status = call.choices.limits, call.choices.limit_status
    if count(call.conn, TRAIT, limits["traits"]) >= limits["traits"]:
        raise limit_exceeded("traits", limits["traits"], status)
    limit = limits.get(trait_type, limits["traits"])
    if count(call.conn, TRAIT, limit, "WHERE trait_type = ?", trait_type) >= limit:
        raise limit_exceeded(f"traits of type {trait_type}", limit, status)


def _metrics(call: Call, record: Record) -> Document:
    if not call.flag("includeMetrics"):
        return {}
    (population,) = call.conn.execute(
        "SELECT population FROM aam_trait WHERE id = ?", (record.id,)
    ).fetchone()
    return dict.fromkeys(METRICS, population)


VALIDATED = (Field("code", required=True),)
"""Body of the rule checks."""
VALID: Schema = {"type": "object", "properties": {"valid": {"const": True}}, "required": ["valid"]}


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on traits."""
    one_or_several: Schema = {"oneOf": [SHAPE, list_of(SHAPE)]}
    return (
        LIST.operation("/traits", SHAPE),
        Operation("POST", "/traits", create, "Create a trait", body=BODY, answer=SHAPE, status=201),
        Operation(
            "POST",
            "/traits/validate",
            validate,
            "Check a trait rule",
            body=written(VALIDATED),
            answer=VALID,
        ),
        trait_versions.OPERATION,
        *read_replace_delete(
            "/traits/{trait}",
            "trait",
            read=read_one,
            replace=replace,
            delete=delete,
            body=BODY,
            answer=one_or_several,
            parameters=(flag("includeMetrics", "Add counts"),),
            put_status=put_status,
        ),
    )
