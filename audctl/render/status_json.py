"""Status as plain data; ``schemas/status.schema.json`` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.effect import count_to_json
from audctl.render.findings_json import Json, moment_to_json, place_to_json

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from audctl.model.status import BindingStatus, StatusReport
    from audctl.model.synchronisation import WorkflowRun


def status(report: StatusReport) -> Json:
    """Give ``{result, bindings: [{address, definition, freshness, …}], failures, liveAsOf, …}``."""
    return {
        "result": report.result.value,
        "consistent": not report.waiting and not report.failures,
        "bindings": [binding(each, report.live_as_of) for each in report.bindings],
        "failures": [{"system": each.system, "message": each.message} for each in report.failures],
        "liveAsOf": moment_to_json(report.live_as_of),
        "only": list(report.selection.only),
        "exclude": list(report.selection.exclude),
        "leftOut": report.left_out,
    }


def waited(report: StatusReport, *, lasted: timedelta, looks: int, timed_out: bool) -> Json:
    """Give the status of the last look, and ``waited: {seconds, looks, timedOut}``."""
    about = {"seconds": int(lasted.total_seconds()), "looks": looks, "timedOut": timed_out}
    return {**status(report), "waited": about}


def binding(each: BindingStatus, now: datetime) -> Json:
    """Give one binding; ages are whole seconds, counts from 1 to 49 are ``"<50"``, null is unknown."""
    judged = each.judged
    at = judged.synchronised_at
    return {
        "address": str(each.address),
        "direction": each.direction.value,
        "audience": each.audience,
        "list": each.list or None,
        "consistent": each.consistent,
        "definition": each.definition.value,
        "troubles": [
            {
                "address": str(trouble.address),
                "definition": trouble.definition.value,
                "fields": list(trouble.fields),
            }
            for trouble in each.troubles
        ],
        "workflowsRun": each.runs,
        "workflows": [_workflow(run) for run in each.workflows if run is not None],
        "freshness": judged.freshness.value,
        "why": judged.why or None,
        "synchronisedAt": moment_to_json(at),
        "ageSeconds": None if at is None else max(0, int((now - at).total_seconds())),
        "limitSeconds": None if judged.limit is None else int(judged.limit.total_seconds()),
        "expectedFrom": moment_to_json(judged.earliest),
        "expectedBy": moment_to_json(judged.latest),
        "stages": [
            {"stage": stage.name, "by": moment_to_json(stage.by)} for stage in judged.stages
        ],
        "people": {
            "audience": count_to_json(each.audience_people),
            "list": count_to_json(each.list_people),
        },
        "matchPercent": each.match_percent,
        "place": place_to_json(each.span),
    }


def _workflow(run: WorkflowRun) -> Json:
    return {
        "name": run.name,
        "works": run.works,
        "state": run.state,
        "failed": run.failed,
        "errorActivity": run.error_activity or None,
        "lastWorkedAt": moment_to_json(run.processed_at),
    }
