"""A run as GitHub's workflow commands: annotations on the changed lines, and outputs for the steps that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.report import DriftReport
from audctl.model.verdict import Judgement
from audctl.render.printable import printable
from audctl.render.reports.markdown_text import shortened
from audctl.render.reports.observations import anchor, observations
from audctl.render.reports.people import moved_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.finding import Finding
    from audctl.model.run import Run

MOST_PER_LEVEL = 10
"""The runner drops further annotations of a level within one step."""

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(run: Run) -> tuple[str, ...]:
    """Return the annotations, the worst first, at most ten of a level: the tenth says how many are left out."""
    return ("".join(f"{line}\n" for line in _annotations(run)),)


def _annotations(run: Run) -> Iterator[str]:
    found = observations(run)
    for severity, level in LEVELS.items():
        of_level = [each for each in found if each.severity is severity]
        shown = of_level if len(of_level) <= MOST_PER_LEVEL else of_level[: MOST_PER_LEVEL - 1]
        yield from (_annotation(run, level, each) for each in shown)
        more = len(of_level) - len(shown)
        if more:
            yield f"::{level} title=audctl::and {more} more: see the summary of this step"


def _annotation(run: Run, level: str, finding: Finding) -> str:
    place = anchor(finding)
    properties = {
        "file": run.path(place.file),
        "line": str(place.line),
        "col": str(place.column),
        "title": finding.code,
    }
    told = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"::{level} {told}::{_data(shortened(f'{finding.message}{hint}'))}"


def _data(text: str) -> str:
    # The percent sign first, or the escapes themselves would be escaped.
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def outputs(run: Run) -> Mapping[str, str]:
    """Return what later steps may ask for, by output name; each in one line, small counts hidden."""
    values = {"exit-code": str(run.exit_code), "has-changes": _word(_has_changes(run))}
    plan = run.plan
    if plan is not None:
        for change in (*_COUNTED, Change.REPLACE, Change.ADOPT, Change.MANUAL):
            values[change.value] = str(plan.counts[change])
        against = (
            each.guard
            for each in plan.verdicts
            if each.judgement in (Judgement.OVER, Judgement.UNKNOWN)
        )
        values |= {
            "people-delta": moved_by(plan).delta,
            "guards": ",".join(dict.fromkeys(against)),
            "digest": plan.digest,
            "plan-path": run.plan_path,
        }
    return {name: printable(text) for name, text in values.items()}


_COUNTED = (Change.CREATE, Change.UPDATE, Change.DELETE, Change.PAUSE)


def _has_changes(run: Run) -> bool | None:
    if run.plan is not None:
        return not run.plan.is_empty
    if isinstance(run.result, DriftReport):
        return {"same": False, "different": True, "unknown": None}[run.result.result]
    return None


def _word(answer: bool | None) -> str:  # noqa: FBT001 - the thing itself
    return "unknown" if answer is None else str(answer).lower()


def output_lines(values: Mapping[str, str], delimiter: str) -> Iterable[str]:
    """Give the lines of the outputs' file; the delimiter has to be one that nobody can foresee."""
    for name, text in values.items():
        yield from (f"{name}<<{delimiter}", text, delimiter)
