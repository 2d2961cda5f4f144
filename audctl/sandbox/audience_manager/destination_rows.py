"""Destinations as they are written and shown: their fields by type, and how a list makes its rows."""

from audctl.sandbox.audience_manager import mapping_rows
from audctl.sandbox.audience_manager.call import Call, as_json
from audctl.sandbox.audience_manager.data_sources import EXPORT_CONTROLS
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Field, Form
from audctl.sandbox.audience_manager.kinds import DESTINATION
from audctl.sandbox.audience_manager.listing import Listing, Selection, filter_parameter
from audctl.sandbox.audience_manager.listing import member_flag as adding
from audctl.sandbox.audience_manager.operation import Parameter
from audctl.sandbox.audience_manager.shapes import NUMBER, STAMPS, TEXT, Schema, shown, written

PLATFORMS = ("BROWSER", "ANDROID", "iOS", "ALL")
_SHARED = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
    Field("mappingAutoFiller", default="NONE", allowed=frozenset({"NONE", "SID", "IC"})),
    Field("dataExportLabels", Form.TEXTS, default=(), allowed=EXPORT_CONTROLS),
    # Known by name only.
    Field("mapAllSegments", Form.BOOLEAN, shown_when_null=False),
    Field("devicePlatform", allowed=frozenset(PLATFORMS), shown_when_null=False),
    Field("hideReferrer", Form.BOOLEAN, shown_when_null=False),
    Field("maxMappings", Form.NUMBER, shown_when_null=False),
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
SORTABLE = frozenset(LIST_MEMBERS) - {"destinationId"}
DESTINATION_TYPES = (*sorted(FIELDS_BY_TYPE), "PULL")
_METRICS = {
    "mappingCount": (
        "(SELECT count(*) FROM aam_mapping AS m WHERE m.destination_id = aam_destination.id)"
    )
}
"""Which counts the live system adds is not documented."""
_ADDRESSABLE = {"addressableAudience": "NULL"}
_MASTER_ID_TYPE = {
    "masterDataSourceIdType": (
        "(SELECT s.document ->> '$.idType' FROM aam_data_source AS s"
        " WHERE s.id = aam_destination.data_source_id)"
    )
}


def _apply_segment(call: Call, selection: Selection) -> None:
    segments = call.numbers("containsSegment")
    if segments:
        selection.where(
            "id IN (SELECT destination_id FROM aam_mapping"
            " WHERE segment_id IN (SELECT value FROM json_each(?)))",
            as_json(segments),
        )
        selection.add_members({"mappings": mapping_rows.sql_of_destination(call.choices)})


def _list_row(call: Call) -> str:
    members = ", ".join(
        f"'{name}', document -> '$.{name}'"
        for name in LIST_MEMBERS
        if name not in {"description", "status"}
    )
    status = as_json(call.choices.destination_status_in_list).replace("'", "''")
    row = f"json_object({members}, 'status', json('{status}'))"
    return (
        f"iif(document ->> '$.description' = '', {row},"
        f" json_set({row}, '$.description', document ->> '$.description'))"
    )


LIST = Listing(
    DESTINATION,
    SORTABLE,
    (
        Parameter(
            "containsSegment",
            "To which one of these segments is mapped; adds the mappings",
            Form.NUMBER,
            repeatable=True,
            apply=_apply_segment,
        ),
        filter_parameter("restrictType", "destination_type", "Of these types", Form.TEXT),
        adding("includeMetrics", _METRICS, "Add counts"),
        adding(
            "includeAddressableAudienceMetrics",
            _ADDRESSABLE,
            "Add addressable audiences; the stand-in has none to give",
        ),
        adding(
            "includeMasterDataSourceIdType", _MASTER_ID_TYPE, "Add the id type of the data source"
        ),
    ),
    searched=("name", "description"),
    row=_list_row,
)
BODIES = {
    name: written(FIELDS_BY_TYPE[name], destinationType=name) for name in ("PUSH", "ADS", "S2S")
}
_SERVER_SET: dict[str, Schema] = {
    "destinationId": {"type": "integer"},
    "pid": {"type": "integer"},
    "destinationType": {"type": "string"},
    "status": {"type": "string"},
    "dataSourceId": NUMBER,
    "domainRestrictions": TEXT,
    **STAMPS,
}
SHAPE = shown(
    _SHARED,
    ("destinationId", "name", "destinationType", "mappings"),
    **_SERVER_SET,
    mappings={"type": ["array", "null"], "items": {"type": "object"}},
)
ROW = shown((), LIST_MEMBERS[:3], **_SERVER_SET, name=TEXT, description=TEXT)
