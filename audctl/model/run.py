"""One run of one command, as every report format tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from audctl.model.plan import Plan
from audctl.model.report import DriftReport, UnmanagedReport, ValidateReport
from audctl.model.status import StatusReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from audctl.model.finding import Finding
    from audctl.model.outcome import ApplyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A plan that was let through, and what became of it."""

    plan: Plan
    report: ApplyReport


RunResult: TypeAlias = (
    ValidateReport | Plan | Applied | DriftReport | UnmanagedReport | StatusReport
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What ended a run before its end."""

    type: str
    """Name of the error's class, e.g. ``LockError``; for machines that tell errors apart."""
    findings: tuple[Finding, ...]
    """The error's own ones, or one that carries its text; empty when the result holds them already."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a command did, as far as it came."""

    command: str
    """``plan``, ``apply``, …"""
    tool: str
    """Name and version of audctl."""
    started_at: datetime
    ended_at: datetime
    project: str = ""
    """Empty when the run ended before its name was read."""
    environment: str = ""
    """Empty when nobody named one and the run ended before the default was read."""
    folder: str = ""
    """The project's folder seen from the root of its Git repository, ``/`` separated; empty: the root itself."""
    result: RunResult | None = None
    """None when there is none; a Plan for an apply that wrote nothing."""
    failure: Failure | None = None
    exit_code: int = 0
    """As far as it is known when reports are written: one that cannot be written makes it 1."""
    document: Callable[[], object] | None = None
    """Makes the result as ``--output json`` shows it, for the reports that hold it."""
    plan_path: str = ""
    """Where ``plan --out`` wrote the plan, or ``apply FILE`` read it."""

    @property
    def plan(self) -> Plan | None:
        """The plan this run is about, if it is about one."""
        match self.result:
            case Plan() as plan:
                return plan
            case Applied(plan=plan):
                return plan
            case _:
                return None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the result and the failure say, each once, in file order."""
        own = self.failure.findings if self.failure else ()
        found = dict.fromkeys((*_of(self.result), *own))
        return tuple(sorted(found, key=lambda each: each.sort_key))

    def path(self, file: str) -> str:
        """Return a manifest's path as seen from the root of the repository."""
        return f"{self.folder}/{file}" if self.folder else file


def _of(result: RunResult | None) -> tuple[Finding, ...]:
    match result:
        case Plan() | ValidateReport():
            return result.findings
        case Applied(plan=plan):
            return plan.findings
        case _:
            return ()
