"""From a run to its outline, whatever the command was and however it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from audctl.model.duration import show_duration
from audctl.model.effect import shown_count
from audctl.model.finding import Severity
from audctl.model.outcome import Result
from audctl.model.plan import Plan
from audctl.model.report import (
    DriftKind,
    DriftReport,
    DriftResult,
    UnmanagedReport,
    ValidateReport,
)
from audctl.model.run import Applied
from audctl.model.status import StatusReport, StatusResult
from audctl.render.reports.observations import observations
from audctl.render.reports.outline import DiffLine, Fact, Outline, Row, Tone
from audctl.render.reports.outline_plan import (
    TONES,
    plan_facts,
    plan_footer,
    plan_guards,
    plan_rows,
    plan_verdict,
    step_row,
)
from audctl.render.to_terminal.plan import SIGNS
from audctl.render.to_terminal.status import NOTHING, age, headline, match, partial, reasons
from audctl.render.to_terminal.words import counted, moment, value, who_and_when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.model.report import DriftItem, UnmanagedItem
    from audctl.model.run import Run, RunResult
    from audctl.model.status import BindingStatus

EXITS = {
    3: "refused",
    4: "stale: what was approved is not what would run",
    5: "applied in part",
    6: "the lock is held, or cannot be reached",
    64: "the command line asks for something impossible",
    130: "interrupted",
}
"""Codes whose meaning belongs into a headline; see docs/commands.md for all of them."""

_OUTCOME_TONES = {
    Result.DONE: Tone.GOOD,
    Result.FAILED: Tone.BAD,
    Result.NOT_TRIED: Tone.CAUTION,
}


def outline(run: Run) -> Outline:
    """Return the outline of a run."""
    found = observations(run)
    verdict, tone = _verdict(run)
    plan = run.plan
    return Outline(
        title=f"audctl {run.command}: {', '.join(filter(None, (run.project, run.environment)))}".rstrip(
            ": "
        ),
        verdict=verdict,
        tone=tone,
        facts=tuple(_facts(run, len([1 for each in found if each.severity is Severity.ERROR]))),
        rows=tuple(_rows(run.result)),
        findings=found,
        guards=tuple(plan_guards(plan)) if plan else (),
        footer=(
            *(plan_footer(run, plan) if plan else _footer(run.result)),
            Fact(name="Made by", text=f"{run.tool} at {moment(run.ended_at)}"),
        ),
    )


def _verdict(run: Run) -> tuple[str, Tone]:
    refused = run.exit_code == _REFUSED and run.result is not None
    if run.failure is not None and not refused:
        why = EXITS.get(run.exit_code, "ended by an error")
        first = run.failure.findings[0].message if run.failure.findings else ""
        return f"{why}: {first}" if first else why, Tone.BAD
    if run.result is None:
        return EXITS.get(run.exit_code, "no result"), Tone.BAD
    return _of_result(run, run.result)


def _of_result(run: Run, result: RunResult) -> tuple[str, Tone]:
    match result:
        case Plan():
            text, tone = plan_verdict(result)
            if run.command == "apply" and result.writes:
                text, tone = f"not applied: {text}", Tone.BAD if run.exit_code else Tone.CAUTION
        case Applied():
            text, tone = _applied(result.report, run.exit_code)
        case ValidateReport():
            number = counted(len(result.resources), "resource")
            text, tone = f"valid: {number}", Tone.GOOD
            if not result.is_valid:
                text, tone = "not valid", Tone.BAD
        case DriftReport():
            text, tone = _drifted(result)
        case StatusReport():
            text, tone = headline(result), _STATUS_TONES[result.result]
        case UnmanagedReport():
            text = f"{counted(len(result.items), 'live object')} that nobody owns"
            if result.overall.percent is not None:
                text += f"; {result.overall.percent}% are managed"
            tone = Tone.CAUTION if result.items else Tone.GOOD
        case _:
            assert_never(result)
    return text, tone


_REFUSED = 3


def _applied(report: ApplyReport, exit_code: int) -> tuple[str, Tone]:
    numbers = ", ".join(f"{len(report.of(result))} {result.value}" for result in Result)
    if report.halted or report.interrupted:
        numbers += f"; {'interrupted' if report.interrupted else 'stopped'}"
    elif report.verified:
        numbers += "; a second read found nothing left to do"
    elif report.left:
        numbers += f"; a second read found {counted(len(report.left), 'step')} left"
    elif report.verified is False:
        numbers += "; not verified"
    return numbers, Tone.BAD if exit_code else Tone.GOOD


def _drifted(report: DriftReport) -> tuple[str, Tone]:
    checked = counted(report.checked, "object")
    match report.result:
        case DriftResult.UNKNOWN:
            number = counted(len(report.unknown), "object")
            drift = f"{len(report.items) or 'none'} of the other {report.checked} drifted"
            return f"unknown: {number} could not be read, {drift}", Tone.BAD
        case DriftResult.DIFFERENT:
            return f"{len(report.items)} of {checked} drifted", Tone.CAUTION
        case DriftResult.SAME:
            return f"no drift in {checked}", Tone.GOOD


def _facts(run: Run, errors: int) -> Iterator[Fact]:
    result, plan = run.result, run.plan
    if plan is not None:
        yield from plan_facts(plan)
    if isinstance(result, Applied):
        yield Fact(name="Run", text=result.report.run)
        if result.report.halted:
            yield Fact(name="Stopped", text=result.report.halted, tone=Tone.BAD)
        if pending := result.report.pending:
            last = max(each.latest for each in pending)
            text = f"people move through {counted(len(pending), 'binding')} until {moment(last)}, at the latest"
            yield Fact(name="Pending", text=text)
    if isinstance(result, StatusReport) and result.selection:
        yield Fact(name="Selection", text=partial(result), tone=Tone.CAUTION)
    if isinstance(result, DriftReport) and result.selection:
        chosen = ", ".join(
            (*result.selection.only, *(f"not {x}" for x in result.selection.exclude))
        )
        text = f"{chosen}; {counted(result.left_out, 'object')} left out"
        yield Fact(name="Selection", text=text, tone=Tone.CAUTION)
    if errors:
        yield Fact(name="Errors", text=str(errors), tone=Tone.BAD)
    if run.exit_code:
        yield Fact(name="Exit code", text=str(run.exit_code))


def _rows(result: RunResult | None) -> Iterator[Row]:
    match result:
        case None | ValidateReport():
            return
        case Plan():
            yield from plan_rows(result)
        case Applied():
            yield from (_outcome(each) for each in result.report.outcomes)
        case DriftReport():
            yield from (_drift(each) for each in (*result.items, *result.awaited))
            for address in result.unknown:
                yield Row(sign="?", action="unknown", name=str(address), tone=Tone.BAD)
        case StatusReport():
            yield from (_binding(each, result) for each in result.bindings)
        case UnmanagedReport():
            yield from (_unmanaged(each) for each in (*result.items, *result.elsewhere))
        case _:
            assert_never(result)


def _outcome(outcome: Outcome) -> Row:
    step = step_row(outcome.step)
    why = outcome.message or step.reason
    if outcome.blocked_by is not None:
        why += f" (waits for {outcome.blocked_by})"
    notes = ["the write may have happened all the same"] if outcome.may_have_happened else []
    return Row(
        sign=SIGNS[outcome.change],
        action=f"{outcome.change.value}: {outcome.result.value}",
        name=step.name,
        label=step.label,
        people=step.people,
        reason=" ".join(why.split()),
        place=step.place,
        tone=_OUTCOME_TONES[outcome.result]
        if outcome.result is not Result.DONE
        else TONES[outcome.change],
        diff=step.diff,
        notes=(*notes, *step.notes),
    )


_DRIFT_TONES = {
    DriftKind.CHANGED: Tone.CAUTION,
    DriftKind.GONE: Tone.BAD,
    DriftKind.BOTH: Tone.CAUTION,
    DriftKind.CONFLICT: Tone.BAD,
    DriftKind.MANIFEST: Tone.QUIET,
    DriftKind.PENDING: Tone.QUIET,
}


def _drift(item: DriftItem) -> Row:
    lines = []
    for each in item.fields:
        lines.append(
            DiffLine("-", f"{each.field}: {value(each.recorded, sensitive=each.sensitive)}")
        )
        lines.append(DiffLine("+", f"{each.field}: {value(each.live, sensitive=each.sensitive)}"))
        if each.desired is not None:
            wanted = value(each.desired, sensitive=each.sensitive)
            lines.append(DiffLine(" ", f"{each.field}: {wanted}  # the manifest"))
    who = who_and_when(item.changed_by, item.changed_at)
    return Row(
        sign="-" if item.kind is DriftKind.GONE else "~",
        action=item.kind.value,
        name=str(item.address),
        label=item.label,
        reason=item.why or (f"last changed {who}" if who else "the live system does not say when"),
        place=str(item.span) if item.span else "",
        tone=_DRIFT_TONES[item.kind],
        diff=tuple(lines),
        notes=(f"audctl wrote it at {moment(item.applied_at)}",) if item.applied_at else (),
    )


_STATUS_TONES = {
    StatusResult.OK: Tone.GOOD,
    StatusResult.PENDING: Tone.CAUTION,
    StatusResult.OVERDUE: Tone.BAD,
    StatusResult.UNKNOWN: Tone.BAD,
}


def _binding(binding: BindingStatus, report: StatusReport) -> Row:
    judged = binding.judged
    people = f"{shown_count(binding.audience_people)} / {shown_count(binding.list_people)}"
    share = match(binding)
    old = age(judged.synchronised_at, report.live_as_of)
    limit = "" if judged.limit is None else f" of {show_duration(judged.limit)}"
    return Row(
        sign="+" if binding.consistent else "!",
        action=judged.freshness.value,
        name=str(binding.address),
        people=people if share == NOTHING else f"{people} ({share})",
        reason=judged.why or f"age {old}{limit}",
        place=str(binding.span) if binding.span else "",
        tone=_STATUS_TONES[StatusResult(judged.freshness.value)],
        notes=tuple(reasons(binding)),
    )


def _unmanaged(item: UnmanagedItem) -> Row:
    who = who_and_when(item.changed_by, item.changed_at)
    key = "/".join(part for part in item.key if part)
    return Row(
        sign="?",
        action="owned elsewhere" if item.owner else "unmanaged",
        name=f"{item.type} {item.live_id}",
        label=item.label,
        reason=", ".join(filter(None, (key, item.owner, f"last changed {who}" if who else ""))),
    )


def _footer(result: RunResult | None) -> Iterator[Fact]:
    if isinstance(result, (DriftReport, UnmanagedReport, StatusReport)) and result.live_as_of:
        yield Fact(name="Live as of", text=moment(result.live_as_of))
