"""Destinations: `/destinations`. URL (`PUSH`) and cookie (`ADS`) ones can be made; server-to-server ones (`S2S`) exist.

After the documentation's full pages on destinations.
"""

from audctl.sandbox.audience_manager import mapping_rows
from audctl.sandbox.audience_manager.data_sources import EXPORT_CONTROLS
from audctl.sandbox.audience_manager.dispatch import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Document, Field, Form, decode
from audctl.sandbox.audience_manager.kinds import DESTINATION
from audctl.sandbox.audience_manager.listing import (
    Selection,
    answer_selection,
    apply_permissions,
    apply_search,
)
from audctl.sandbox.audience_manager.records import (
    Record,
    addressed,
    answer_one,
    check_precondition,
    count,
    insert,
    remove,
    save,
    stamp_new,
)

_SHARED = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
    Field("mappingAutoFiller", default="NONE", allowed=frozenset({"NONE", "SID", "IC"})),
    Field("dataExportLabels", Form.TEXTS, default=(), allowed=EXPORT_CONTROLS),
)
FIELDS_BY_TYPE = {
    "PUSH": (
        *_SHARED,
        Field("serializationEnabled", Form.BOOLEAN, required=True),
        Field("urlFormatString"),
        Field("secureUrlFormatString"),
        Field("delimiter"),
    ),
    "ADS": (
        *_SHARED,
        Field("serializationEnabled", Form.BOOLEAN, required=True),
        Field("adServerTypeID", Form.NUMBER, required=True),
        Field("cookieName", required=True),
        Field("cnameDomain", default=""),
        Field("maxSize", Form.NUMBER, required=True),
        Field("ttl", Form.NUMBER, required=True),
        Field("domainRestrictions", required=True),
        Field("siteIDs", Form.NUMBERS, required=True),
        Field("formatType", required=True, allowed=frozenset({"single_key", "key_value"})),
        Field("singleKey"),
        Field("keySeparator"),
        Field("valueSeparator"),
        Field("serializationSeparator"),
    ),
    "S2S": _SHARED,
}
_DOMAIN_RESTRICTIONS = frozenset({"all_domains", "inclusion", "exclusion"})
_NEVER_SHOWN = "adServerTypeID"
SERVER_SET: Document = {
    "status": "ACTIVE",
    "dataSourceId": None,
    "startDate": None,
    "endDate": None,
    "domainRestrictions": "all_domains",
    "tagType": 0,
    "transferMethod": 0,
    "uparamEnabled": False,
}
LIST_MEMBERS = (
    "destinationId",
    "pid",
    "name",
    "description",
    "status",
    "destinationType",
    "createTime",
    "updateTime",
    "crUID",
    "upUID",
    "domainRestrictions",
)
"""All that a list row has; the description only when it is not empty."""
SORTABLE = frozenset(LIST_MEMBERS)
_RIGHTS = '["READ","WRITE","CREATE","DELETE"]'


def list_all(call: Call) -> Answer:
    """GET /destinations."""
    selection = Selection(DESTINATION.table, row=_list_row(call))
    segments = call.numbers("containsSegment")
    if segments:
        selection.where(
            "id IN (SELECT destination_id FROM aam_mapping WHERE segment_id IN (SELECT value FROM json_each(?)))",
            as_json(segments),
        )
        selection.add_member("mappings", mapping_rows.sql_of_destination(call.choices))
    selection.where_any("destination_type", call.query.get("restrictType", []))
    apply_search(call, selection)
    apply_permissions(call, selection, _RIGHTS)
    return answer_selection(call, DESTINATION, selection, SORTABLE)


def read_one(call: Call) -> Answer:
    """GET /destinations/<id>; its mappings only when asked for."""
    record = addressed(call, DESTINATION, "destination")
    return answer_one(record, extras={"mappings": _mappings(call, record)})


def create(call: Call) -> Answer:
    """POST /destinations."""
    body = call.members()
    kind = body.get("destinationType")
    if kind == "S2S":
        raise ApiError(
            call.choices.s2s_creation_status,
            "ACCESS_DENIED",
            "server-to-server destinations are set up by a consultant",
        )
    if kind not in ("PUSH", "ADS"):
        raise invalid("destinationType must be PUSH or ADS")
    fields = decode(FIELDS_BY_TYPE[str(kind)], body, None, resets=True)
    _check(fields, str(kind))
    _check_limits(call, str(kind))
    document = stamp_new({"destinationType": kind, **SERVER_SET, **fields}, call)
    document.pop(_NEVER_SHOWN, None)
    record = insert(call.conn, DESTINATION, document)
    return answer_one(record, 201, {"mappings": None})


