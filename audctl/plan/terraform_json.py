"""A plan in the shape of ``terraform show -json``: the part that policies and comment bots read.

Terraform has fewer words than audctl. Each change becomes the actions whose effect on a live system it has:

=========  =======================  ==================================================================
create     ``create``
update     ``update``
replace    ``delete``, ``create``   with ``replace_paths``
delete     ``delete``
pause      ``update``               the object stays, and its state changes
adopt      ``update`` or ``no-op``  with ``importing``, as an imported resource has
forget     ``forget``
keep       ``no-op``
manual     ``no-op``                audctl does nothing; a person has to
=========  =======================  ==================================================================

What that loses stands under ``audctl``, a key that Terraform's plans do not have, in the plan and in each change.
``before`` and ``after`` hold the live id and the fields that change, not whole objects: a plan knows no more. Secret
values are masked and marked as sensitive. Numbers of people are left to audctl's own form.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeAlias

from audctl.model.change import Change, FieldReason
from audctl.model.finding import Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.value import Unknown
from audctl.model.verdict import Judgement
from audctl.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.change import FieldChange, Step
    from audctl.model.plan import Plan
    from audctl.model.value import Plain
    from audctl.model.verdict import Verdict

Json: TypeAlias = dict[str, Any]

TERRAFORM_FORMAT = "1.2"
"""Of Terraform's plan JSON: the version whose keys are used here. Its readers take any 1.x."""

_ACTIONS: Mapping[Change, tuple[str, ...]] = {
    Change.CREATE: ("create",),
    Change.UPDATE: ("update",),
    Change.REPLACE: ("delete", "create"),
    Change.DELETE: ("delete",),
    Change.PAUSE: ("update",),
    Change.ADOPT: ("update",),
    Change.FORGET: ("forget",),
    Change.KEEP: ("no-op",),
    Change.MANUAL: ("no-op",),
}

_ACTION_REASONS: Mapping[Change, str] = {
    Change.REPLACE: "replace_because_cannot_update",
    Change.DELETE: "delete_because_no_resource_config",
}
"""Terraform's own words, where one of them fits."""

_STATUS: Mapping[Judgement, str] = {
    Judgement.PASSED: "pass",
    Judgement.ALLOWED: "pass",
    Judgement.OVER: "fail",
    Judgement.UNKNOWN: "unknown",
}

_GONE = frozenset({Change.DELETE, Change.FORGET})
_DRIFTED = frozenset({FieldReason.DRIFT, FieldReason.CONFLICT})


def terraform_json(plan: Plan) -> Json:
    """Return the plan as a policy for Terraform plans reads it."""
    errored = any(each.severity is Severity.ERROR for each in plan.findings)
    return {
        "format_version": TERRAFORM_FORMAT,
        "resource_changes": [_resource_change(each) for each in plan.steps],
        "resource_drift": list(_drift(plan.steps)),
        "output_changes": {},
        "checks": [_check(each) for each in plan.verdicts],
        "timestamp": None
        if plan.live_as_of is None
        else f"{plan.live_as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "applyable": bool(plan.writes) and not errored,
        "complete": not plan.options.selection,
        "errored": errored,
        "audctl": {
            "tool": plan.tool,
            "project": plan.project,
            "environment": plan.environment.name,
            "digest": plan.digest,
            "summary": {str(change): count for change, count in plan.counts.items()},
        },
    }


def _resource_change(step: Step) -> Json:
    content: Json = {**_place(step), "change": _change(step)}
    if step.change in _ACTION_REASONS:
        content["action_reason"] = _ACTION_REASONS[step.change]
    if step.renamed_from is not None:
        content["previous_address"] = str(step.renamed_from)
    content["audctl"] = {
        "change": str(step.change),
        "reason": step.reason,
        "direct": step.direct,
        "label": step.label,
    }
    return content


def _place(step: Step) -> Json:
    return {
        "address": str(step.address),
        "mode": "managed",
        "type": step.type,
        "name": step.address.name,
        "provider_name": f"audctl.dev/audctl/{step.type.partition('.')[0]}",
    }


