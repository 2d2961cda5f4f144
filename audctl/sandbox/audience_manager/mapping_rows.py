"""How stored mappings are shown: the id's name depends on the call, segment details are looked up when read."""

import json

from audctl.sandbox.audience_manager.call import Call
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import SEGMENT
from audctl.sandbox.audience_manager.records import Record, find

_OF_SEGMENT = "SELECT {} FROM aam_segment AS s WHERE s.id = m.segment_id"
_ELEMENT = {
    "elementName": _OF_SEGMENT.format("s.name"),
    "elementDescription": _OF_SEGMENT.format("s.document ->> '$.description'"),
    "elementStatus": _OF_SEGMENT.format("lower(s.document ->> '$.status')"),
}


def sql_row(id_name: str) -> str:
    """Give the SQL expression of one shown mapping of table alias `m`."""
    # json_set and not json_patch, which would drop the members that are null.
    members = ", ".join(f"'$.{name}', ({query})" for name, query in _ELEMENT.items())
    return f"json_set(json_remove(m.document, '$.destinationMappingId'), '$.{id_name}', m.id, {members})"


def sql_of_destination(choices: Choices) -> str:
    """Give the SQL expression of all mappings of the destination in the outer row."""
    row = sql_row(choices.mapping_id_name_in_destination)
    return (
        f"json((SELECT json_group_array(json({row})) FROM aam_mapping AS m"  # noqa: S608 - own names
        " WHERE m.destination_id = aam_destination.id))"
    )


def sql_deleted_row(id_name: str) -> str:
    """Give the SQL expression of one shown deleted mapping of table alias `m`."""
    return f"json_set({sql_row(id_name)}, '$.elementStatus', 'deleted')"


def of_destination(call: Call, destination_id: int) -> list[Document]:
    """Give a destination's mappings as they are shown inside it."""
    rows = call.conn.execute(
        "SELECT m.document AS mapping, s.document AS segment FROM aam_mapping AS m"
        " JOIN aam_segment AS s ON s.id = m.segment_id WHERE m.destination_id = ? ORDER BY m.id",
        (destination_id,),
    )
    name = call.choices.mapping_id_name_in_destination
    return [_show(json.loads(row["mapping"]), json.loads(row["segment"]), name) for row in rows]


def show(call: Call, record: Record) -> Document:
    """Give one mapping as single calls show it."""
    segment_id = record.document["sid"]
    segment = find(call.conn, SEGMENT, segment_id) if isinstance(segment_id, int) else None
    return _show(
        record.document, {} if segment is None else segment.document, call.choices.mapping_id_name
    )


def _show(mapping: Document, segment: Document, id_name: str) -> Document:
    status = segment.get("status")
    return {
        id_name: mapping["destinationMappingId"],
        **{name: value for name, value in mapping.items() if name != "destinationMappingId"},
        "elementName": segment.get("name"),
        "elementDescription": segment.get("description"),
        "elementStatus": status.lower() if isinstance(status, str) else None,
    }
