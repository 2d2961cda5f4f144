"""A run as the lines that a terminal would show, without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from audctl.model.plan import Plan
from audctl.model.report import DriftReport, UnmanagedReport, ValidateReport
from audctl.model.run import Applied
from audctl.model.status import StatusReport
from audctl.render.paint import PLAIN
from audctl.render.to_terminal import apply_report, drift, findings, inventory, plan, status

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
        yield from findings.findings(run.failure.findings, PLAIN)
    yield f"Exit code {run.exit_code}"


def _result(result: RunResult) -> Iterable[str]:
    match result:
        case Plan():
            return plan.plan(result, PLAIN)
        case Applied():
            return (
                *plan.plan(result.plan, PLAIN),
                "",
                *apply_report.apply_report(result.report, PLAIN),
            )
        case ValidateReport():
            return findings.validation(result, PLAIN)
        case DriftReport():
            return drift.drift(result, PLAIN)
        case UnmanagedReport():
            return inventory.unmanaged(result, PLAIN)
        case StatusReport():
            return status.status(result, PLAIN)
        case _:
            assert_never(result)