def _change(step: Step) -> Json:
    exists = step.change is not Change.CREATE and bool(step.live_id)
    before: Json | None = None
    if exists:
        before = {"id": step.live_id} | {
            each.field: _shown(each.before, each) for each in step.fields
        }
    content: Json = {
        "actions": list(_actions(step)),
        "before": before,
        "after": _after(step),
        "after_unknown": _after_unknown(step),
        "before_sensitive": _sensitive(step.fields) if exists else False,
        "after_sensitive": False if step.change in _GONE else _sensitive(step.fields),
    }
    if step.change is Change.ADOPT:
        content["importing"] = {"id": step.live_id}
    if step.change is Change.REPLACE:
        content["replace_paths"] = list(_replace_paths(step))
    return content


def _actions(step: Step) -> tuple[str, ...]:
    if step.change is Change.ADOPT and not step.fields:
        return _ACTIONS[Change.KEEP]
    return _ACTIONS[step.change]


def _after(step: Step) -> Json | None:
    """Return what is known of the object afterwards; Terraform leaves out what is not known."""
    if step.change in _GONE or (step.change is Change.MANUAL and not step.live_id):
        return None
    known = {
        each.field: _shown(each.after, each)
        for each in step.fields
        if not isinstance(each.after, Unknown)
    }
    kept_id = {} if step.change in (Change.CREATE, Change.REPLACE) else {"id": step.live_id}
    return kept_id | known


def _after_unknown(step: Step) -> Json:
    if step.change in _GONE:
        return {}
    unknown = {each.field: True for each in step.fields if isinstance(each.after, Unknown)}
    return ({"id": True} if step.change in (Change.CREATE, Change.REPLACE) else {}) | unknown


def _sensitive(fields: Iterable[FieldChange]) -> Json:
    return {each.field: True for each in fields if each.sensitive}


def _replace_paths(step: Step) -> Iterator[list[str]]:
    # A file from a newer audctl may name a type that this one does not know.
    known = OBJECT_TYPES.get(step.type)
    for each in step.fields:
        if known is not None and each.field in known.fields and known.fields[each.field].immutable:
            yield [each.field]


def _drift(steps: Iterable[Step]) -> Iterator[Json]:
    """Yield what somebody changed or removed outside audctl: from what was applied to what is live.

    Of a field that the manifest changed as well, the applied value stands in no plan.
    """
    for step in steps:
        drifted = tuple(each for each in step.fields if each.reason in _DRIFTED)
        if step.change is Change.CREATE or not drifted:
            continue
        applied = {
            each.field: _shown(each.after, each)
            for each in drifted
            if each.reason is FieldReason.DRIFT and not isinstance(each.after, Unknown)
        }
        live = {each.field: _shown(each.before, each) for each in drifted}
        yield {
            **_place(step),
            "change": {
                "actions": ["update"],
                "before": {"id": step.live_id} | applied,
                "after": {"id": step.live_id} | live,
                "after_unknown": {},
                "before_sensitive": _sensitive(drifted),
                "after_sensitive": _sensitive(drifted),
            },
            "audctl": {
                "changed_by": step.changed_by,
                "changed_at": step.changed_at.isoformat() if step.changed_at else None,
            },
        }


def _check(verdict: Verdict) -> Json:
    """Return a guard as a check block's result."""
    shown = {"to_display": f"guard.{verdict.guard}"}
    problem = f"{verdict.guard}: {verdict.measured}, limit {verdict.limit}"
    status = _STATUS[verdict.judgement]
    return {
        "address": {"kind": "check", "name": verdict.guard, **shown},
        "status": status,
        "instances": [
            {
                "address": {"to_display": name},
                "status": status,
                "problems": [{"message": problem}] if status == "fail" else [],
            }
            for name in verdict.names
        ],
    }


def _shown(value: Plain | Unknown, change: FieldChange) -> object:
    if change.sensitive and value is not None:
        return MASK
    if isinstance(value, Unknown):
        return None
    return list(value) if isinstance(value, tuple) else value
