"""Mappings of segments to destinations: `/destinations/<d>/mappings`, in the paths of the docs and of vendor code.

One segment may be mapped several times to one destination.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from audctl.sandbox.audience_manager import mapping_rows, rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, invalid, limit_exceeded, not_found
from audctl.sandbox.audience_manager.export_controls import refuse_blocked
from audctl.sandbox.audience_manager.fields import Document, decode
from audctl.sandbox.audience_manager.kinds import DESTINATION, MAPPING, SEGMENT
from audctl.sandbox.audience_manager.mapping_list import BODY, FIELDS, LIST, SHAPE, list_all
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import (
    Record,
    addressed,
    check_precondition,
    entity_tag,
    find,
    insert,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.segments import linked_traits
from audctl.sandbox.audience_manager.shapes import list_of, paged


def read_one(call: Call) -> Answer:
    """GET /destinations/<d>/mappings/<m>."""
    addressed(call, DESTINATION, "destination")
    return _answer(call, _stored(call), 200)


def create(call: Call) -> Answer:
    """POST /destinations/<d>/mappings."""
    destination = addressed(call, DESTINATION, "destination")
    return _answer(call, _create(call, destination, call.members()), 201)


def create_many(call: Call) -> Answer:
    """POST /destinations/<d>/bulk-create: all or none."""
    destination = addressed(call, DESTINATION, "destination")
    if not isinstance(call.body, list) or not all(isinstance(item, dict) for item in call.body):
        raise invalid("the body must be a list of mappings")
    records = [_create(call, destination, item) for item in call.body]
    return Answer(201, as_json([mapping_rows.show(call, record) for record in records]))


def replace(call: Call) -> Answer:
    """PUT /destinations/<d>/mappings/<m> or /destinations/mappings/<m>."""
    record = _stored(call)
    destination = _destination_of(call, record)
    _require_write(call, destination)
    check_precondition(call, record)
    body = _dated(call, call.members(), record.document)
    fields = decode(FIELDS, body, record.document, call.choices)
    if fields["sid"] != record.document["sid"]:
        _check_segment(call, destination, fields["sid"])
    _check(destination, fields)
    _echo_alias(destination, fields)
    return _answer(call, save(call, MAPPING, record, fields), call.choices.put_status)


def delete(call: Call) -> Answer:
    """DELETE /destinations/<d>/mappings/<m> or /destinations/<d>/segments/<m>."""
    record = _stored(call)
    _require_write(call, _destination_of(call, record))
    check_precondition(call, record)
    call.conn.execute(
        "INSERT INTO aam_deleted_mapping SELECT id, destination_id, document FROM aam_mapping"
        " WHERE id = ?",
        (record.id,),
    )
    remove(call.conn, MAPPING, record.id)
    return Answer(204)


def _stored(call: Call) -> Record:
    record = addressed(call, MAPPING, "mapping")
    if "destination" in call.path and record.document["destinationId"] != call.id(
        "destination", "destination"
    ):
        raise not_found(MAPPING.noun, call.path["mapping"])
    return record


def _destination_of(call: Call, record: Record) -> Record:
    destination_id = record.document["destinationId"]
    destination = (
        find(call.conn, DESTINATION, destination_id) if isinstance(destination_id, int) else None
    )
    if destination is None:
        raise not_found(DESTINATION.noun, destination_id)
    return destination


def _create(call: Call, destination: Record, body: Mapping[str, object]) -> Record:
    _require_write(call, destination)
    fields = decode(FIELDS, _dated(call, body, None), None, call.choices)
    if destination.document["destinationType"] == "S2S" and not call.choices.s2s_mapping_allowed:
        raise ApiError(
            call.choices.s2s_creation_status,
            "ACCESS_DENIED",
            "a consultant maps segments to server-to-server destinations",
        )
    _check_segment(call, destination, fields["sid"])
    _check(destination, fields)
    most = destination.document.get("maxMappings")
    enforced = call.choices.max_mappings_enforced and isinstance(most, int)
    if enforced and isinstance(most, int) and _mapping_count(call, destination) >= most:
        raise limit_exceeded(
            f"mappings to destination {destination.id}", most, call.choices.limit_status
        )
    if destination.document["destinationType"] == "ADS" and fields["priority"] is None:
        fields["priority"] = 1 + _mapping_count(call, destination)
    _echo_alias(destination, fields)
    stamped = stamp_new(fields, call)
    del stamped["pid"]
    return insert(call.conn, MAPPING, {"destinationId": destination.id, **stamped, "traitValue": 0})


def _check_segment(call: Call, destination: Record, segment_id: object) -> None:
    segment = find(call.conn, SEGMENT, segment_id) if isinstance(segment_id, int) else None
    if segment is None:
        raise invalid(f"sid {segment_id} is not a segment")
    rights.require(call, SEGMENT, "MAP_TO_DESTINATIONS", segment)
    refuse_blocked(
        call,
        linked_traits(call, segment.id),
        segment.document["mergeRuleDataSourceId"],
        [destination.id],
    )


def _require_write(call: Call, destination: Record) -> None:
    permission = "WRITE" if call.choices.mapping_needs_destination_write else "READ"
    rights.require(call, DESTINATION, permission, destination)


def _echo_alias(destination: Record, fields: Document) -> None:
    """Show the alias of a serialised URL destination as both of its URLs."""
    kind = destination.document["destinationType"]
    if kind == "PUSH" and destination.document["serializationEnabled"]:
        fields["url"] = fields["secureUrl"] = fields["traitAlias"]


def _mapping_count(call: Call, destination: Record) -> int:
    query = "SELECT count(*) FROM aam_mapping WHERE destination_id = ?"
    return int(call.conn.execute(query, (destination.id,)).fetchone()[0])


def _dated(call: Call, body: Mapping[str, object], stored: Mapping[str, object] | None) -> Document:
    """Read the dates of a body; a start date loses the days it loses in the live system's samples."""
    dated = dict(body)
    problems: list[str] = []
    for name in ("startDate", "endDate"):
        value = body.get(name)
        if value is None or (stored is not None and value == stored[name]):
            continue
        day = _read_date(value)
        if day is None:
            problems.append(f"{name} must be a date such as 2026-01-31")
            continue
        lost = call.choices.mapping_start_date_days_lost if name == "startDate" else 0
        dated[name] = (day - timedelta(days=lost)).isoformat()
    if problems:
        raise invalid(*problems)
    return dated


