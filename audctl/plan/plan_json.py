"""A plan as JSON values: all a reviewer needs, nothing secret, no person.

What to write is not in it: an approved plan is never executed from its file. It is made again from the
manifests and the live systems, and goes on only when the digest is the same. Numbers of people below the smallest
one shown are written as ``"<50"``.

Keys are in snake_case, as in the plans of the tool whose readers will meet these; :mod:`audctl.plan.plan_from_json`
reads them back.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from audctl.model.change import Change
from audctl.model.effect import count_to_json
from audctl.model.plan import FORMAT_VERSION
from audctl.model.value import Unknown
from audctl.redact import MASK

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.model.change import FieldChange, Step
    from audctl.model.effect import Effect, Impact
    from audctl.model.finding import Finding
    from audctl.model.match_rate import MatchRate
    from audctl.model.plan import Plan, PlanOptions, Revision
    from audctl.model.span import Span
    from audctl.model.value import Plain
    from audctl.model.verdict import Verdict

Json: TypeAlias = dict[str, Any]


def plan_to_json(plan: Plan) -> Json:
    """Return the plan as JSON values; untouched objects are listed by address only."""
    content = {
        "format_version": FORMAT_VERSION,
        "tool": plan.tool,
        "project": plan.project,
        "environment": {
            "name": plan.environment.name,
            "organization": plan.environment.organization,
            "audience_manager": plan.environment.audience_manager,
            "campaign": plan.environment.campaign,
        },
        "revision": _revision_to_json(plan.revision),
        "options": options_to_json(plan.options),
        "partial": bool(plan.options.selection),
        "left_out": plan.left_out,
        "digest": plan.digest,
        "live_as_of": _moment(plan.live_as_of),
        "ledger_serial": plan.ledger_serial,
        "manifest_digest": plan.manifest_digest,
        "summary": {str(change): count for change, count in plan.counts.items()},
        "changes": [step_to_json(each) for each in plan.steps if each.change is not Change.KEEP],
        "kept": [
            {
                "address": str(each.address),
                "live_id": each.live_id,
                "reason": each.reason,
                "fields": [_field_to_json(field) for field in each.fields],
            }
            for each in plan.steps
            if each.change is Change.KEEP
        ],
        "effects": [_effect_to_json(each) for each in plan.effects],
        "match_rates": [match_rate_to_json(each) for each in plan.match_rates],
        "verdicts": [_verdict_to_json(each) for each in plan.verdicts],
        "findings": [_finding_to_json(each) for each in plan.findings],
        "unmanaged": dict(sorted(plan.unmanaged.items())),
        "calls": dict(sorted(plan.calls.items())),
    }
    return content | {"checksum": checksum_of(content)}


def match_rate_to_json(rate: MatchRate) -> Json:
    """Return one match rate; what could point at single people is left out."""
    share = None if rate.is_small else rate.share
    return {
        "address": str(rate.address),
        "basis": str(rate.basis),
        "rate": None if share is None else round(share.value, 4),
        "low": None if share is None else round(share.low, 4),
        "high": None if share is None else round(share.high, 4),
        "total": count_to_json(rate.total),
        "asked": count_to_json(rate.asked),
        "matched": count_to_json(rate.matched),
        "why": rate.why,
    }


def checksum_of(content: Json) -> str:
    """Return the SHA-256 of everything in a plan's JSON but its checksum, in hex.

    The digest says what was approved; this says that nobody touched what the approval was based on: reasons, numbers
    of people, what the guards said. It is no signature: who can write the file can write it, too.
    """
    rest = {name: value for name, value in content.items() if name != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def options_to_json(options: PlanOptions) -> Json:
    """Return what was allowed, and which part was asked for."""
    return {
        "adopt": options.adopt,
        "allowed": sorted(options.allowed),
        "only": list(options.selection.only),
        "exclude": list(options.selection.exclude),
    }


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
        "impact": None if step.impact is None else impact_to_json(step.impact),
        "protect": step.protect,
        "deletion_policy": step.deletion_policy,
        "instructions": step.instructions,
        "renamed_from": str(step.renamed_from) if step.renamed_from is not None else None,
        "after": [str(each) for each in step.after],
        "interim": dict(sorted(step.interim.items())),
        "removed_at": _moment(step.removed_at),
        "grace_days": step.grace_days,
        "previous_names": list(step.previous_names),
    }


def _field_to_json(change: FieldChange) -> Json:
    unknown = isinstance(change.after, Unknown)
    after = change.after
    hidden = change.sensitive
    return {
        "field": change.field,
        "before": _listed(change.before, hidden=hidden),
        "after": after.text if isinstance(after, Unknown) else _listed(after, hidden=hidden),
        "known_after_apply": unknown,
        "waits_for": [str(each) for each in after.waits_for] if isinstance(after, Unknown) else [],
        "reason": str(change.reason),
        "sensitive": change.sensitive,
        "source": _span_to_json(change.span),
    }


def impact_to_json(impact: Impact) -> Json:
    """Return people before and after; small counts as ``"<50"``, null for unknown."""
    return {
        "before": count_to_json(impact.before),
        "after": count_to_json(impact.after),
        "low": count_to_json(impact.low),
        "high": count_to_json(impact.high),
        "source": str(impact.source),
    }


def _effect_to_json(effect: Effect) -> Json:
    return {
        "address": str(effect.address),
        "label": effect.label,
        "purpose": effect.purpose,
        "direct": effect.direct,
        "chain": [str(each) for each in effect.chain],
        "impact": impact_to_json(effect.impact),
    }


def _verdict_to_json(verdict: Verdict) -> Json:
    return {
        "guard": verdict.guard,
        "judgement": str(verdict.judgement),
        "limit": verdict.limit,
        "measured": verdict.measured,
        "names": list(verdict.names),
        "allowed": list(verdict.allowed),
    }


def _revision_to_json(revision: Revision | None) -> Json | None:
    if revision is None:
        return None
    return {"commit": revision.commit, "branch": revision.branch, "dirty": revision.dirty}


def _finding_to_json(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "source": _span_to_json(finding.span),
        "hint": finding.hint,
        "address": str(finding.address) if finding.address is not None else None,
    }


def _span_to_json(span: Span | None) -> Json | None:
    if span is None:
        return None
    return {"file": span.file, "line": span.line, "column": span.column}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _listed(value: Plain, *, hidden: bool) -> object:
    if hidden and value is not None and not str(value).startswith(MASK):
        # Whoever compared them has masked them; a file is the last place to find out that one was forgotten.
        return MASK
    return list(value) if isinstance(value, tuple) else value
