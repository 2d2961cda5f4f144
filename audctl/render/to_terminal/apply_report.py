"""What applying came to: three lists, so that nobody has to guess what was not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.outcome import Result
from audctl.render.printable import printable
from audctl.render.to_terminal.plan import SIGNS
from audctl.render.to_terminal.words import counted, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.render.paint import Paint


def apply_report(report: ApplyReport, paint: Paint) -> Iterator[str]:
    """Give the counts, the three lists (failures with the system's words), and what the proof showed."""
    numbers = ", ".join(f"{len(report.of(result))} {result.value}" for result in Result)
    yield paint.bold(f"Apply: {numbers}{' (interrupted)' if report.interrupted else ''}")
    if report.halted and not report.interrupted:
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
    elif report.verified is False:
        yield f"{paint.bad('Not verified')}: a second look could not prove that nothing is left"
    for remark in report.remarks:
        yield paint.caution(printable(remark))
