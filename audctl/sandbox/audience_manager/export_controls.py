"""Export controls: which data may not reach which destinations.

Controls come from the data sources of a rule's traits, from the profile merge rule and from the data sources that
rule uses; never from the segment's own data source. A segment is blocked where a control equals a destination's label.
"""

import json
from collections.abc import Iterable

from audctl.sandbox.audience_manager.call import Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, conflict

_CONTROLS = """
SELECT control.value AS control, source.id AS source_id, source.name AS source_name
FROM aam_data_source AS source, json_each(source.document -> '$.dataExportRestrictions') AS control
WHERE source.id IN (
    SELECT data_source_id FROM aam_trait WHERE id IN (SELECT value FROM json_each(:traits))
    UNION
    SELECT used.value FROM aam_merge_rule AS rule, json_each(rule.data_source_ids) AS used WHERE rule.id = :merge_rule
)
UNION
SELECT control.value, rule.id, rule.name
FROM aam_merge_rule AS rule, json_each(rule.document -> '$.dataExportRestrictions') AS control
WHERE rule.id = :merge_rule
ORDER BY 1, 2
"""


def refuse_blocked(
    call: Call, traits: Iterable[int], merge_rule_id: object, destination_ids: Iterable[int]
) -> None:
    """Refuse when a control of the traits or the merge rule meets a label of one of the destinations."""
    labels_by_destination = {
        row["id"]: (row["name"], frozenset(json.loads(row["labels"])))
        for row in call.conn.execute(
            "SELECT id, name, document -> '$.dataExportLabels' AS labels FROM aam_destination"
            " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (as_json(sorted(set(destination_ids))),),
        )
    }
    if not any(labels for _, labels in labels_by_destination.values()):
        return
    controls = call.conn.execute(
        _CONTROLS, {"traits": as_json(sorted(traits)), "merge_rule": merge_rule_id}
    ).fetchall()
    details = [
        f"{row['control']} of data source {row['source_id']} {row['source_name']}"
        f" forbids destination {destination_id} {name}"
        for destination_id, (name, labels) in labels_by_destination.items()
        for row in controls
        if row["control"] in labels
    ]
    if details:
        raise _blocked(call, details)


def _blocked(call: Call, details: list[str]) -> ApiError:
    return conflict(
        "EXPORT_CONTROL_VIOLATION",
        "data export controls forbid this",
        *details,
        status=call.choices.export_control_status,
    )
