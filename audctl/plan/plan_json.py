"""A plan as JSON values and back: all a reviewer needs, nothing secret.

What to write is not in it: an approved plan is never executed from its file. It is made again from the
manifests and the live systems, and goes on only when the digest is the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from audctl.model.address import Address, parse_address
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.effect import Impact
from audctl.model.finding import Finding, Severity
from audctl.model.plan import FORMAT_VERSION, EnvironmentIdentity, Plan, PlanOptions
from audctl.model.span import Span
from audctl.model.value import Unknown

if TYPE_CHECKING:
    from audctl.model.value import Plain

Json: TypeAlias = dict[str, Any]


def plan_to_json(plan: Plan) -> Json:
    """Return the plan as JSON values; untouched objects are listed by address only."""
    return {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "environment": {
            "name": plan.environment.name,
            "organization": plan.environment.organization,
            "audience_manager": plan.environment.audience_manager,
            "campaign": plan.environment.campaign,
        },
        "options": options_to_json(plan.options),
        "digest": plan.digest,
        "live_as_of": _moment(plan.live_as_of),
        "ledger_serial": plan.ledger_serial,
        "manifest_digest": plan.manifest_digest,
        "summary": {str(change): count for change, count in plan.counts.items()},
        "changes": [step_to_json(each) for each in plan.steps if each.change is not Change.KEEP],
        "kept": [
            {"address": str(each.address), "live_id": each.live_id, "reason": each.reason}
            for each in plan.steps
            if each.change is Change.KEEP
        ],
        "findings": [_finding_to_json(each) for each in plan.findings],
        "unmanaged": dict(sorted(plan.unmanaged.items())),
        "calls": dict(sorted(plan.calls.items())),
    }


def options_to_json(options: PlanOptions) -> Json:
    """Return what was allowed."""
    return {"adopt": options.adopt, "allowed": sorted(options.allowed)}


def step_to_json(step: Step) -> Json:
    """Return one step; every key is always there."""
    return {
        "address": str(step.address),
        "type": step.type,
        "change": str(step.change),
        "reason": step.reason,
        "label": step.label,
        "direct": step.direct,
        "fields": [_field_to_json(each) for each in step.fields],
        "content": step.content,
        "live_id": step.live_id,
        "fingerprint": step.fingerprint,
        "changed_at": _moment(step.changed_at),
        "changed_by": step.changed_by,
        "requires": [str(each) for each in step.requires],
        "source": _span_to_json(step.span),
        "impact": None
        if step.impact is None
        else {"before": step.impact.before, "after": step.impact.after},
        "protect": step.protect,
        "deletion_policy": step.deletion_policy,
        "instructions": step.instructions,
        "renamed_from": str(step.renamed_from) if step.renamed_from is not None else None,
    }


def plan_from_json(content: Json) -> Plan:
    """Read the JSON values back; raise KeyError, TypeError or ValueError where they are not a plan's."""
    kept = tuple(
        Step(
            address=(address := parse_address(each["address"])),
            type=address.object,
            change=Change.KEEP,
            reason=each["reason"],
            live_id=each["live_id"],
        )
        for each in content["kept"]
    )
    return Plan(
        project=_text(content["project"]),
        environment=EnvironmentIdentity(
            name=_text(content["environment"]["name"]),
            organization=_text(content["environment"]["organization"]),
            audience_manager=_text(content["environment"]["audience_manager"]),
            campaign=_text(content["environment"]["campaign"]),
        ),
        steps=kept + tuple(_step(each) for each in content["changes"]),
        findings=tuple(_finding(each) for each in content["findings"]),
        unmanaged={_text(name): int(count) for name, count in content["unmanaged"].items()},
        live_as_of=_read_moment(content["live_as_of"]),
        ledger_serial=int(content["ledger_serial"]),
        manifest_digest=_text(content["manifest_digest"]),
        digest=_text(content["digest"]),
        calls={_text(name): int(count) for name, count in content["calls"].items()},
        options=PlanOptions(
            adopt=bool(content["options"]["adopt"]),
            allowed=frozenset(_text(each) for each in content["options"]["allowed"]),
        ),
    )


def _step(content: Json) -> Step:
    impact = content["impact"]
    renamed_from = content["renamed_from"]
    return Step(
        address=parse_address(content["address"]),
        type=_text(content["type"]),
        change=Change(content["change"]),
        reason=_text(content["reason"]),
        label=_text(content["label"]),
        direct=bool(content["direct"]),
        fields=tuple(_field(each) for each in content["fields"]),
        content=_text(content["content"]),
        live_id=_text(content["live_id"]),
        fingerprint=_text(content["fingerprint"]),
        changed_at=_read_moment(content["changed_at"]),
        changed_by=_text(content["changed_by"]),
        requires=_addresses(content["requires"]),
        span=_span(content["source"]),
        impact=None if impact is None else Impact(before=impact["before"], after=impact["after"]),
        protect=bool(content["protect"]),
        deletion_policy=_text(content["deletion_policy"]),
        instructions=_text(content["instructions"]),
        renamed_from=None if renamed_from is None else parse_address(renamed_from),
    )


def _field_to_json(change: FieldChange) -> Json:
    unknown = isinstance(change.after, Unknown)
    after = change.after
    return {
        "field": change.field,
        "before": _listed(change.before),
        "after": after.text if isinstance(after, Unknown) else _listed(after),
        "known_after_apply": unknown,
        "waits_for": [str(each) for each in after.waits_for] if isinstance(after, Unknown) else [],
        "reason": str(change.reason),
        "sensitive": change.sensitive,
        "source": _span_to_json(change.span),
    }


def _field(content: Json) -> FieldChange:
    after: Plain | Unknown
    if content["known_after_apply"]:
        after = Unknown(_text(content["after"]), _addresses(content["waits_for"]))
    else:
        after = _plain(content["after"])
    return FieldChange(
        field=_text(content["field"]),
        before=_plain(content["before"]),
        after=after,
        reason=FieldReason(content["reason"]),
        sensitive=bool(content["sensitive"]),
        span=_span(content["source"]),
    )


def _finding_to_json(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "source": _span_to_json(finding.span),
        "hint": finding.hint,
        "address": str(finding.address) if finding.address is not None else None,
    }


def _finding(content: Json) -> Finding:
    address = content["address"]
    return Finding(
        _text(content["code"]),
        Severity(content["severity"]),
        _text(content["message"]),
        _span(content["source"]),
        _text(content["hint"]),
        None if address is None else parse_address(address),
    )


def _span_to_json(span: Span | None) -> Json | None:
    if span is None:
        return None
    return {"file": span.file, "line": span.line, "column": span.column}


def _span(content: Json | None) -> Span | None:
    if content is None:
        return None
    return Span(_text(content["file"]), int(content["line"]), int(content["column"]))


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _addresses(texts: list[str]) -> tuple[Address, ...]:
    return tuple(parse_address(each) for each in texts)


def _listed(value: Plain) -> object:
    return list(value) if isinstance(value, tuple) else value


def _plain(value: object) -> Plain:
    if isinstance(value, list):
        return tuple(_text(each) for each in value)
    if value is None or isinstance(value, (str, int)):
        return value
    raise ValueError(f"not a field value: {type(value).__name__}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value
