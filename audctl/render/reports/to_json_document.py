"""A run as one JSON document: the result as ``--output json`` shows it, within what is true of every run."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

from audctl.render.findings_json import findings

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.model.run import Run


def json_document(run: Run) -> tuple[str, ...]:
    """Return ``{command, project, environment, startedAt, endedAt, exitCode, tool, error, findings, result}``."""
    document = {
        "command": run.command,
        "tool": run.tool,
        "project": run.project or None,
        "environment": run.environment or None,
        "startedAt": _moment(run.started_at),
        "endedAt": _moment(run.ended_at),
        "exitCode": run.exit_code,
        "error": None
        if run.failure is None
        else {
            "type": run.failure.type,
            "message": "; ".join(each.message for each in run.failure.findings),
        },
        "findings": findings(run.findings),
        "result": None if run.document is None else run.document(),
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n",)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
