"""An import as JSON: every file and every object that was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.findings_json import findings

if TYPE_CHECKING:
    from audctl.model.imported import ImportReport


def imported_to_json(report: ImportReport) -> dict[str, object]:
    """Give ``{files, skipped, managed, plan, findings, dryRun, liveAsOf}``."""
    at = report.live_as_of
    return {
        "files": [
            {
                "path": each.path,
                "address": str(each.address),
                "change": each.change.value,
                "fields": list(each.fields),
            }
            for each in report.files
        ],
        "skipped": [
            {
                "type": each.type,
                "liveId": each.live_id,
                "label": each.label,
                "reason": each.reason,
                "hint": each.hint or None,
            }
            for each in report.skipped
        ],
        "managed": report.managed,
        "plan": {"adopt": report.adopt, "observed": report.observed, "change": report.change},
        "findings": findings(report.findings),
        "dryRun": report.dry_run,
        "liveAsOf": None if at is None else at.isoformat().replace("+00:00", "Z"),
    }
