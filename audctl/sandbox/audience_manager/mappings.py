"""Mappings of segments to destinations: `/destinations/<d>/mappings`, in the paths of the docs and of vendor code.

One segment may be mapped several times to one destination.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from audctl.sandbox.audience_manager import mapping_rows
from audctl.sandbox.audience_manager.dispatch import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import invalid, not_found
from audctl.sandbox.audience_manager.export_controls import refuse_blocked
from audctl.sandbox.audience_manager.fields import Document, Field, Form, decode
from audctl.sandbox.audience_manager.kinds import DESTINATION, MAPPING, SEGMENT
from audctl.sandbox.audience_manager.listing import (
    Page,
    Selection,
    answer_selection,
    requested_page,
    wrap_page,
)
from audctl.sandbox.audience_manager.records import (
    Record,
    addressed,
    check_precondition,
    find,
    insert,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.segments import linked_traits

FIELDS = (
    Field("sid", Form.NUMBER, required=True, create_only=True),
    Field("traitType", required=True, allowed=frozenset({"SEGMENT"}), create_only=True),
    Field("startDate", required=True),
    Field("endDate"),
    Field("traitAlias"),
    Field("valueAlias"),
    Field("url"),
    Field("secureUrl"),
    Field("tagCode"),
    Field("secureTagCode"),
    Field("priority", Form.NUMBER),
)
SORTABLE = frozenset(spec.name for spec in FIELDS)


def list_all(call: Call) -> Answer:
    """GET /destinations/<d>/mappings."""
    destination = addressed(call, DESTINATION, "destination")
    row = mapping_rows.sql_row(call.choices.mapping_id_name_in_list)
    selection = Selection("aam_mapping AS m", row=row)
    selection.where("destination_id = ?", destination.id)
    answer = answer_selection(call, MAPPING, selection, SORTABLE)
    if requested_page(call) is not None or not call.choices.mapping_list_always_wrapped:
        return answer
    (total,) = call.conn.execute(
        "SELECT count(*) FROM aam_mapping WHERE destination_id = ?", (destination.id,)
    ).fetchone()
    return Answer(200, wrap_page(answer.text or "[]", total, Page(0, total)))


def read_one(call: Call) -> Answer:
    """GET /destinations/<d>/mappings/<m>."""
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
    check_precondition(call, record)
    body = _dated(call, call.members(), record.document)
    resets = call.choices.absent_field_on_put_resets
    fields = decode(FIELDS, body, record.document, resets=resets)
    destination = _destination_of(call, record)
    _check(destination, fields)
    _echo_alias(destination, fields)
    return _answer(call, save(call, MAPPING, record, fields), 200)


def delete(call: Call) -> Answer:
    """DELETE /destinations/<d>/mappings/<m> or /destinations/<d>/segments/<m>."""
    record = _stored(call)
    check_precondition(call, record)
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
    fields = decode(FIELDS, _dated(call, body, None), None, resets=True)
    segment_id = fields["sid"]
    segment = find(call.conn, SEGMENT, segment_id) if isinstance(segment_id, int) else None
    if segment is None:
        raise invalid(f"sid {segment_id} is not a segment")
    _check(destination, fields)
    refuse_blocked(
        call,
        linked_traits(call, segment.id),
        segment.document["mergeRuleDataSourceId"],
        [destination.id],
    )
    if destination.document["destinationType"] == "ADS" and fields["priority"] is None:
        fields["priority"] = 1 + _mapping_count(call, destination)
    _echo_alias(destination, fields)
    stamped = stamp_new(fields, call)
    del stamped["pid"]
    return insert(call.conn, MAPPING, {"destinationId": destination.id, **stamped, "traitValue": 0})


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
    return Answer(status, as_json(mapping_rows.show(call, record)), {"ETag": record.etag})
