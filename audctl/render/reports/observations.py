"""A run as findings: what its checks said, and what went wrong, drifted or stayed undone, as findings as well.

The formats that only know "a problem at a place" (SARIF, JUnit, Code Climate, annotations) start here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.outcome import Result
from audctl.model.report import DriftKind, DriftReport
from audctl.model.run import Applied
from audctl.model.span import Span
from audctl.model.status import Definition, Freshness, StatusReport
from audctl.render.reports.outline import listed
from audctl.render.to_terminal.words import counted, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.model.report import DriftItem
    from audctl.model.run import Run

PROJECT_FILE = "audctl.yaml"
"""Where a problem without a place of its own is shown: code scanning and annotations want one."""

_WORST_FIRST = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def observations(run: Run) -> tuple[Finding, ...]:
    """Return all problems of a run, the worst first, then in file order; each has a place where one is known."""
    places = _places(run)
    found = [_placed(each, places) for each in (*run.findings, *_further(run))]
    return tuple(sorted(found, key=lambda each: (_WORST_FIRST[each.severity], each.sort_key)))


def anchor(finding: Finding) -> Span:
    """Return the finding's place, or the head of the project file."""
    return finding.span or Span(PROJECT_FILE, 1, 1)


def _further(run: Run) -> Iterator[Finding]:
    match run.result:
        case Applied(report=report):
            yield from _of_apply(report)
        case StatusReport() as status:
            yield from _of_status(status)
        case DriftReport() as report:
            yield from _of_drift(report)
        case _:
            pass


def _of_apply(report: ApplyReport) -> Iterator[Finding]:
    for each in report.outcomes:
        if each.result is Result.FAILED:
            yield _failed(each)
        elif each.result is Result.NOT_TRIED:
            why = each.message or "the run ended before"
            yield Finding(
                "AUD2606",
                Severity.WARNING,
                _one_line(f"{each.change} of {each.step.address} was not tried: {why}"),
                each.step.span,
                address=each.step.address,
            )
    for step in report.left:
        if step.change is not Change.KEEP:
            waits = step.change is Change.MANUAL
            yield Finding(
                "AUD2607",
                Severity.NOTE if waits else Severity.ERROR,
                _one_line(
                    f"{step.change} of {step.address} is still to do: {step.reason}{_there(step)}"
                ),
                step.span,
                "it waits for a person" if waits else "plan again",
                step.address,
            )
    if report.verified is False and not report.left:
        text = "a second look could not prove that nothing is left"
        yield Finding("AUD2607", Severity.ERROR, text, hint="run audctl plan")
    for remark in (*filter(None, (report.halted,)), *report.remarks):
        yield Finding("AUD2601", Severity.ERROR, _one_line(remark))


def _there(step: Step) -> str:
    """Return the fields of an update that was done, or should be, with what stands there instead."""
    if step.change is not Change.UPDATE or not step.fields:
        return ""
    told = (
        f"{each.field} is {value(each.before, sensitive=each.sensitive)}"
        f" instead of {value(each.after, sensitive=each.sensitive)}"
        for each in step.fields
    )
    return f" ({'; '.join(told)})"


def _failed(outcome: Outcome) -> Finding:
    step = outcome.step
    return Finding(
        "AUD2605",
        Severity.ERROR,
        _one_line(f"{outcome.change} of {step.address} failed: {outcome.message}"),
        step.span,
        "the write may have happened all the same: the next plan will show"
        if outcome.may_have_happened
        else "",
        step.address,
    )


def _of_status(report: StatusReport) -> Iterator[Finding]:
    severities = {Freshness.OVERDUE: Severity.ERROR, Freshness.UNKNOWN: Severity.ERROR}
    for each in report.bindings:
        judged = each.judged
        if judged.freshness is not Freshness.OK:
            text = f"{each.address} is {judged.freshness.value}: {judged.why}"
            severity = severities.get(judged.freshness, Severity.NOTE)
            yield Finding("AUD2610", severity, _one_line(text), each.span, address=each.address)
        # What nobody has applied yet is one thing to say, however many objects that is.
        if each.definition is Definition.NOT_APPLIED:
            text = f"{counted(len(each.troubles), 'object')} of {each.address} not applied yet"
            yield Finding("AUD2611", Severity.NOTE, text, each.span, address=each.address)
        elif each.troubles:
            names = listed(tuple(f"{one.address} {one.definition.value}" for one in each.troubles))
            text = _one_line(f"{each.address} is not as its manifests say: {names}")
            yield Finding("AUD2611", Severity.WARNING, text, each.span, address=each.address)
    for failure in report.failures:
        text = _one_line(f"{failure.system} could not be read: {failure.message}")
        yield Finding("AUD2609", Severity.ERROR, text)


def _of_drift(report: DriftReport) -> Iterator[Finding]:
    for item in report.items:
        yield Finding(
            "AUD2608", Severity.WARNING, _one_line(_drifted(item)), item.span, address=item.address
        )
    for address in report.unknown:
        text = f"{address} could not be read: neither drifted nor clean"
        yield Finding("AUD2609", Severity.ERROR, text, address=address)
    for failure in report.failures:
        text = _one_line(f"{failure.system} could not be read: {failure.message}")
        yield Finding("AUD2609", Severity.ERROR, text)


def _drifted(item: DriftItem) -> str:
    if item.kind is DriftKind.GONE:
        return f"{item.address} is gone from the live system"
    names = ", ".join(each.field for each in item.fields)
    with_manifest = item.kind in (DriftKind.BOTH, DriftKind.CONFLICT)
    where = "live and in its manifest" if with_manifest else "outside audctl"
    who = f" by {item.changed_by}" if item.changed_by else ""
    return f"{item.address} was changed {where}{who}: {names}"


def _places(run: Run) -> Mapping[Address, Span]:
    """Return where the objects of the plan stand, and their resources."""
    steps = run.plan.steps if run.plan else ()
    places: dict[Address, Span] = {}
    for step in steps:
        if step.span is not None:
            places[step.address] = step.span
            places.setdefault(step.address.resource, step.span)
    return places


def _placed(finding: Finding, places: Mapping[Address, Span]) -> Finding:
    if finding.span is not None or finding.address is None:
        return finding
    span = places.get(finding.address) or places.get(finding.address.resource)
    if span is None:
        return finding
    return Finding(
        finding.code, finding.severity, finding.message, span, finding.hint, finding.address
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def with_ordinals(found: Iterable[Finding]) -> Iterator[tuple[Finding, tuple[str, ...]]]:
    """Give each finding with what identifies it across runs, whatever line it has moved to.

    That is its code and its object; or, without one, its file and its words. Equal ones are numbered.
    """
    seen: dict[tuple[str, ...], int] = {}
    for each in found:
        key: tuple[str, ...]
        if each.address is not None:
            key = (each.code, str(each.address))
        else:
            key = (each.code, each.span.file if each.span else "", each.message)
        seen[key] = seen.get(key, 0) + 1
        yield each, (*key, str(seen[key]))
