"""Reports as plain data for other programs. Fields are added over time, never renamed; readers ignore new ones.

Plans are not here: a plan's public form is the plan file, described by its own schema.
Values are as they are, not printable: escaping for a terminal is the reader's own business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import FindingsError, ProviderError
from audctl.model.change import Change
from audctl.model.outcome import Result
from audctl.model.report import DriftKind
from audctl.model.value import Unknown
from audctl.redact import MASK
from audctl.render.findings_json import Json, findings, moment_to_json, place_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.errors import AudctlError
    from audctl.model.change import FieldChange
    from audctl.model.journal import Event, RunHistory
    from audctl.model.ledger import Intent, LedgerEntry, LedgerExcerpt, LedgerView, LockState
    from audctl.model.lock import LockRecord
    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.model.report import (
        DoctorReport,
        DriftItem,
        DriftReport,
        FieldExplanation,
        Share,
        UnmanagedItem,
        UnmanagedReport,
        ValidateReport,
    )
    from audctl.model.settling import Settling
    from audctl.model.traffic import Traffic
    from audctl.model.value import Plain


def validation(report: ValidateReport) -> Json:
    """Give ``{valid, resources: [{address, place}], findings}``."""
    return {
        "valid": report.is_valid,
        "resources": [
            {"address": str(each.address), "place": place_to_json(each.span())}
            for each in sorted(report.resources, key=lambda each: each.address)
        ],
        "findings": findings(report.findings),
    }


def error(raised: AudctlError) -> Json:
    """Give ``{error: {type, message, …}, findings}``: what stands on stdout instead of a result."""
    about: Json = {"type": type(raised).__name__, "message": str(raised)}
    if isinstance(raised, ProviderError):
        about |= {
            "operation": raised.operation or None,
            "code": raised.code or None,
            "retryable": raised.retryable,
            "mayHaveHappened": raised.may_have_happened,
        }
    if notes := getattr(raised, "__notes__", None):
        about["notes"] = list(notes)
    listed = raised.findings if isinstance(raised, FindingsError) else ()
    return {"error": about, "findings": findings(listed)}


def apply_report(plan: Json, report: ApplyReport | None) -> Json:
    """Give ``{plan, applied, allowed, done, failed, notTried, verified, left, pending, …}``.

    Of a plan that was not applied, only the first two.
    """
    if report is None:
        return {"plan": plan, "applied": False}
    return {
        "plan": plan,
        "applied": True,
        "run": report.run,
        "allowed": list(report.allowed),
        "done": [_outcome(each) for each in report.of(Result.DONE)],
        "failed": [_outcome(each) for each in report.of(Result.FAILED)],
        "notTried": [_outcome(each) for each in report.of(Result.NOT_TRIED)],
        "interrupted": report.interrupted,
        "halted": report.halted,
        "remarks": list(report.remarks),
        "traffic": traffic(report.traffic),
        "journal": report.journal or None,
        "verified": report.verified,
        "left": [
            {
                "address": str(step.address),
                "change": step.change.value,
                "reason": step.reason,
                "written": report.wrote(step),
                "fields": [_left_field(each) for each in step.fields]
                if step.change is Change.UPDATE
                else [],
            }
            for step in report.left
            if step.change is not Change.KEEP
        ],
        "pending": [settling(each) for each in report.pending],
    }


def settling(each: Settling) -> Json:
    """Give ``{address, since, from, by, why, stages: [{stage, by}]}``: what platforms still move, and until when."""
    return {
        "address": str(each.address),
        "since": moment_to_json(each.begun),
        "from": moment_to_json(each.earliest),
        "by": moment_to_json(each.latest),
        "why": each.why,
        "stages": [{"stage": stage.name, "by": moment_to_json(stage.by)} for stage in each.stages],
    }


def _left_field(change: FieldChange) -> Json:
    after = change.after
    wanted = str(after) if isinstance(after, Unknown) else after
    return {
        "field": change.field,
        "wanted": _value(wanted, sensitive=change.sensitive),
        "live": _value(change.before, sensitive=change.sensitive),
        "sensitive": change.sensitive,
    }


def history(found: RunHistory) -> Json:
    """Give ``{folder, runs: [{run, state, result, command, …}]}``, newest first."""
    return {
        "folder": str(found.folder),
        "runs": [
            {
                "run": each.run,
                "state": each.state.value,
                "result": each.result or None,
                "command": each.command,
                "project": each.project,
                "environment": each.environment,
                "startedAt": moment_to_json(each.started_at),
                "endedAt": moment_to_json(each.ended_at),
                "done": each.done,
                "failed": each.failed,
                "notTried": each.not_tried,
                "journal": str(each.path),
            }
            for each in found.runs
        ],
    }


def event(each: Event) -> Json:
    """Give an event as its journal holds it."""
    at = each.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": each.type, "number": each.number, "at": at, **each.content}


def traffic(systems: Mapping[str, Traffic]) -> Json:
    """Give ``{system: {calls, repeated, throttled, waitedSeconds, atMostSeconds, inFlight, ceiling}}``."""
    return {
        system: {
            "calls": each.made,
            "repeated": each.repeated,
            "throttled": each.throttled,
            "waitedSeconds": round(each.waited_s, 3),
            "atMostSeconds": each.at_most_s,
            "inFlight": round(each.in_flight, 3),
            "ceiling": each.ceiling,
        }
        for system, each in sorted(systems.items())
    }


def _outcome(outcome: Outcome) -> Json:
    step = outcome.step
    return {
        "address": str(step.address),
        "type": step.type,
        "change": step.change.value,
        "liveId": outcome.live_id or step.live_id or None,
        "message": outcome.message or None,
        "mayHaveHappened": outcome.may_have_happened,
        "blockedBy": None if outcome.blocked_by is None else str(outcome.blocked_by),
    }


def drift(report: DriftReport) -> Json:
    """Give ``{result, drifted: [{address, kind, fields, …}], awaited, unknown, failures, checked, liveAsOf, …}``."""
    return {
        "result": report.result.value,
        "drifted": [_drift_item(each) for each in report.items],
        "awaited": [_drift_item(each) for each in report.awaited],
        "unknown": [str(each) for each in report.unknown],
        "failures": [{"system": each.system, "message": each.message} for each in report.failures],
        "checked": report.checked,
        "liveAsOf": moment_to_json(report.live_as_of),
        "only": list(report.selection.only),
        "exclude": list(report.selection.exclude),
        "leftOut": report.left_out,
        "since": moment_to_json(report.since),
        "older": report.older,
    }


def _drift_item(item: DriftItem) -> Json:
    return {
        "address": str(item.address),
        "type": item.type,
        "kind": item.kind.value,
        "liveId": item.live_id or None,
        "label": item.label or None,
        "observed": item.observed,
        "fields": [
            {
                "field": each.field,
                "kind": each.kind.value,
                "recorded": _value(each.recorded, sensitive=each.sensitive),
                "live": _value(each.live, sensitive=each.sensitive),
                "desired": _value(each.desired, sensitive=each.sensitive)
                if each.kind in (DriftKind.MANIFEST, DriftKind.CONFLICT)
                else None,
                "sensitive": each.sensitive,
                "place": place_to_json(each.span),
            }
            for each in item.fields
        ],
        "changedAt": moment_to_json(item.changed_at),
        "changedBy": item.changed_by or None,
        "appliedAt": moment_to_json(item.applied_at),
        "place": place_to_json(item.span),
        "settledBy": moment_to_json(item.settled_by),
        "why": item.why or None,
    }


def doctor(report: DoctorReport) -> Json:
    """Give ``{healthy, checks: [{name, ok, message, hint}]}``; ``ok`` null: not possible after an earlier failure."""
    return {
        "healthy": report.is_healthy,
        "checks": [
            {
                "name": each.name,
                "ok": each.ok,
                "message": each.message,
                "hint": each.hint or None,
            }
            for each in report.checks
        ],
    }


def unmanaged(report: UnmanagedReport) -> Json:
    """Give ``{objects, elsewhere, shares, overall, liveAsOf}``; ``percent`` is null where there is nothing at all."""
    return {
        "objects": [_unmanaged(each) for each in report.items],
        "elsewhere": [{**_unmanaged(each), "owner": each.owner} for each in report.elsewhere],
        "shares": [{"type": each.type, **_share(each)} for each in report.shares],
        "overall": _share(report.overall),
        "liveAsOf": moment_to_json(report.live_as_of),
    }


def _unmanaged(item: UnmanagedItem) -> Json:
    return {
        "type": item.type,
        "liveId": item.live_id,
        "label": item.label or None,
        "key": list(item.key),
        "changedAt": moment_to_json(item.changed_at),
        "changedBy": item.changed_by or None,
    }


def _share(share: Share) -> Json:
    return {
        "here": share.here,
        "elsewhere": share.elsewhere,
        "nobody": share.nobody,
        "percent": share.percent,
    }


def ledger(view: LedgerView) -> Json:
    """Give ``{project, serial, lock, entries: [{address, …}], intents, overrides}``; no fields, no fingerprints."""
    content = view.ledger
    return {
        "project": content.project,
        "serial": content.serial,
        "lock": _lock(view.lock),
        "entries": [_owned(each) for _, each in sorted(content.entries.items())],
        "intents": [_intended(each) for _, each in sorted(content.intents.items())],
        "overrides": [
            {"run": each.run, "at": moment_to_json(each.at), "allowed": list(each.allowed)}
            for each in content.overrides
        ],
    }


def ledger_excerpt(found: LedgerExcerpt) -> Json:
    """Give ``{project, serial, lock, entries: [{address, …, fields, secrets}], intents}``; of secrets the names."""
    return {
        "project": found.project,
        "serial": found.serial,
        "lock": _lock(found.lock),
        "entries": [
            {
                **_owned(each),
                "graceDays": each.grace_days,
                "previousNames": list(each.previous_names),
                "requires": [str(address) for address in each.requires],
                "secrets": sorted(each.secrets),
                "fields": {
                    name: _value(content, sensitive=False)
                    for name, content in sorted(each.fields.items())
                },
            }
            for each in found.entries
        ],
        "intents": [{**_intended(each), "key": list(each.key)} for each in found.intents],
    }


def unlocked(broken: LockRecord | None) -> Json:
    """Give ``{unlocked, lock}``: the lock that is gone; null when nobody held one."""
    return {"unlocked": broken is not None, "lock": None if broken is None else _held(broken)}


def _lock(lock: LockState) -> Json | None:
    if lock.trouble:
        return {"trouble": lock.trouble}
    return None if lock.held is None else _held(lock.held)


def _held(held: LockRecord) -> Json:
    return {
        "token": held.token,
        "holder": held.holder,
        "host": held.host or None,
        "reason": held.reason or None,
        "plan": held.plan or None,
        "since": moment_to_json(held.since),
        "until": moment_to_json(held.until),
    }


def _owned(entry: LedgerEntry) -> Json:
    return {
        "address": str(entry.address),
        "type": entry.type,
        "liveId": entry.live_id,
        "label": entry.label or None,
        "protect": entry.protect,
        "deletionPolicy": entry.deletion_policy or None,
        "removedAt": moment_to_json(entry.removed_at),
        "created": entry.created,
        "appliedAt": moment_to_json(entry.applied_at),
    }


def _intended(intent: Intent) -> Json:
    return {
        "address": str(intent.address),
        "run": intent.run,
        "begunAt": moment_to_json(intent.begun_at),
    }


def field_explanation(shown: FieldExplanation) -> Json:
    """Give ``{path, type, description, required, choices, default, examples, fields}``; values as JSON texts."""
    return {
        "path": shown.path,
        "type": shown.type,
        "description": shown.description,
        "required": shown.required,
        "choices": list(shown.choices),
        "default": shown.default,
        "examples": list(shown.examples),
        "fields": [
            {
                "name": each.name,
                "type": each.type,
                "required": each.required,
                "description": each.description,
            }
            for each in shown.fields
        ],
    }


def code_meaning(code: str, meaning: str) -> Json:
    """Give ``{code, meaning}``."""
    return {"code": code, "meaning": meaning}


def _value(content: Plain, *, sensitive: bool) -> object:
    if sensitive:
        return MASK
    return list(content) if isinstance(content, tuple) else content
