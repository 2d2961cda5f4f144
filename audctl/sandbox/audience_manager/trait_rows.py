"""Traits as they are written and shown: their fields, and how a list makes its rows."""

from audctl.sandbox.audience_manager.call import Call
from audctl.sandbox.audience_manager.errors import invalid
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Field, Form
from audctl.sandbox.audience_manager.folder_tree import folder_ids
from audctl.sandbox.audience_manager.kinds import TRAIT, TRAIT_FOLDER
from audctl.sandbox.audience_manager.listing import (
    CODE_FILTER,
    Listing,
    Selection,
    filter_parameter,
)
from audctl.sandbox.audience_manager.operation import Parameter, flag
from audctl.sandbox.audience_manager.records import COMPANY_ID
from audctl.sandbox.audience_manager.shapes import NUMBER, STAMPS, shown, written

CREATABLE_TYPES = frozenset({"RULE_BASED_TRAIT", "ON_BOARDED_TRAIT", "ALGO_TRAIT"})
DEFAULT_TTL_DAYS = 120

FIELDS = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("description", default=""),
    Field("traitType", required=True, allowed=CREATABLE_TYPES, create_only=True),
    Field("dataSourceId", Form.NUMBER, required=True),
    Field("folderId", Form.NUMBER, required=True),
    Field("integrationCode", max_length=255),
    Field("traitRule"),
    Field("comments", default=""),
    Field("ttl", Form.NUMBER, default=DEFAULT_TTL_DAYS),
    Field("type", Form.NUMBER, default=0),
    Field("categoryId", Form.NUMBER),
    Field("status", default="ACTIVE", allowed=frozenset({"ACTIVE", "INACTIVE"})),
    Field("backfillStatus", default="NONE"),
    Field("algoModelId", Form.NUMBER, shown_when_null=False),
    Field("thresholdType", allowed=frozenset({"REACH", "ACCURACY"}), shown_when_null=False),
    Field("accuracy", Form.NUMBER, high=100, shown_when_null=False),
)
ALGORITHMIC = ("algoModelId", "thresholdType", "accuracy")
TRAIT_TYPES = (
    *sorted(CREATABLE_TYPES),
    "FOLDER_TRAIT",
    "COMPANY_ACTIVITY_TRAIT",
    "TEST_SEGMENT",
    "NON_ALGO_TRAIT",
    "SEGMENT",
)
"""Those beyond the creatable ones appear read-only."""
SORTABLE = frozenset(spec.name for spec in FIELDS) | {"createTime", "updateTime", "pid"}
ONLY_WITH_DETAILS = ("ttl", "integrationCode", "comments", "traitRule", "traitRuleVersion", "type")
"""Members that list rows leave out unless `includeDetails=true`."""
METRICS = {
    f"{name}{days}Day": "population"
    for days in (1, 7, 14, 30, 60, 90)
    for name in ("uniques", "count")
}
_METRIC_TYPES = ("DEVICE", "CROSS_DEVICE")


def _apply_details(call: Call, selection: Selection) -> None:
    if not call.flag("includeDetails"):
        selection.leave_out(*ONLY_WITH_DETAILS)
    if not call.choices.trait_list_has_status:
        selection.leave_out("status", "backfillStatus")


def _apply_metrics(call: Call, selection: Selection) -> None:
    if call.flag("includeMetrics"):
        if call.choices.metrics_hide_trait_rules:
            selection.leave_out("traitRule")
        selection.add_members(METRICS)


def _apply_folder(call: Call, selection: Selection) -> None:
    selection.where_any("folder_id", folder_ids(call, TRAIT_FOLDER))


def _apply_third_party(call: Call, selection: Selection) -> None:
    if call.query["includeThirdParty"] and not call.flag("includeThirdParty"):
        selection.where("pid = ?", COMPANY_ID)


def _check_metrics_type(call: Call, _selection: Selection) -> None:
    # The stand-in counts profiles one way, so that both types answer alike.
    asked = call.text("metricsType")
    if asked is not None and asked not in _METRIC_TYPES:
        raise invalid(f"metricsType must be one of {', '.join(_METRIC_TYPES)}")


LIST = Listing(
    TRAIT,
    SORTABLE,
    (
        flag("includeDetails", "Add the members that rows leave out", _apply_details),
        flag("includeMetrics", "Add counts", _apply_metrics),
        Parameter("metricsType", "What to count", allowed=_METRIC_TYPES, apply=_check_metrics_type),
        Parameter(
            "folderId", "In these folders", Form.NUMBER, repeatable=True, apply=_apply_folder
        ),
        filter_parameter("dataSourceId", "data_source_id", "Of these data sources"),
        Parameter(
            "restrictType",
            "Of these types",
            repeatable=True,
            allowed=TRAIT_TYPES,
            apply=lambda call, selection: selection.where_any(
                "trait_type", call.query["restrictType"]
            ),
        ),
        filter_parameter("usesModel", "document ->> '$.algoModelId'", "Made from these models"),
        flag("includeThirdParty", "Given as false: own traits only", _apply_third_party),
        CODE_FILTER,
    ),
)


BODY = written(FIELDS)
SHAPE = shown(
    FIELDS,
    ("sid", "name", "traitType"),
    sid={"type": "integer"},
    pid={"type": "integer"},
    traitRuleVersion=NUMBER,
    **STAMPS,
)
