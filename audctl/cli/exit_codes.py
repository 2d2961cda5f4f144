"""Exit codes: one name and one number per outcome, and what each error comes to."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from audctl.errors import (
    AudctlError,
    InterruptedRun,
    LockError,
    PlanRefused,
    StalePlanError,
    UsageError,
)
from audctl.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.finding import Finding
    from audctl.model.outcome import ApplyReport
    from audctl.model.plan import Plan
    from audctl.model.status import StatusReport


class ExitCode(IntEnum):
    """Public: scripts test for these numbers, so none is ever re-used."""

    DONE = 0
    ERROR = 1
    """An error, findings of severity error, or a result nobody knows."""
    DIFFERENCES = 2
    """Only with ``--detailed-exitcode``; ``drift`` always."""
    REFUSED = 3
    """A guard, a policy or a missing approval says no."""
    STALE = 4
    """What was approved is not what would run, or belongs elsewhere."""
    PARTIAL = 5
    """Applied in part."""
    LOCKED = 6
    """The lock is held, or nobody can tell."""
    INCONSISTENT = 7
    """Applied, but not consistent in time."""
    USAGE = 64
    INTERRUPTED = 130
    UNREAD = 141
    """Whoever read the result left before its end, as in ``audctl plan | head``. What a shell reports of a program
    that the closed pipe killed, which is how such programs end; audctl finishes its work first."""


PRECEDENCE = (
    ExitCode.USAGE,  # nothing has run
    ExitCode.INTERRUPTED,  # a runner that stopped the command looks for it
    ExitCode.ERROR,
    ExitCode.PARTIAL,
    ExitCode.STALE,
    ExitCode.LOCKED,
    ExitCode.REFUSED,
    ExitCode.INCONSISTENT,
    ExitCode.UNREAD,
    ExitCode.DIFFERENCES,
    ExitCode.DONE,
)
"""Which code stands when several apply at once: the first."""

_BY_ERROR: tuple[tuple[type[AudctlError], ExitCode], ...] = (
    (UsageError, ExitCode.USAGE),
    (PlanRefused, ExitCode.REFUSED),
    (StalePlanError, ExitCode.STALE),
    (LockError, ExitCode.LOCKED),
    (InterruptedRun, ExitCode.INTERRUPTED),
    (AudctlError, ExitCode.ERROR),
)

_GUARD_CODES = "AUD21"


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that stands for all of them; DONE for none."""
    return min(codes, key=PRECEDENCE.index, default=ExitCode.DONE)


def of_error(error: AudctlError) -> ExitCode:
    """Return the code of an error that stopped the run."""
    return next(code for kind, code in _BY_ERROR if isinstance(error, kind))


def of_findings(found: Iterable[Finding]) -> ExitCode:
    """Return REFUSED when only guards object, ERROR when anything else is wrong, DONE otherwise."""
    errors = [each for each in found if each.severity is Severity.ERROR]
    return worst(
        ExitCode.REFUSED if each.code.startswith(_GUARD_CODES) else ExitCode.ERROR
        for each in errors
    )


def of_plan(plan: Plan, *, detailed: bool) -> ExitCode:
    """Return the code of a plan that was only shown."""
    codes = [of_findings(plan.findings)]
    if detailed and not plan.is_empty:
        codes.append(ExitCode.DIFFERENCES)
    return worst(codes)


def of_status(report: StatusReport) -> ExitCode:
    """Return the code of a look at bindings: unknown is never green, and what is overdue is not consistent in time."""
    from audctl.model.status import StatusResult

    match report.result:
        case StatusResult.UNKNOWN:
            return ExitCode.ERROR
        case StatusResult.OVERDUE:
            return ExitCode.INCONSISTENT
        case StatusResult.OK | StatusResult.PENDING:
            return ExitCode.DONE


def of_wait(report: StatusReport) -> ExitCode:
    """Return the code of a wait that ended with this look: what is not consistent by now is not so in time."""
    from audctl.model.status import StatusResult

    if report.failures or report.result is StatusResult.UNKNOWN:
        return ExitCode.ERROR
    return ExitCode.INCONSISTENT if report.waiting else ExitCode.DONE


def of_apply(report: ApplyReport) -> ExitCode:
    """Return the code of an apply that ran, whole or not."""
    from audctl.model.change import Change
    from audctl.model.outcome import Result

    codes = [ExitCode.DONE]
    failed = report.of(Result.FAILED)
    if failed:
        codes.append(ExitCode.PARTIAL if report.of(Result.DONE) else ExitCode.ERROR)
    if any(each.may_have_happened for each in failed):
        codes.append(ExitCode.ERROR)
    if any(step.change not in (Change.MANUAL, Change.KEEP) for step in report.left):
        codes.append(ExitCode.PARTIAL)
    elif report.verified is False and not report.left:
        # The second read itself failed: nobody knows what is left.
        codes.append(ExitCode.ERROR)
    if report.interrupted:
        codes.append(ExitCode.INTERRUPTED)
    elif report.lock_lost:
        codes.append(ExitCode.LOCKED)
        if report.of(Result.DONE) and report.of(Result.NOT_TRIED):
            codes.append(ExitCode.PARTIAL)  # some of the plan stands, some does not
    elif report.halted:
        # The ledger could not be saved: what was done is not all recorded.
        codes.append(ExitCode.ERROR)
    return worst(codes)
