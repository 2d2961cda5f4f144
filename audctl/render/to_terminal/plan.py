"""A plan for a reviewer with ten seconds: counts first, then one block per resource that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldReason
from audctl.model.finding import Severity
from audctl.render.printable import printable
from audctl.render.to_terminal.findings import findings
from audctl.render.to_terminal.words import (
    counted,
    label,
    moment,
    place,
    value,
    who_and_when,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import FieldChange, Step
    from audctl.model.effect import Impact
    from audctl.model.plan import Plan
    from audctl.render.paint import Paint

SIGNS: Mapping[Change, str] = {
    Change.CREATE: "+",
    Change.UPDATE: "~",
    Change.REPLACE: "-/+",
    Change.DELETE: "-",
    Change.PAUSE: "|",
    Change.ADOPT: "<",
    Change.FORGET: ">",
    Change.KEEP: "=",
    Change.MANUAL: "!",
}
"""What stands before each step; explained by the counts, which use the same words."""


def plan(shown: Plan, paint: Paint) -> Iterator[str]:
    """Give the headline, findings, blocks of what changes, and where the plan belongs."""
    yield paint.bold(headline(shown))
    yield from _people(shown)
    if shown.findings:
        yield ""
        yield from findings(shown.findings, paint)
    for address, steps in _by_resource(shown).items():
        yield ""
        yield from _block(address, steps, paint)
    yield ""
    yield from _footer(shown, paint)


def headline(shown: Plan) -> str:
    """Return the counts in one line: what changes, what does not, what nobody owns."""
    named = [
        f"{number} to {_TO_DO[change]}"
        for change, number in shown.counts.items()
        if number and change in _TO_DO
    ]
    manual = shown.counts[Change.MANUAL]
    if manual:
        named.append(f"{counted(manual, 'step')} for a person")
    rest = [f"{shown.counts[Change.KEEP]} unchanged", f"{sum(shown.unmanaged.values())} unmanaged"]
    errors = sum(each.severity is Severity.ERROR for each in shown.findings)
    if errors:
        named.append(f"cannot be applied: {counted(errors, 'error')}")
    head = (
        ", ".join(named) if named else "nothing to do: the live systems are what the manifests say"
    )
    return f"Plan: {head} ({', '.join(rest)})"


_TO_DO = {change: change.value for change in Change if change not in (Change.KEEP, Change.MANUAL)}


def _people(shown: Plan) -> Iterator[str]:
    """Give what moves for people, as far as it is known."""
    impacts = [
        (step, step.impact)
        for step in shown.steps
        if step.impact and step.change is not Change.KEEP
    ]
    if not impacts:
        return
    unknown = sum(impact.before is None or impact.after is None for _, impact in impacts)
    known = len(impacts) - unknown
    before = sum(
        each.before for _, each in impacts if each.before is not None and each.after is not None
    )
    after = sum(
        each.after for _, each in impacts if each.before is not None and each.after is not None
    )
    parts = []
    if known:
        parts.append(f"{before:,} -> {after:,} in {counted(known, 'object')}")
    if unknown:
        parts.append(f"unknown for {counted(unknown, 'object')}")
    yield f"People: {', '.join(parts)}"


def _by_resource(shown: Plan) -> dict[Address, list[Step]]:
    """Return changing steps by resource, both in the plan's own order."""
    blocks: dict[Address, list[Step]] = {}
    for step in shown.steps:
        if step.change is not Change.KEEP:
            blocks.setdefault(step.address.resource, []).append(step)
    return blocks


def _block(address: Address, steps: list[Step], paint: Paint) -> Iterator[str]:
    span = next((step.span for step in steps if step.span is not None), None)
    yield f"{paint.bold(printable(str(address)))}{place(span, paint)}"
    for step in steps:
        yield from _step(step, paint)


def _step(step: Step, paint: Paint) -> Iterator[str]:
    colour = _colour(step.change, paint)
    identity = f" {paint.faint(printable(step.live_id))}" if step.live_id else ""
    because = "" if step.direct else " (because of what it refers to)"
    yield (
        f"  {colour(SIGNS[step.change])} {colour(step.change.value)} {step.type}"
        f"{label(step.label)}{identity}: {printable(step.reason)}{because}"
    )
    width = max((len(each.field) for each in step.fields), default=0)
    for each in step.fields:
        yield from _field(each, step, width, paint)
    if step.impact is not None:
        yield f"      people: {_people_of(step.impact)}"
    if _drifted(step):
        who = who_and_when(step.changed_by, step.changed_at)
        if who:
            yield f"      last changed {who}"
    for line in step.instructions.splitlines():
        yield f"      {printable(line)}"


def _field(change: FieldChange, step: Step, width: int, paint: Paint) -> Iterator[str]:
    name = printable(change.field).ljust(width)
    after = value(change.after, sensitive=change.sensitive)
    if change.reason is FieldReason.INITIAL:
        yield f"      {name}  {after}"
        return
    before = value(change.before, sensitive=change.sensitive)
    why = "" if _implied(change.reason, step) else f"  {paint.faint(change.reason.value)}"
    where = "" if change.span == step.span else place(change.span, paint)
    yield f"      {name}  {before} -> {after}{why}{where}"


def _implied(reason: FieldReason, step: Step) -> bool:
    """Whether the step's own line already says why its fields change."""
    return reason.value == step.reason or (step.change, reason) in (
        (Change.ADOPT, FieldReason.TAKEOVER),
        (Change.PAUSE, FieldReason.PAUSE),
    )


def _people_of(impact: Impact) -> str:
    before = "unknown" if impact.before is None else f"{impact.before:,}"
    after = "unknown" if impact.after is None else f"{impact.after:,}"
    return f"{before} -> {after}"


def _drifted(step: Step) -> bool:
    return step.change in (Change.DELETE, Change.PAUSE, Change.ADOPT) or any(
        each.reason in (FieldReason.DRIFT, FieldReason.CONFLICT, FieldReason.TAKEOVER)
        for each in step.fields
    )


def _colour(change: Change, paint: Paint) -> Callable[[str], str]:
    match change:
        case Change.CREATE | Change.ADOPT:
            return paint.good
        case Change.DELETE | Change.REPLACE:
            return paint.bad
        case Change.UPDATE | Change.PAUSE | Change.MANUAL:
            return paint.caution
        case Change.FORGET | Change.KEEP:
            return paint.note


def _footer(shown: Plan, paint: Paint) -> Iterator[str]:
    read = f"live as of {moment(shown.live_as_of)}" if shown.live_as_of else "live state not read"
    calls = sum(shown.calls.values())
    yield (
        f"Project {printable(shown.project)}, environment {printable(shown.environment.name)}, "
        f"{read}, {counted(calls, 'call')}"
    )
    if shown.digest:
        yield f"Digest {paint.faint(shown.digest)}"
