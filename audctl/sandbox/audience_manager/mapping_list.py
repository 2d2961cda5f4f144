"""The list of a destination's mappings, deleted ones included when asked for."""

from audctl.sandbox.audience_manager import mapping_rows, rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.fields import Field, Form
from audctl.sandbox.audience_manager.kinds import DESTINATION, MAPPING
from audctl.sandbox.audience_manager.listing import (
    PERMISSIONS,
    Listing,
    Page,
    Selection,
    answer_selection,
    permissions_asked,
    requested_page,
    wrap_page,
)
from audctl.sandbox.audience_manager.operation import flag
from audctl.sandbox.audience_manager.records import Record, addressed
from audctl.sandbox.audience_manager.segment_details import METRICS
from audctl.sandbox.audience_manager.shapes import NUMBER, STAMPS, TEXT, Schema, shown, written

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
SORTABLE = frozenset(spec.name for spec in FIELDS) | {"createTime", "updateTime"}
_ALL = (
    "(SELECT id, document, destination_id, document ->> '$.sid' AS segment_id, 0 AS deleted"
    " FROM aam_mapping UNION ALL SELECT id, document, destination_id, document ->> '$.sid', 1"
    " FROM aam_deleted_mapping) AS m"
)


def _apply_metrics(call: Call, selection: Selection) -> None:
    if call.flag("includeMetrics"):
        size = "(SELECT s.population FROM aam_segment AS s WHERE s.id = m.segment_id)"
        selection.add_members(dict.fromkeys(METRICS, size))


def _include_deleted(call: Call, selection: Selection) -> None:
    if call.flag("includeDeletedEntities"):
        name = call.choices.mapping_id_name_in_list
        selection.table = _ALL
        selection.row = (
            f"iif(deleted, {mapping_rows.sql_deleted_row(name)}, {mapping_rows.sql_row(name)})"
        )


LIST = Listing(
    MAPPING,
    SORTABLE,
    (
        # First: it changes what the rows are made from.
        flag("includeDeletedEntities", "Also mappings that were deleted", _include_deleted),
        flag("includeMetrics", "Add the counts of the segments", _apply_metrics),
    ),
    searched=("sid", "traitAlias", "valueAlias", "url", "secureUrl"),
)


def list_all(call: Call) -> Answer:
    """GET /destinations/<d>/mappings."""
    destination = addressed(call, DESTINATION, "destination")
    row = mapping_rows.sql_row(call.choices.mapping_id_name_in_list)
    selection = Selection("aam_mapping AS m", row)
    selection.where("destination_id = ?", destination.id)
    for parameter in LIST.all_parameters():
        if parameter.apply is not None and not parameter.name.lower().endswith("permissions"):
            parameter.apply(call, selection)
    _apply_permissions(call, destination, selection)
    answer = answer_selection(call, MAPPING, selection, SORTABLE)
    if requested_page(call) is not None or not call.choices.mapping_list_always_wrapped:
        return answer
    (total,) = call.conn.execute(
        f"SELECT count(*) FROM {selection.table}{selection.clause}",  # noqa: S608
        selection.values,
    ).fetchone()
    return Answer(200, wrap_page(answer.text or "[]", total, Page(0, total)))


def _apply_permissions(call: Call, destination: Record, selection: Selection) -> None:
    """Narrow by, and add, the permissions on the destination: a mapping has none of its own."""
    having = [
        name
        for name in PERMISSIONS
        if rights.may(call, DESTINATION, "READ" if name == "READ" else "WRITE", destination)
    ]
    if not set(permissions_asked(call, "permissions")) <= set(having):
        selection.where("0")
    if call.flag("includePermissions"):
        selection.add_members({"permissions": f"json('{as_json(having)}')"})


BODY = written(FIELDS)
_SHOWN = {
    "traitValue": NUMBER,
    "destinationId": {"type": "integer"},
    "elementName": TEXT,
    "elementDescription": TEXT,
    "elementStatus": TEXT,
    **STAMPS,
}
SHAPE: Schema = shown(FIELDS, ("sid", "destinationId"), **_SHOWN)