def replace(call: Call) -> Answer:
    """PUT /destinations/<id>."""
    record = addressed(call, DESTINATION, "destination")
    check_precondition(call, record)
    kind = str(record.document["destinationType"])
    body = call.members()
    if body.get("destinationType", kind) != kind:
        raise invalid("destinationType cannot be changed")
    # The server keeps but never shows this one, so a whole object that was read cannot carry it.
    fields_of_kind = [spec for spec in FIELDS_BY_TYPE[kind] if spec.name != _NEVER_SHOWN]
    resets = call.choices.absent_field_on_put_resets
    fields = decode(fields_of_kind, body, record.document, resets=resets)
    _check(fields, kind)
    return answer_one(save(call, DESTINATION, record, fields), extras={"mappings": None})


def delete(call: Call) -> Answer:
    """DELETE /destinations/<id>."""
    record = addressed(call, DESTINATION, "destination")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a destination; refuses while segments are mapped to it."""
    if record.document["destinationType"] == "S2S":
        raise ApiError(
            call.choices.s2s_creation_status,
            "ACCESS_DENIED",
            "server-to-server destinations are removed by a consultant",
        )
    rows = call.conn.execute(
        "SELECT m.id, s.id AS segment_id, s.name FROM aam_mapping AS m JOIN aam_segment AS s ON s.id = m.segment_id"
        " WHERE m.destination_id = ? ORDER BY m.id LIMIT 5",
        (record.id,),
    ).fetchall()
    if rows:
        raise conflict(
            "CANNOT_DELETE_ENTITY_WITH_MAPPINGS",
            f"destination {record.id} has mappings",
            *(f"mapping {row['id']} of segment {row['segment_id']} {row['name']}" for row in rows),
            status=call.choices.in_use_status,
        )
    remove(call.conn, DESTINATION, record.id)


def _list_row(call: Call) -> str:
    members = ", ".join(
        f"'{name}', document -> '$.{name}'"
        for name in LIST_MEMBERS
        if name not in {"description", "status"}
    )
    row = f"json_object({members}, 'status', json('{as_json(call.choices.destination_status_in_list)}'))"
    return (
        f"iif(document ->> '$.description' = '', {row},"
        f" json_set({row}, '$.description', document ->> '$.description'))"
    )


def _mappings(call: Call, record: Record) -> list[Document] | None:
    if not call.flag("includeMappings"):
        return None
    return mapping_rows.of_destination(call, record.id)


def _check(fields: Document, kind: str) -> None:
    problems: list[str] = []
    serialised = bool(fields.get("serializationEnabled"))
    if kind == "PUSH" and serialised:
        if not fields["urlFormatString"] and not fields["secureUrlFormatString"]:
            problems.append("urlFormatString or secureUrlFormatString is required")
        problems += [
            f"{name} must contain %ALIAS%"
            for name in ("urlFormatString", "secureUrlFormatString")
            if fields[name] and "%ALIAS%" not in str(fields[name])
        ]
        if not fields["delimiter"]:
            problems.append("delimiter is required")
    if kind == "ADS":
        if fields["formatType"] == "single_key" and not fields["singleKey"]:
            problems.append("singleKey is required")
        needed = [
            "keySeparator",
            "valueSeparator",
            *(["serializationSeparator"] if serialised else []),
        ]
        problems += [f"{name} is required" for name in needed if not fields[name]]
        if str(fields["domainRestrictions"]).lower() not in _DOMAIN_RESTRICTIONS:
            problems.append(
                f"domainRestrictions must be one of {', '.join(sorted(_DOMAIN_RESTRICTIONS))}"
            )
    if problems:
        raise invalid(*problems)


def _check_limits(call: Call, kind: str) -> None:
    limits = call.choices.limits
    if count(call.conn, DESTINATION, limits["destinations"]) >= limits["destinations"]:
        raise limit_exceeded("destinations", limits["destinations"])
    if (
        count(call.conn, DESTINATION, limits[kind], "WHERE destination_type = ?", kind)
        >= limits[kind]
    ):
        raise limit_exceeded(f"destinations of type {kind}", limits[kind])
