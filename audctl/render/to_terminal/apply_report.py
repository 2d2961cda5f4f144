"""What applying came to: three lists, so that nobody has to guess what was not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.outcome import Result
from audctl.render.printable import printable
from audctl.render.to_terminal.plan import SIGNS
from audctl.render.to_terminal.words import between, counted, label, value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.change import Step
    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.render.paint import Paint

_SHOWN = 10
"""Of what is only waited for; JSON has all of it."""


def apply_report(report: ApplyReport, paint: Paint) -> Iterator[str]:
    """Give the counts, the three lists (failures with the system's words), and what the proof showed."""
    numbers = ", ".join(f"{len(report.of(result))} {result.value}" for result in Result)
    yield paint.bold(f"Apply: {numbers}{' (interrupted)' if report.interrupted else ''}")
    if report.halted:
        yield paint.bad(f"Stopped: {printable(report.halted)}")
    if report.allowed:
        allowed = ", ".join(printable(each) for each in report.allowed)
        yield f"{paint.caution('Let through')} by name: {allowed}"
    for result in Result:
        outcomes = report.of(result)
        if outcomes:
            yield f"{result.value.capitalize()}:"
            for each in outcomes:
                yield from _outcome(each, paint)
    yield from _proof(report, paint)


def _outcome(outcome: Outcome, paint: Paint) -> Iterator[str]:
    yield f"  {ended_step(outcome, paint)}"
    if outcome.may_have_happened:
        yield "      the write may have happened all the same: the next plan will show"


def ended_step(outcome: Outcome, paint: Paint) -> str:
    """Return one step and its end in one line."""
    step = outcome.step
    colour = {
        Result.DONE: paint.good,
        Result.FAILED: paint.bad,
        Result.NOT_TRIED: paint.caution,
    }[outcome.result]
    identity = outcome.live_id or step.live_id
    shown_id = f" {paint.faint(printable(identity))}" if identity else ""
    # One line each: what a live system answers may hold line breaks, and printable() shows them as such.
    why = f": {printable(outcome.message)}" if outcome.message else ""
    if outcome.blocked_by is not None:
        why += f" (waits for {printable(str(outcome.blocked_by))})"
    return (
        f"{colour(SIGNS[step.change])} {step.change.value} {printable(str(step.address))}"
        f"{label(step.label)}{shown_id}{why}"
    )


def _proof(report: ApplyReport, paint: Paint) -> Iterator[str]:
    left = [step for step in report.left if step.change is not Change.KEEP]
    if report.verified:
        yield f"{paint.good('Verified')}: a second read found nothing left to do"
    elif left:
        yield f"{paint.caution('Left')}: a second read found {counted(len(left), 'step')}"
        for step in left:
            yield f"  {SIGNS[step.change]} {step.change.value} {printable(str(step.address))}: {printable(step.reason)}"
            yield from _differences(step, wrote=report.wrote(step))
    elif report.verified is False:
        yield f"{paint.bad('Not verified')}: a second look could not prove that nothing is left"
    for remark in report.remarks:
        yield paint.caution(printable(remark))
    yield from _pending(report, paint)


def _differences(step: Step, *, wrote: bool) -> Iterator[str]:
    """Give what was written, or asked for, and what is there instead, field by field."""
    if step.change is not Change.UPDATE:
        return
    width = max((len(each.field) for each in step.fields), default=0)
    verb = "wrote" if wrote else "wanted"
    for each in step.fields:
        asked, there = (
            value(content, sensitive=each.sensitive) for content in (each.after, each.before)
        )
        yield f"      {printable(each.field).ljust(width)}  {verb} {asked}, there is {there}"


def _pending(report: ApplyReport, paint: Paint) -> Iterator[str]:
    if not report.pending:
        return
    number = counted(len(report.pending), "binding")
    yield f"{paint.note('Pending')}: the platforms move people through {number}; audctl wait sees them arrive"
    for each in report.pending[:_SHOWN]:
        expected = between(each.earliest, each.latest)
        yield f"  {printable(str(each.address.resource))}: expected {expected}"
    if len(report.pending) > _SHOWN:
        yield f"  and {len(report.pending) - _SHOWN} more"
