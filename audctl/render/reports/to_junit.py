"""A run as JUnit XML: what was checked as test cases, whose names stay the same from run to run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING

from audctl.model.codes import CODES
from audctl.model.finding import Severity
from audctl.model.outcome import Result
from audctl.model.report import DriftReport, ValidateReport
from audctl.model.run import Applied
from audctl.model.status import Freshness, StatusReport
from audctl.model.verdict import Judgement
from audctl.render.printable import printable
from audctl.render.reports.observations import observations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.finding import Finding
    from audctl.model.outcome import Outcome
    from audctl.model.run import Run
    from audctl.model.status import BindingStatus
    from audctl.model.verdict import Verdict

# XML 1.0 has no place for these, not even as a character reference; printable() leaves them.
_NOT_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case; without an ending it passed."""

    suite: str
    classname: str
    name: str
    file: str = ""
    ending: str = ""
    """``failure``, ``error`` or ``skipped``."""
    type: str = ""
    texts: tuple[str, ...] = ()
    """What to say about the ending, one line each; of a case that passed, what should be known all the same."""


@dataclass(slots=True)
class _Suite:
    cases: list[Case] = field(default_factory=list)


def junit(run: Run) -> tuple[str, ...]:
    """Return ``<testsuites>`` with one suite for each sort of check that was made."""
    suites: dict[str, _Suite] = {}
    for case in _cases(run):
        suites.setdefault(case.suite, _Suite()).cases.append(case)
    seconds = max(0.0, (run.ended_at - run.started_at).total_seconds())
    root = ET.Element("testsuites", name=_clean(f"audctl {run.command}"), time=f"{seconds:.3f}")
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for name, suite in suites.items():
        counts = _counts(suite.cases)
        element = ET.SubElement(
            root,
            "testsuite",
            name=_clean(f"audctl {run.command} {name}"),
            timestamp=f"{run.started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
            time="0.000",
        )
        for key, number in counts.items():
            element.set(key, str(number))
        for each in suite.cases:
            _write(element, each)
        totals = {key: number + counts[key] for key, number in totals.items()}
    for key, number in totals.items():
        root.set(key, str(number))
    ET.indent(root)
    return (ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n",)


def _counts(cases: list[Case]) -> Mapping[str, int]:
    endings = [each.ending for each in cases]
    return {
        "tests": len(cases),
        "failures": endings.count("failure"),
        "errors": endings.count("error"),
        "skipped": endings.count("skipped"),
    }


def _write(suite: ET.Element, case: Case) -> None:
    element = ET.SubElement(
        suite, "testcase", classname=_clean(case.classname), name=_clean(case.name), time="0.000"
    )
    if case.file:
        element.set("file", _clean(case.file))
    text = "\n".join(_clean(each) for each in case.texts)
    if case.ending:
        first = _clean(case.texts[0]) if case.texts else case.ending
        ending = ET.SubElement(element, case.ending, message=first, type=case.type or case.ending)
        ending.text = text
    elif text:
        # "[[ATTACHMENT|…]]" in here would make GitLab look for a file.
        ET.SubElement(element, "system-out").text = text.replace("[[", "[ [")


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", printable(text))


def _cases(run: Run) -> Iterator[Case]:
    yield _whole(run)
    if isinstance(run.result, ValidateReport):
        yield from _resources(run, run.result)
    yield from _findings(run, observations(run))
    if run.plan is not None:
        yield from (_guard(each) for each in run.plan.verdicts)
    if isinstance(run.result, Applied):
        yield from (_outcome(run, each) for each in run.result.report.outcomes)
    if isinstance(run.result, StatusReport):
        yield from (_binding(run, each) for each in run.result.bindings)
    if isinstance(run.result, DriftReport):
        yield Case(
            suite="drift",
            classname="audctl.drift",
            name="owned objects are what audctl last applied",
            ending={"same": "", "different": "failure", "unknown": "error"}[run.result.result],
            texts=(f"{len(run.result.items)} of {run.result.checked} drifted",),
        )


def _binding(run: Run, binding: BindingStatus) -> Case:
    judged = binding.judged
    endings = {Freshness.OVERDUE: "failure", Freshness.UNKNOWN: "error"}
    return Case(
        suite="bindings",
        classname=binding.address.kind,
        name=str(binding.address),
        file=run.path(binding.span.file) if binding.span else "",
        ending=endings.get(judged.freshness, ""),
        type=judged.freshness.value,
        texts=tuple(filter(None, (judged.why,))),
    )


def _whole(run: Run) -> Case:
    failure = run.failure
    return Case(
        suite="run",
        classname=f"audctl.{run.command}",
        name="the run came to its end",
        ending="error" if failure else "",
        type=failure.type if failure else "",
        texts=tuple(each.message for each in failure.findings) if failure else (),
    )


def _resources(run: Run, report: ValidateReport) -> Iterator[Case]:
    """Give a passed case for each resource that no error is about; the others have cases of their own."""
    wrong = {each.address.resource for each in report.findings if each.address is not None}
    for each in sorted(report.resources, key=lambda each: each.address):
        if each.address not in wrong:
            yield Case(
                suite="manifests",
                classname=each.address.kind,
                name=str(each.address),
                file=run.path(each.span().file),
            )


def _findings(run: Run, found: Iterable[Finding]) -> Iterator[Case]:
    """Give a case for each code and object or file; warnings and notes pass, and say so in the output."""
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for each in found:
        about = str(each.address) if each.address else each.span.file if each.span else "project"
        grouped.setdefault((about, each.code), []).append(each)
    for (about, code), findings in grouped.items():
        span = findings[0].span
        errors = [each for each in findings if each.severity is Severity.ERROR]
        yield Case(
            suite="findings",
            classname=about,
            name=f"{code} {CODES.get(code, '')}".strip(),
            file=run.path(span.file) if span else "",
            ending="failure" if errors else "",
            type=code,
            texts=tuple(_line(each) for each in findings),
        )


def _line(finding: Finding) -> str:
    where = f"{finding.span} " if finding.span else ""
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"{where}{finding.severity.value}: {finding.message}{hint}"


def _guard(verdict: Verdict) -> Case:
    fails = verdict.judgement in (Judgement.OVER, Judgement.UNKNOWN)
    about = f": {', '.join(verdict.names or verdict.allowed)}" if verdict.names else ""
    word = f"{verdict.judgement.value}: measured {verdict.measured}, limit {verdict.limit}{about}"
    return Case(
        suite="guards",
        classname="audctl.guards",
        name=verdict.guard,
        ending="failure" if fails else "",
        type=verdict.judgement.value,
        texts=(word,) if fails or verdict.judgement is Judgement.ALLOWED else (),
    )


def _outcome(run: Run, outcome: Outcome) -> Case:
    step = outcome.step
    ending = {Result.DONE: "", Result.FAILED: "error", Result.NOT_TRIED: "skipped"}
    return Case(
        suite="steps",
        classname=str(step.address),
        name=step.change.value,
        file=run.path(step.span.file) if step.span else "",
        ending=ending[outcome.result],
        type=outcome.result.value,
        texts=(outcome.message,) if outcome.message else (),
    )