def _read_date(value: object) -> date | None:
    """Read `yyyy-MM-dd`, or milliseconds since the epoch as an old client sent them."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            read = datetime.fromtimestamp(value / 1000, UTC).date()
        else:
            read = datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return read if read.year > 1 else None


def _check(destination: Record, fields: Document) -> None:
    kind = destination.document["destinationType"]
    serialised = bool(destination.document.get("serializationEnabled"))
    if kind == "PUSH" and not serialised:
        missing = [] if fields["url"] or fields["secureUrl"] else ["url or secureUrl"]
    elif kind == "ADS" and destination.document.get("formatType") == "single_key":
        missing = [] if fields["valueAlias"] else ["valueAlias"]
    elif kind == "ADS":
        missing = [name for name in ("traitAlias", "valueAlias") if not fields[name]]
    else:
        missing = [] if fields["traitAlias"] else ["traitAlias"]
    if missing:
        raise invalid(*(f"{name} is required for this destination" for name in missing))


def _answer(call: Call, record: Record, status: int) -> Answer:
    text = as_json(mapping_rows.show(call, record))
    return Answer(status, text, entity_tag(call, MAPPING, record))


_BASE = "/destinations/{destination}"


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on mappings; updates and deletes have two paths, in the docs and in vendor code."""
    one = f"{_BASE}/mappings/{{mapping}}"
    return (
        Operation(
            "GET",
            f"{_BASE}/mappings",
            list_all,
            "List the mappings of a destination",
            LIST.all_parameters(),
            answer=paged(SHAPE),
        ),
        Operation(
            "POST",
            f"{_BASE}/mappings",
            create,
            "Map a segment",
            body=BODY,
            answer=SHAPE,
            status=201,
        ),
        Operation(
            "POST",
            f"{_BASE}/traits",
            create,
            "Map a segment, at the path of one documentation page",
            body=BODY,
            answer=SHAPE,
            status=201,
        ),
        Operation(
            "POST",
            f"{_BASE}/bulk-create",
            create_many,
            "Map several segments, all or none",
            body=list_of(BODY),
            answer=list_of(SHAPE),
            status=201,
        ),
        Operation("GET", one, read_one, "Read one mapping", answer=SHAPE),
        *(
            Operation(
                "PUT",
                path,
                replace,
                "Replace a mapping",
                body=BODY,
                answer=SHAPE,
                status=put_status,
            )
            for path in (one, "/destinations/mappings/{mapping}")
        ),
        *(
            Operation("DELETE", path, delete, "Delete a mapping", status=204)
            for path in (one, f"{_BASE}/segments/{{mapping}}")
        ),
    )
