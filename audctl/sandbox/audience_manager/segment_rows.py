"""Segments as they are written and shown: their fields, and how a list makes its rows."""

from audctl.sandbox.audience_manager import segment_details
from audctl.sandbox.audience_manager.call import Call, as_json
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Field, Form
from audctl.sandbox.audience_manager.folder_tree import folder_ids
from audctl.sandbox.audience_manager.kinds import DEFAULT_MERGE_RULE_ID, SEGMENT, SEGMENT_FOLDER
from audctl.sandbox.audience_manager.listing import (
    CODE_FILTER,
    PERMISSIONS,
    Listing,
    Selection,
    filter_parameter,
    member_flag,
    permissions_asked,
    restrict,
)
from audctl.sandbox.audience_manager.operation import Parameter
from audctl.sandbox.audience_manager.shapes import NUMBER, STAMPS, list_of, shown, written

STATUSES = frozenset({"ACTIVE", "INACTIVE"})
FIELDS = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
    Field("segmentRule", required=True),
    Field("folderId", Form.NUMBER, required=True),
    Field("dataSourceId", Form.NUMBER, required=True),
    Field("mergeRuleDataSourceId", Form.NUMBER, default=DEFAULT_MERGE_RULE_ID),
    Field("integrationCode", max_length=255),
    Field("status", default="ACTIVE", allowed=STATUSES),
    # Written by an old version of the vendor's interface only.
    Field("startTime", Form.NUMBER, shown_when_null=False),
)
SORTABLE = frozenset(spec.name for spec in FIELDS) | {"createTime", "updateTime", "pid"}


def _apply_folder(call: Call, selection: Selection) -> None:
    selection.where_any("folder_id", folder_ids(call, SEGMENT_FOLDER))


def _apply_trait(call: Call, selection: Selection) -> None:
    traits = call.numbers("containsTrait")
    if traits:
        selection.where(
            "id IN (SELECT segment_id FROM aam_segment_trait"
            " WHERE trait_id IN (SELECT value FROM json_each(?)))",
            as_json(traits),
        )


def _apply_since(call: Call, selection: Selection) -> None:
    since = call.numbers("updatedSince")
    if since:
        column = "document ->> '$.updateTime'"
        if call.choices.updated_since_unit == "s":
            column = f"{column} / 1000"
        selection.where(f"{column} >= ?", since[-1])


def _apply_permission(call: Call, selection: Selection) -> None:
    for permission in permissions_asked(call, "permission"):
        restrict(call, SEGMENT, selection, permission)


LIST = Listing(
    SEGMENT,
    SORTABLE,
    (
        Parameter(
            "containsTrait",
            "Whose rule has one of these traits",
            Form.NUMBER,
            repeatable=True,
            apply=_apply_trait,
        ),
        Parameter(
            "folderId", "In these folders", Form.NUMBER, repeatable=True, apply=_apply_folder
        ),
        filter_parameter("dataSourceId", "data_source_id", "Of these data sources"),
        filter_parameter("mergeRuleDataSourceId", "merge_rule_id", "With these merge rules"),
        filter_parameter("status", "document ->> '$.status'", "Of these statuses", Form.TEXT),
        Parameter("updatedSince", "Changed since, epoch", Form.NUMBER, apply=_apply_since),
        Parameter(
            "permission",
            "Another name of permissions, as one client sends it",
            repeatable=True,
            allowed=PERMISSIONS,
            apply=_apply_permission,
        ),
        CODE_FILTER,
        member_flag("includeMetrics", segment_details.METRICS, "Add counts"),
        member_flag(
            "includeAddressableAudienceMetrics",
            segment_details.ADDRESSABLE,
            "Add addressable audiences; the stand-in has none to give",
        ),
        member_flag(
            "includeTraitDataSourceIds",
            segment_details.TRAIT_DATA_SOURCES,
            "Add the data sources of the rule's traits",
        ),
        member_flag("includeInUseStatus", segment_details.IN_USE, "Add what uses the segment"),
    ),
    row=lambda call: (
        "document"
        if call.choices.segment_list_has_merge_rule
        else "json_remove(document, '$.mergeRuleDataSourceId')"
    ),
)


BODY = written(FIELDS)
SHAPE = shown(
    FIELDS,
    ("sid", "name", "segmentRule"),
    sid={"type": "integer"},
    pid={"type": "integer"},
    inUse={"type": "boolean"},
    traitDataSourceIds=list_of(NUMBER),
    **STAMPS,
)
