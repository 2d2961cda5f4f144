"""GitLab's two own formats, checked by the rules its parsers follow."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.report import ValidateReport
from audctl.model.span import Span
from audctl.render.reports.to_codequality import codequality
from audctl.render.reports.to_gitlab_terraform import gitlab_terraform
from tests.runs import every_sort, make_plan, make_run, make_step

if TYPE_CHECKING:
    from audctl.model.run import Run

RUNS = every_sort()


def _numbers(run: Run) -> dict[str, Any]:
    [text] = gitlab_terraform(run)
    read: dict[str, Any] = json.loads(text)
    return read


def _entries(run: Run) -> list[dict[str, Any]]:
    [text] = codequality(run)
    assert not text.startswith("\ufeff")
    read: list[dict[str, Any]] = json.loads(text)
    return read


@pytest.mark.parametrize("sort", [name for name, run in RUNS.items() if run.plan is not None])
def test_three_integers_and_nothing_else(sort: str) -> None:
    numbers = _numbers(RUNS[sort])
    assert list(numbers) == ["create", "update", "delete"]
    assert all(type(each) is int and 0 <= each <= 999_999 for each in numbers.values())


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        (Change.CREATE, (1, 0, 0)),
        (Change.UPDATE, (0, 1, 0)),
        (Change.ADOPT, (0, 1, 0)),
        (Change.PAUSE, (0, 1, 0)),
        (Change.DELETE, (0, 0, 1)),
        (Change.REPLACE, (1, 0, 1)),
        (Change.FORGET, (0, 0, 0)),
        (Change.MANUAL, (0, 0, 0)),
        (Change.KEEP, (0, 0, 0)),
    ],
)
def test_each_change_counts_as_what_it_is_there(
    change: Change, counted: tuple[int, int, int]
) -> None:
    numbers = _numbers(make_run(make_plan(make_step(1, change=change))))
    assert tuple(numbers.values()) == counted


def test_every_change_is_counted_somewhere_on_purpose() -> None:
    cases = test_each_change_counts_as_what_it_is_there.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {each[0] for each in cases} == set(Change)


def test_a_run_without_a_plan_does_not_claim_that_nothing_changes() -> None:
    assert _numbers(RUNS["lock held"]) == {}


@pytest.mark.parametrize("sort", RUNS)
def test_every_entry_is_whole(sort: str) -> None:
    # The parser stops at the first one that is not, and drops all that follow.
    for each in _entries(RUNS[sort]):
        assert each["description"]
        assert re.fullmatch("AUD[0-9]{4}", each["check_name"])
        assert re.fullmatch("[0-9a-f]{64}", each["fingerprint"])
        assert each["severity"] in {"info", "minor", "major", "critical", "blocker"}
        path = each["location"]["path"]
        assert not path.startswith(("/", "./"))
        assert ".." not in PurePosixPath(path).parts
        assert type(each["location"]["lines"]["begin"]) is int


@pytest.mark.parametrize("sort", RUNS)
def test_no_entry_takes_another_ones_place(sort: str) -> None:
    prints = [each["fingerprint"] for each in _entries(RUNS[sort])]
    assert len(set(prints)) == len(prints)


def test_equal_problems_are_told_apart_and_moved_ones_are_not_new() -> None:
    found = Finding("AUD1302", Severity.ERROR, "x", Span("a.yaml", 3, 1))
    twice = (found, replace(found, span=Span("a.yaml", 4, 1)))
    moved = tuple(replace(each, span=Span("a.yaml", 90 + n, 2)) for n, each in enumerate(twice))
    prints = [
        [
            each["fingerprint"]
            for each in _entries(make_run(ValidateReport(resources=(), findings=f)))
        ]
        for f in (twice, moved)
    ]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == 2
