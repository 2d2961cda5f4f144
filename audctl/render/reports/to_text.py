"""A run as the lines that a terminal would show, without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from audctl.model.plan import Plan
from audctl.model.report import DriftReport, UnmanagedReport, ValidateReport
from audctl.model.run import Applied
from audctl.model.status import StatusReport
from audctl.render import to_terminal
from audctl.render.paint import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.run import Run, RunResult


def text(run: Run) -> tuple[str, ...]:
    """Return the report; a failure's findings come after whatever result there was."""
    return ("".join(f"{line}\n" for line in _lines(run)),)


def _lines(run: Run) -> Iterator[str]:
    if run.result is not None:
        yield from _result(run.result)
    if run.failure is not None:
        yield from to_terminal.findings(run.failure.findings, PLAIN)
    yield f"Exit code {run.exit_code}"


def _result(result: RunResult) -> Iterable[str]:
    match result:
        case Plan():
            return to_terminal.plan(result, PLAIN)
        case Applied(plan=plan, report=report):
            return (
                *to_terminal.plan(plan, PLAIN),
                "",
                *to_terminal.apply_report(report, PLAIN),
            )
        case ValidateReport():
            return to_terminal.validation(result, PLAIN)
        case DriftReport():
            return to_terminal.drift(result, PLAIN)
        case UnmanagedReport():
            return to_terminal.unmanaged(result, PLAIN)
        case StatusReport():
            return to_terminal.status(result, PLAIN)
        case _:
            assert_never(result)
