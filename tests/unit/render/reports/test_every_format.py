"""What holds for all formats: nothing secret, no small count, nothing that moves a cursor, the same bytes each time."""

from __future__ import annotations

import re

import pytest

from audctl.render.reports import FORMATS
from tests.runs import SECRET, SMALL, every_sort

RUNS = every_sort()
PAIRS = [
    pytest.param(name, sort, id=f"{name}-{sort}")
    for name, each in FORMATS.items()
    for sort, run in RUNS.items()
    if not each.commands or run.command in each.commands
]


@pytest.mark.parametrize(("name", "sort"), PAIRS)
def test_no_secret_and_no_small_count_gets_out(name: str, sort: str) -> None:
    for part in FORMATS[name].write(RUNS[sort]):
        assert SECRET not in part
        assert not re.search(rf"\b{SMALL}\b", part)


@pytest.mark.parametrize(("name", "sort"), PAIRS)
def test_no_text_can_break_a_terminal_or_a_decoder(name: str, sort: str) -> None:
    for part in FORMATS[name].write(RUNS[sort]):
        # JSON escapes control characters in its own way, and keeps the rest for its reader to judge.
        dangerous = "[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
        if name != "json":
            dangerous += "|[\u202a-\u202e\u2066-\u2069\u2028\u2029]"
            part.encode("utf-8")
            assert not re.search(dangerous, part)


@pytest.mark.parametrize(("name", "sort"), PAIRS)
def test_a_report_is_a_function_of_its_run(name: str, sort: str) -> None:
    first, second = FORMATS[name].write(RUNS[sort]), FORMATS[name].write(RUNS[sort])
    assert first == second
    assert all(part.endswith("\n") for part in first) or name == "github"


@pytest.mark.parametrize(
    "name", [name for name in FORMATS if name not in ("gitlab-terraform", "json")]
)
def test_what_failed_is_in_every_report(name: str) -> None:
    text = "".join(FORMATS[name].write(RUNS["lock held"]))
    assert "AUD2603" in text
    assert "held by ci" in text


def test_every_summary_is_a_sentence() -> None:
    assert all(each.summary.endswith(".") for each in FORMATS.values())
