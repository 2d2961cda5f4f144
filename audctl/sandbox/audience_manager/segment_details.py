"""What a segment shows only when asked for: counts, use, data sources of its traits, the expression tree."""

import json

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Call, as_json
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import SEGMENT, TRAIT
from audctl.sandbox.audience_manager.operation import flag
from audctl.sandbox.audience_manager.records import Record
from audctl.sandbox.audience_manager.rule_tree import Frequency, as_document, leaves
from audctl.sandbox.audience_manager.segment_rule import parse_segment_rule

_METRIC_NAMES = (
    *(
        f"{kind}Uniques{days}Day"
        for kind in ("instant", "total")
        for days in (1, 7, 14, 30, 60, 90)
    ),
    "instantUniquesLifetime",
)
METRICS = dict.fromkeys(_METRIC_NAMES, "population")
"""Counts, each an SQL expression over a segment's row: the size that was last counted."""
ADDRESSABLE = {"addressableAudience": "NULL"}
"""Neither the member's name nor its meaning here is known, so it never carries a number."""
TRAIT_DATA_SOURCES = {
    "traitDataSourceIds": (
        "json((SELECT json_group_array(DISTINCT t.data_source_id) FROM aam_trait AS t"
        " JOIN aam_segment_trait AS st ON st.trait_id = t.id WHERE st.segment_id = aam_segment.id))"
    )
}
IN_USE = {
    "inUse": (
        "json(iif(EXISTS (SELECT 1 FROM aam_mapping AS m WHERE m.segment_id = aam_segment.id),"
        " 'true', 'false'))"
    ),
    "mappedEntities": (
        "json_object('destinations', json((SELECT json_group_array(DISTINCT m.destination_id)"
        " FROM aam_mapping AS m WHERE m.segment_id = aam_segment.id)))"
    ),
}
_BY_FLAG = {
    "includeMetrics": METRICS,
    "includeAddressableAudienceMetrics": ADDRESSABLE,
    "includeTraitDataSourceIds": TRAIT_DATA_SOURCES,
    "includeInUseStatus": IN_USE,
}
PARAMETERS = (
    *(flag(name, "As in the list") for name in _BY_FLAG),
    flag("includePermissions", "Add the caller's permissions"),
    flag("includeExprTree", "Add the rule as a tree, and its traits"),
)


def extras(call: Call, segment: Record) -> Document:
    """Give the members that a single read asks for."""
    members = {
        member: sql
        for name, found in _BY_FLAG.items()
        if call.flag(name)
        for member, sql in found.items()
    }
    if call.flag("includePermissions"):
        members["permissions"] = rights.permissions_sql(call, SEGMENT)
    shown: Document = {}
    if members:
        row = ", ".join(f"'{name}', {sql}" for name, sql in members.items())
        (text,) = call.conn.execute(
            f"SELECT json_object({row}) FROM aam_segment WHERE id = ?",  # noqa: S608 - own names
            (segment.id,),
        ).fetchone()
        shown = json.loads(text)
    if call.flag("includeExprTree"):
        shown |= _expression_tree(call, segment)
    return shown


def _expression_tree(call: Call, segment: Record) -> Document:
    rule = parse_segment_rule(str(segment.document["segmentRule"]), call.choices.max_rule_depth)
    ids = as_json(sorted(rule.traits))
    readable = _having(call, "READ", ids)
    rows = call.conn.execute(
        "SELECT json_object('sid', id, 'name', name, 'traitType', trait_type, 'dataSourceId',"
        " data_source_id) FROM aam_trait WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (ids,),
    )
    traits = [json.loads(row[0]) for row in rows]
    return {
        "traits": [trait for trait in traits if trait["sid"] in readable],
        "mappableTraits": sorted(_having(call, "MAP_TO_SEGMENTS", ids)),
        "hiddenTraits": sorted(rule.traits - readable),
        # Which rules the vendor's visual editor cannot show is not documented; exact counts are one guess.
        "codeViewOnly": any(
            isinstance(leaf, Frequency) and leaf.operator == "==" for leaf in leaves(rule.tree)
        ),
        "expressionTree": as_document(rule.tree),
    }


def _having(call: Call, permission: str, ids: str) -> set[int]:
    found = rights.condition(call, TRAIT, permission)
    restriction, values = ("", []) if found is None else (f" AND {found[0]}", found[1])
    rows = call.conn.execute(
        f"SELECT id FROM aam_trait WHERE id IN (SELECT value FROM json_each(?)){restriction}",  # noqa: S608
        (ids, *values),
    )
    return {row[0] for row in rows}
