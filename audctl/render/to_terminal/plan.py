"""A plan for a reviewer with ten seconds, and then for one with ten minutes: a block per resource that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldReason
from audctl.render.match_rate import match_rate_text
from audctl.render.people import impact_text, impacts_of
from audctl.render.printable import printable
from audctl.render.to_terminal.findings import findings
from audctl.render.to_terminal.first_screen import first_screen
from audctl.render.to_terminal.words import label, place, value, who_and_when

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
    """Give the first screen, findings, a block for each resource that changes, and who else is affected."""
    yield from first_screen(shown, paint)
    if shown.findings:
        yield ""
        yield from findings(shown.findings, paint)
    impacts = impacts_of(shown)
    for address, steps in _by_resource(shown).items():
        yield ""
        yield from _block(address, steps, impacts, paint)
    yield from _affected(shown, paint)
    yield from _matched(shown, paint)


def _by_resource(shown: Plan) -> dict[Address, list[Step]]:
    """Return changing steps by resource, both in the plan's own order."""
    blocks: dict[Address, list[Step]] = {}
    for step in shown.steps:
        if step.change is not Change.KEEP:
            blocks.setdefault(step.address.resource, []).append(step)
    return blocks


def _block(
    address: Address, steps: list[Step], impacts: Mapping[Address, Impact], paint: Paint
) -> Iterator[str]:
    span = next((step.span for step in steps if step.span is not None), None)
    yield f"{paint.bold(printable(str(address)))}{place(span, paint)}"
    for step in steps:
        yield from _step(step, impacts.get(step.address), paint)


def _step(step: Step, impact: Impact | None, paint: Paint) -> Iterator[str]:
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
    if impact is not None:
        yield f"      people: {impact_text(impact)}"
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


def _affected(shown: Plan, paint: Paint) -> Iterator[str]:
    """Give whose people move although no step above touches them, and because of what."""
    changing = {step.address for step in shown.steps if step.change is not Change.KEEP}
    affected = [each for each in shown.effects if each.address not in changing]
    if not affected:
        return
    yield ""
    yield paint.bold("Affected by what is above")
    for each in affected:
        purpose = f" ({printable(each.purpose)})" if each.purpose else ""
        yield (
            f"  {printable(str(each.address))}{label(each.label)}{purpose}: "
            f"{impact_text(each.impact)}"
        )
        if not each.direct:
            yield f"      through {' -> '.join(printable(str(link)) for link in each.chain)}"


def _matched(shown: Plan, paint: Paint) -> Iterator[str]:
    """Give how many of those who cross the bindings above are known on the other side."""
    if not shown.match_rates:
        return
    yield ""
    yield paint.bold("Match rates")
    for each in shown.match_rates:
        yield f"  {printable(str(each.address))}: {printable(match_rate_text(each))}"
