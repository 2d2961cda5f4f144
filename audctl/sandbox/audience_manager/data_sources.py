"""Data sources: `/datasources`.

Field list after the documentation's sample answer and settings page; the field page itself is not public.
"""

from audctl.sandbox.audience_manager import rights, synced_traits
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.choices import makes_synced_trait
from audctl.sandbox.audience_manager.errors import conflict, invalid
from audctl.sandbox.audience_manager.fields import Document, Field, Form, decode
from audctl.sandbox.audience_manager.kinds import DATA_SOURCE
from audctl.sandbox.audience_manager.listing import (
    CODE_FILTER,
    Listing,
    Selection,
    condition_flag,
)
from audctl.sandbox.audience_manager.operation import (
    Operation,
    Parameter,
    flag,
    read_replace_delete,
)
from audctl.sandbox.audience_manager.records import (
    COMPANY_ID,
    Record,
    addressed,
    answer_one,
    check_precondition,
    check_writable,
    insert,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.shapes import NUMBER, STAMPS, TEXT, list_of, shown, written

EXPORT_CONTROLS = frozenset(
    {"PII", "ONSITE_PERSONALIZATION", "ONSITE_AD_TARGETING", "OFFSITE_AD_TARGETING"}
)
"""The first is in a documented sample, the second in a client's source; the other two are inferred."""

DAY_S = 86_400
MIN_RETENTION_S = 30 * DAY_S
MAX_RETENTION_S = 1_800 * DAY_S
"""Five years of 360 days, as the documentation's 155,520,000 seconds."""
DEFAULT_RETENTION_S = 720 * DAY_S
SAMPLING_MS = 14 * DAY_S * 1000
MAX_CODE_LENGTH = 255

_BOOLEANS = (
    "inboundS2S",
    "outboundS2S",
    "allowDataSharing",
    "allowDeviceGraphSharing",
    "useAudienceManagerVisitorID",
    "masterDataSourceIdProvider",
    "linkNamespace",
    "supportsAuthenticatedProfile",
    "deviceGraph",
    "samplingEnabled",
)

FIELDS = (
    Field("name", required=True, max_length=255),
    Field("description", default=""),
    Field("integrationCode", max_length=MAX_CODE_LENGTH),
    Field("status", default="ACTIVE", allowed=frozenset({"ACTIVE", "INACTIVE"})),
    Field("type", default="GENERAL", allowed=frozenset({"GENERAL"}), create_only=True),
    Field("idType", default="COOKIE", create_only=True),
    Field("subIdType", allowed=frozenset({"CROSS_DEVICE_PERSON", "CROSS_DEVICE_HOUSEHOLD"})),
    *(Field(name, Form.BOOLEAN, default=False) for name in _BOOLEANS),
    Field("uniqueTraitIntegrationCodes", Form.BOOLEAN, default=False, create_only=True),
    Field("uniqueSegmentIntegrationCodes", Form.BOOLEAN, default=False, create_only=True),
    Field("marketingCloudVisitorIdVersion", Form.NUMBER, default=0),
    Field("authenticatedProfileName", default=""),
    Field("deviceGraphName", default=""),
    Field("dataExportRestrictions", Form.TEXTS, default=(), allowed=EXPORT_CONTROLS),
    Field("customerProfileDataRetention", Form.NUMBER, low=MIN_RETENTION_S, high=MAX_RETENTION_S),
)
SORTABLE = frozenset(spec.name for spec in FIELDS) | {"createTime", "updateTime", "pid"}
_OBJECT_TYPES = ("trait", "segment")


def _own_unless_asked(call: Call, selection: Selection) -> None:
    if not call.flag("includeThirdParty"):
        selection.where("pid = ?", COMPANY_ID)


def _apply_object_type(call: Call, selection: Selection) -> None:
    asked = call.text("objectType")
    if asked is None:
        return
    if asked.lower() not in _OBJECT_TYPES:
        raise invalid(f"objectType must be one of {', '.join(_OBJECT_TYPES)}")
    # Those in which the company can make traits or segments: the same for both here.
    selection.where("pid = ? AND origin <> 'analytics'", COMPANY_ID)


LIST = Listing(
    DATA_SOURCE,
    SORTABLE,
    (
        flag("includeThirdParty", "Also data sources of others", _own_unless_asked),
        condition_flag("inboundOnly", "document ->> '$.inboundS2S' = 1", "Inbound ones only"),
        condition_flag("outboundOnly", "document ->> '$.outboundS2S' = 1", "Outbound ones only"),
        # What enables a data source for modelling is not documented; a model needs traits to learn from.
        condition_flag(
            "modelingEnabled",
            "EXISTS (SELECT 1 FROM aam_trait AS t WHERE t.data_source_id = aam_data_source.id)",
            "Only those with traits that models can use",
        ),
        condition_flag(
            "availableForContainersOnly",
            "json_array_length(document -> '$.containerIds') = 0",
            "Only those in no container",
        ),
        condition_flag("excludeReportSuites", "origin <> 'analytics'", "No report suites"),
        Parameter(
            "objectType",
            "Only those in which such objects can be made",
            allowed=_OBJECT_TYPES,
            apply=_apply_object_type,
        ),
        CODE_FILTER,
    ),
    row=lambda call: (
        # Error sampling turns itself off.
        f"iif(document ->> '$.samplingEndTime' < {call.now_ms},"
        " json_set(document, '$.samplingEnabled', json('false')), document)"
    ),
)


def list_id_types(call: Call) -> Answer:
    """GET /datasources/configurations/available-id-types."""
    return Answer(200, as_json(call.choices.available_id_types))


def list_visitor_id_versions(call: Call) -> Answer:
    """GET /datasources/configurations/marketing-cloud-visitorid-versions."""
    return Answer(200, as_json(call.choices.available_visitor_id_versions))


def read_one(call: Call) -> Answer:
    """GET /datasources/<id>."""
    record = addressed(call, DATA_SOURCE, "data_source")
    return answer_one(call, DATA_SOURCE, record, extras={"samplingEnabled": _samples(call, record)})


def create(call: Call) -> Answer:
    """POST /datasources."""
    rights.require_creation(call, DATA_SOURCE)
    fields = _check(call, decode(FIELDS, call.members(), None, call.choices), None)
    document = {**stamp_new(fields, call), "containerIds": []}
    document.update(_namespace(fields, call))
    record = insert(call.conn, DATA_SOURCE, document)
    record = save(call, DATA_SOURCE, record, {"customNamespaceId": record.id})
    if makes_synced_trait(record.document):
        synced_traits.create(call, record)
    return answer_one(call, DATA_SOURCE, record, 201)


def replace(call: Call) -> Answer:
    """PUT /datasources/<id>."""
    record = addressed(call, DATA_SOURCE, "data_source", "WRITE")
    check_writable(call, DATA_SOURCE, record)
    check_precondition(call, record)
    fields = decode(FIELDS, call.members(), record.document, call.choices)
    fields = _check(call, fields, record)
    if bool(fields["samplingEnabled"]) and not _samples(call, record):
        fields.update(_sampling(call))
    saved = save(call, DATA_SOURCE, record, fields)
    synced_traits.follow(call, saved)
    return answer_one(call, DATA_SOURCE, saved, call.choices.put_status)


def delete(call: Call) -> Answer:
    """DELETE /datasources/<id>."""
    record = addressed(call, DATA_SOURCE, "data_source", "DELETE")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a data source and the trait kept beside it; refuses while anything uses it."""
    rights.require(call, DATA_SOURCE, "DELETE", record)
    if record.origin == "analytics":
        raise conflict(
            "CANNOT_DELETE_REPORT_SUITE_DATA_SOURCE",
            f"data source {record.id} belongs to a report suite",
            status=call.choices.in_use_status,
        )
    check_writable(call, DATA_SOURCE, record)
    users = _users(call, record.id)
    if users:
        raise conflict(
            "CANNOT_DELETE_ENTITY_IN_USE",
            f"data source {record.id} is in use",
            *users,
            status=call.choices.in_use_status,
        )
    synced_traits.remove_for(call, record)
    remove(call.conn, DATA_SOURCE, record.id)


def _users(call: Call, data_source_id: int) -> list[str]:
    """Name what uses a data source, the first few of each kind."""
    users: list[str] = []
    for noun, table, condition in (
        ("trait", "aam_trait", "data_source_id = ? AND origin <> 'dataSource'"),
        ("segment", "aam_segment", "data_source_id = ?"),
        ("destination", "aam_destination", "data_source_id = ?"),
        ("merge rule", "aam_merge_rule", "? IN (SELECT value FROM json_each(data_source_ids))"),
    ):
        rows = call.conn.execute(
            f"SELECT id, name FROM {table} WHERE {condition} ORDER BY id LIMIT 5",  # noqa: S608
            (data_source_id,),
        )
        users.extend(f"{noun} {row['id']} {row['name']} uses it" for row in rows)
    return users


def _check(call: Call, fields: Document, record: Record | None) -> Document:
    """Check what spans fields or rows, and fill what depends on the id type."""
    cross_device = fields["idType"] == "CROSS_DEVICE"
    code = fields["integrationCode"]
    problems: list[str] = []
    if record is None and fields["idType"] not in call.choices.available_id_types:
        problems.append(f"idType must be one of {', '.join(call.choices.available_id_types)}")
    versions = call.choices.available_visitor_id_versions
    if fields["marketingCloudVisitorIdVersion"] not in versions:
        allowed = ", ".join(str(version) for version in versions)
        problems.append(f"marketingCloudVisitorIdVersion must be one of {allowed}")
    if cross_device and not code:
        problems.append("integrationCode is required for a cross-device data source")
    if fields["subIdType"] is not None and not cross_device:
        problems.append("subIdType is for cross-device data sources only")
    if problems:
        raise invalid(*problems)
    if code and call.choices.data_source_codes_unique:
        taken = call.conn.execute(
            "SELECT id FROM aam_data_source WHERE integration_code = ? AND id <> ?",
            (code, 0 if record is None else record.id),
        ).fetchone()
        if taken is not None:
            raise conflict(
                "DUPLICATE_INTEGRATION_CODE",
                f"integration code {code} belongs to data source {taken[0]}",
                status=call.choices.duplicate_status,
            )
    if cross_device:
        fields["useAudienceManagerVisitorID"] = False
        fields["customerProfileDataRetention"] = (
            fields["customerProfileDataRetention"] or DEFAULT_RETENTION_S
        )
    else:
        fields["customerProfileDataRetention"] = None
    return fields


def _namespace(fields: Document, call: Call) -> Document:
    code = fields["integrationCode"] or fields["name"]
    sampling = _sampling(call) if fields["samplingEnabled"] else {}
    return {
        "customNamespaceCode": code,
        "samplingStartTime": None,
        "samplingEndTime": None,
        **sampling,
    }


def _samples(call: Call, record: Record) -> bool:
    """Tell whether errors are sampled: once switched on, for two weeks."""
    end = record.document["samplingEndTime"]
    return bool(record.document["samplingEnabled"]) and isinstance(end, int) and call.now_ms <= end


def _sampling(call: Call) -> Document:
    return {"samplingStartTime": call.now_ms, "samplingEndTime": call.now_ms + SAMPLING_MS}


BODY = written(FIELDS)
SHAPE = shown(
    FIELDS,
    ("dataSourceId", "name"),
    dataSourceId={"type": "integer"},
    pid={"type": "integer"},
    containerIds=list_of({"type": "integer"}),
    customNamespaceId=NUMBER,
    customNamespaceCode=TEXT,
    samplingStartTime=NUMBER,
    samplingEndTime=NUMBER,
    **STAMPS,
)
_CONFIGURATIONS = "/datasources/configurations"


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on data sources."""
    return (
        LIST.operation("/datasources", SHAPE),
        Operation(
            "POST",
            "/datasources",
            create,
            "Create a data source",
            body=BODY,
            answer=SHAPE,
            status=201,
        ),
        Operation(
            "GET",
            f"{_CONFIGURATIONS}/available-id-types",
            list_id_types,
            "List the legal id types",
            answer=list_of({"type": "string"}),
        ),
        Operation(
            "GET",
            f"{_CONFIGURATIONS}/marketing-cloud-visitorid-versions",
            list_visitor_id_versions,
            "List the legal visitor id versions",
            answer=list_of({"type": "integer"}),
        ),
        *read_replace_delete(
            "/datasources/{data_source}",
            "data source",
            read=read_one,
            replace=replace,
            delete=delete,
            body=BODY,
            answer=SHAPE,
            put_status=put_status,
        ),
    )
