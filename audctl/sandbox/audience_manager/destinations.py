"""Destinations: `/destinations`. URL (`PUSH`) and cookie (`ADS`) ones can be made; server-to-server ones (`S2S`) exist.

After the documentation's full pages on destinations.
"""

from audctl.sandbox.audience_manager import mapping_rows, rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.destination_rows import (
    BODIES,
    FIELDS_BY_TYPE,
    LIST,
    PLATFORMS,
    ROW,
    SHAPE,
)
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.fields import Document, decode, without_unset
from audctl.sandbox.audience_manager.kinds import DESTINATION
from audctl.sandbox.audience_manager.operation import Operation, flag, read_replace_delete
from audctl.sandbox.audience_manager.records import (
    Record,
    addressed,
    answer_one,
    check_precondition,
    count,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.records import create as store
from audctl.sandbox.audience_manager.shapes import list_of

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


def read_one(call: Call) -> Answer:
    """GET /destinations/<id>; its mappings only when asked for."""
    record = addressed(call, DESTINATION, "destination")
    return answer_one(call, DESTINATION, record, extras={"mappings": _mappings(call, record)})


def list_platforms(_call: Call) -> Answer:
    """GET /destinations/configurations/available-platforms."""
    return Answer(200, as_json(PLATFORMS))


def create(call: Call) -> Answer:
    """POST /destinations."""
    rights.require_creation(call, DESTINATION)
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
    specs = FIELDS_BY_TYPE[str(kind)]
    fields = decode(specs, body, None, call.choices)
    _check(call, fields, str(kind))
    _check_limits(call, str(kind))
    fields = without_unset(specs, fields, {})
    document = stamp_new({"destinationType": kind, **SERVER_SET, **fields}, call)
    document.pop(_NEVER_SHOWN, None)
    record = store(call, DESTINATION, document)
    return answer_one(call, DESTINATION, record, 201, {"mappings": None})


def replace(call: Call) -> Answer:
    """PUT /destinations/<id>."""
    record = addressed(call, DESTINATION, "destination", "WRITE")
    check_precondition(call, record)
    kind = str(record.document["destinationType"])
    body = call.members()
    if body.get("destinationType", kind) != kind:
        raise invalid("destinationType cannot be changed")
    # The server keeps but never shows this one, so a whole object that was read cannot carry it.
    fields_of_kind = [spec for spec in FIELDS_BY_TYPE[kind] if spec.name != _NEVER_SHOWN]
    fields = decode(fields_of_kind, body, record.document, call.choices)
    _check(call, fields, kind)
    if kind == "S2S" and fields["name"] != record.document["name"]:
        raise invalid("name cannot be changed")
    saved = save(call, DESTINATION, record, without_unset(fields_of_kind, fields, record.document))
    return answer_one(call, DESTINATION, saved, call.choices.put_status, {"mappings": None})


def delete(call: Call) -> Answer:
    """DELETE /destinations/<id>."""
    record = addressed(call, DESTINATION, "destination", "DELETE")
    check_precondition(call, record)
    delete_record(call, record)
    return Answer(204)


def delete_record(call: Call, record: Record) -> None:
    """Delete a destination; refuses while segments are mapped to it."""
    rights.require(call, DESTINATION, "DELETE", record)
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
    call.conn.execute("DELETE FROM aam_deleted_mapping WHERE destination_id = ?", (record.id,))
    remove(call.conn, DESTINATION, record.id)


def _mappings(call: Call, record: Record) -> list[Document] | None:
    if not call.flag("includeMappings"):
        return None
    return mapping_rows.of_destination(call, record.id)


def _check(call: Call, fields: Document, kind: str) -> None:
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
        problems += _unknown_sites(call, fields["siteIDs"])
    if problems:
        raise invalid(*problems)


def _check_limits(call: Call, kind: str) -> None:
    limits = call.choices.limits
    if count(call.conn, DESTINATION, limits["destinations"]) >= limits["destinations"]:
        raise limit_exceeded("destinations", limits["destinations"], call.choices.limit_status)
    if (
        count(call.conn, DESTINATION, limits[kind], "WHERE destination_type = ?", kind)
        >= limits[kind]
    ):
        raise limit_exceeded(
            f"destinations of type {kind}", limits[kind], call.choices.limit_status
        )


def _unknown_sites(call: Call, site_ids: object) -> list[str]:
    rows = call.conn.execute(
        "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM aam_partner_site)",
        (as_json(site_ids),),
    )
    return [f"siteIDs: partner site {row[0]} does not exist" for row in rows]


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on destinations."""
    return (
        LIST.operation("/destinations", ROW),
        Operation(
            "POST",
            "/destinations",
            create,
            "Create a URL or a cookie destination",
            body={"oneOf": [BODIES["PUSH"], BODIES["ADS"]]},
            answer=SHAPE,
            status=201,
        ),
        Operation(
            "GET",
            "/destinations/configurations/available-platforms",
            list_platforms,
            "List the platforms",
            answer=list_of({"type": "string"}),
        ),
        *read_replace_delete(
            "/destinations/{destination}",
            "destination",
            read=read_one,
            replace=replace,
            delete=delete,
            body={"oneOf": [*BODIES.values()]},
            answer=SHAPE,
            parameters=(flag("includeMappings", "Add the mappings"),),
            put_status=put_status,
        ),
    )
