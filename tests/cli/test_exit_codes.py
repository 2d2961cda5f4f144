"""Exit codes are a public table: names, numbers, what leads to each, and which one stands."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl import errors
from audctl.cli.exit_codes import (
    PRECEDENCE,
    ExitCode,
    of_apply,
    of_error,
    of_findings,
    of_plan,
    worst,
)
from audctl.model.address import Address
from audctl.model.change import Change, Step
from audctl.model.finding import Finding, Severity
from audctl.model.outcome import ApplyReport, Outcome, Result
from audctl.model.plan import EnvironmentIdentity, Plan

NUMBERS = {
    "DONE": 0,
    "ERROR": 1,
    "DIFFERENCES": 2,
    "REFUSED": 3,
    "STALE": 4,
    "PARTIAL": 5,
    "LOCKED": 6,
    "INCONSISTENT": 7,
    "USAGE": 64,
    "INTERRUPTED": 130,
    "UNREAD": 141,
}
STEP = Step(
    address=Address("List", "vip", "campaign.list"),
    type="campaign.list",
    change=Change.CREATE,
    reason="not there yet",
)
DONE = Outcome(step=STEP, result=Result.DONE)
FAILED = Outcome(step=STEP, result=Result.FAILED)
UNTRIED = Outcome(step=STEP, result=Result.NOT_TRIED)
DOUBTFUL = replace(FAILED, may_have_happened=True)
MANUAL = replace(STEP, change=Change.MANUAL)
EMPTY = Plan(
    project="p",
    environment=EnvironmentIdentity(name="e", organization="", audience_manager="", campaign=""),
    steps=(),
    unmanaged={},
    calls={},
)
GUARD = Finding("AUD2101", Severity.ERROR, "too many deletes")
BROKEN = Finding("AUD2001", Severity.ERROR, "exists already")
WARNING = Finding("AUD2102", Severity.WARNING, "many deletes")


def test_the_numbers_are_what_scripts_test_for() -> None:
    assert {each.name: each.value for each in ExitCode} == NUMBERS


def test_the_documentation_lists_every_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert {int(each) for each in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(
        NUMBERS.values()
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.FindingsError([]), 1),
        (errors.UsageError("x"), 64),
        (errors.PlanRefused("x"), 3),
        (errors.StalePlanError("x"), 4),
        (errors.LockError("x"), 6),
        (errors.LedgerError("x"), 1),
        (errors.InterruptedRun("x"), 130),
        (errors.AuthenticationError("x"), 1),
        (errors.UnreachableError("x"), 1),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_each_error_has_its_code(error: errors.AudctlError, code: int) -> None:
    assert of_error(error) == code


def test_several_at_once_rank_as_documented() -> None:
    assert [code.value for code in PRECEDENCE][2:] == [1, 5, 4, 6, 3, 7, 141, 2, 0]
    assert set(PRECEDENCE) == set(ExitCode)
    for higher, lower in pairwise(PRECEDENCE):
        assert worst([lower, higher]) is higher
    assert worst([]) is ExitCode.DONE


@given(st.lists(st.sampled_from(ExitCode), min_size=1))
def test_order_plays_no_part(codes: list[ExitCode]) -> None:
    assert worst(codes) is worst(reversed(codes))
    assert worst(codes) in codes


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], 0),
        ([WARNING], 0),
        ([GUARD], 3),
        ([BROKEN], 1),
        ([GUARD, BROKEN, WARNING], 1),
    ],
)
def test_findings(found: list[Finding], code: int) -> None:
    assert of_findings(found) == code


@pytest.mark.parametrize(
    ("steps", "findings", "detailed", "code"),
    [
        ((), (), True, 0),
        ((STEP,), (), False, 0),
        ((STEP,), (), True, 2),
        ((MANUAL,), (), True, 2),
        ((replace(STEP, change=Change.KEEP),), (), True, 0),
        ((STEP,), (GUARD,), True, 3),
        ((STEP,), (BROKEN,), True, 1),
    ],
)
def test_plan(
    steps: tuple[Step, ...], findings: tuple[Finding, ...], detailed: bool, code: int
) -> None:
    assert of_plan(replace(EMPTY, steps=steps, findings=findings), detailed=detailed) == code


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (ApplyReport(run="r", outcomes=()), 0),
        (ApplyReport(run="r", outcomes=(DONE,), verified=True), 0),
        (ApplyReport(run="r", outcomes=(DONE,), verified=None), 0),
        (ApplyReport(run="r", outcomes=(DONE, FAILED)), 5),
        (ApplyReport(run="r", outcomes=(FAILED,)), 1),
        (ApplyReport(run="r", outcomes=(DONE, DOUBTFUL)), 1),
        (ApplyReport(run="r", outcomes=(DONE,), verified=False, left=(STEP,)), 5),
        (ApplyReport(run="r", outcomes=(DONE,), verified=False, left=(MANUAL,)), 0),
        (ApplyReport(run="r", outcomes=(DONE,), verified=False), 1),
        (ApplyReport(run="r", outcomes=(DONE, FAILED), interrupted=True), 130),
        (ApplyReport(run="r", outcomes=(DONE,), lock_lost=True, halted="the lock is lost"), 6),
        (ApplyReport(run="r", outcomes=(UNTRIED,), lock_lost=True, halted="the lock is lost"), 6),
        (ApplyReport(run="r", outcomes=(DONE, UNTRIED), lock_lost=True, halted="it is lost"), 5),
        (ApplyReport(run="r", outcomes=(DONE,), verified=True, halted="no ledger"), 1),
    ],
)
def test_apply(report: ApplyReport, code: int) -> None:
    assert of_apply(report) == code
