"""A file of estimates: by rule, in whatever order and spelling; never an error for a plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audctl.model.address import parse_address
from audctl.model.estimate import Estimate, Question
from audctl.model.finding import Severity
from audctl.model.rules.segment_rule import parse_segment_rule
from audctl.operations.estimate_file import EstimateFile

if TYPE_CHECKING:
    from pathlib import Path

AUDIENCE = parse_address("Audience/a#aam.segment")


def question(by_name: str, by_id: str | None = None, standing: str | None = None) -> Question:
    return Question(
        address=AUDIENCE,
        by_name=parse_segment_rule(by_name),
        by_id=parse_segment_rule(by_id) if by_id else None,
        standing=parse_segment_rule(standing) if standing else None,
    )


def file_of(folder: Path, content: object) -> EstimateFile:
    path = folder / "estimates.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return EstimateFile(path, shown="estimates.json")


def test_a_rule_is_found_by_names_or_by_ids_in_any_order(tmp_path: Path) -> None:
    file = file_of(
        tmp_path,
        {
            "estimates": [
                {"rule": "b AND a", "people": 90, "low": 80, "high": 100},
                {"rule": "7t or 8T", "people": 300},
                {"rule": "7T", "people": 100},
            ]
        },
    )
    assert file.estimate([question("(a) and b")]).answers == {
        AUDIENCE: Estimate(people=90, low=80, high=100)
    }
    assert file.estimate([question("x", "8T OR 7T", "7T")]).answers == {
        AUDIENCE: Estimate(people=300, standing=100)
    }


def test_a_rule_that_changed_since_is_not_answered(tmp_path: Path) -> None:
    found = file_of(tmp_path, {"estimates": [{"rule": "a", "people": 9}]}).estimate(
        [question("a OR b")]
    )
    assert (dict(found.answers), found.findings) == ({}, ())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "it is no JSON"),
        ([], "it has no list of estimates"),
        ({"estimates": [7]}, "entry 1 has no rule"),
        ({"estimates": [{"rule": "a", "people": 1}, {"rule": "a OR", "people": 1}]}, "entry 2"),
        ({"estimates": [{"rule": "a"}]}, "entry 1 has no people"),
        ({"estimates": [{"rule": "a", "people": -1}]}, "people of entry 1"),
        ({"estimates": [{"rule": "a", "people": True}]}, "people of entry 1"),
        ({"estimates": [{"rule": "a", "people": 5, "low": 6}]}, "not between"),
        ({"estimates": [{"rule": "a", "people": 5, "high": 4}]}, "not between"),
        ({"estimates": [{"rule": "a", "people": 5, "size": 4}]}, "'size'"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_warning(
    tmp_path: Path, content: object, words: str
) -> None:
    found = file_of(tmp_path, content).estimate([question("a")])
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("AUD2403", Severity.WARNING)
    assert words in finding.message
    assert not found.answers


def test_a_file_that_is_not_there_is_a_warning(tmp_path: Path) -> None:
    found = EstimateFile(tmp_path / "none.json", shown="none.json").estimate([question("a")])
    assert [each.code for each in found.findings] == ["AUD2403"]
    assert str(tmp_path) not in found.findings[0].message
