"""GitHub's commands: what the runner would make of each line, whatever names hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audctl.model.finding import Finding, Severity
from audctl.model.report import ValidateReport
from audctl.model.span import Span
from audctl.render.printable import printable
from audctl.render.reports.to_github import github, output_lines, outputs
from tests.runs import every_sort, hostile_run, make_plan, make_run, make_step

if TYPE_CHECKING:
    from audctl.model.run import Run

RUNS = every_sort()
COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def _unescaped(text: str) -> str:
    for escape, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")):
        text = text.replace(escape, character)
    return text.replace("%25", "%")


def _read(run: Run) -> list[tuple[str, dict[str, str], str]]:
    """Read the lines as the runner does."""
    [text] = github(run)
    commands = []
    for line in text.splitlines():
        found = COMMAND.fullmatch(line)
        assert found, line
        pairs = (each.split("=", 1) for each in found[2].split(","))
        values = {name: _unescaped(value) for name, value in pairs}
        commands.append((found[1], values, _unescaped(found[3])))
    return commands


def _findings(number: int, severity: Severity) -> tuple[Finding, ...]:
    return tuple(
        Finding("AUD1302", severity, f"problem {each}", Span("a.yaml", each + 1, 2))
        for each in range(number)
    )


@pytest.mark.parametrize("sort", RUNS)
def test_every_line_is_one_annotation_at_a_place(sort: str) -> None:
    for _, values, message in _read(RUNS[sort]):
        assert message
        assert set(values) == {"file", "line", "col", "title"}
        assert values["file"].startswith("audiences/shop/")
        assert int(values["line"]) >= 1


@example("100%0A, 50%25: %3A%2C%%")
@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1, max_size=200))
def test_a_text_is_only_a_text(text: str) -> None:
    found = Finding("AUD1302", Severity.ERROR, text, Span(text, 1, 1))
    [(level, values, message)] = _read(
        make_run(ValidateReport(resources=(), findings=(found,)), "validate", folder="")
    )
    assert (level, values["file"], message) == ("error", printable(text), printable(text))


@pytest.mark.parametrize(("number", "lines"), [(9, 9), (10, 10), (11, 10), (500, 10)])
def test_the_runner_keeps_ten_of_a_level(number: int, lines: int) -> None:
    found = (*_findings(number, Severity.ERROR), *_findings(number, Severity.WARNING))
    [text] = github(make_run(ValidateReport(resources=(), findings=found), "validate"))
    errors = [each for each in text.splitlines() if each.startswith("::error ")]
    assert len(errors) == lines
    assert text.count("::warning ") == lines
    if number > 10:
        assert (
            errors[-1]
            == f"::error title=audctl::and {number - 9} more: see the summary of this step"
        )


def test_the_worst_come_first() -> None:
    [text] = github(RUNS["not valid"])
    assert [line.split()[0] for line in text.splitlines()] == ["::error", "::warning"]


def test_outputs_say_what_later_steps_ask_for() -> None:
    values = outputs(make_run(make_plan(make_step(1)), plan_path="plan.json", exit_code=2))
    assert values["exit-code"] == "2"
    assert values["has-changes"] == "true"
    assert values["update"] == "1"
    assert values["people-delta"] == "-609000"
    assert values["digest"] == "d" * 64
    assert values["plan-path"] == "plan.json"
    assert outputs(RUNS["empty plan"])["has-changes"] == "false"
    assert outputs(RUNS["drift"])["has-changes"] == "unknown"
    assert outputs(RUNS["lock held"])["has-changes"] == "unknown"


def test_a_delta_gives_no_small_count_away() -> None:
    # 1,000 people before and 37 after: a delta of -963 would say how many are left.
    assert outputs(hostile_run())["people-delta"] == "unknown"


def test_no_output_can_add_another_one() -> None:
    lines = list(output_lines(outputs(hostile_run()), "unforeseeable"))
    assert lines.count("unforeseeable") * 3 == len(lines)
    assert all(len(each.splitlines()) <= 1 for each in lines)
