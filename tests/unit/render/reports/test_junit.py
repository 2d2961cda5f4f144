"""JUnit as GitLab and others read it: well-formed whatever the names hold, stable names, true numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml

from audctl.model.finding import Finding, Severity
from audctl.model.report import ValidateReport
from audctl.model.verdict import Judgement, Verdict
from audctl.render.reports.to_junit import junit
from tests.runs import every_sort, make_plan, make_run

RUNS = every_sort()
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "timestamp", "time", "tests", "failures", "errors", "skipped"},
    "testcase": {"classname", "name", "time", "file"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def _cases(text: str) -> dict[str, str]:
    """Return the ending of each case by suite, class and name."""
    return {
        "/".join((suite.get("name", ""), case.get("classname", ""), case.get("name", ""))): next(
            (each.tag for each in case if each.tag != "system-out"), "passed"
        )
        for suite in ET.fromstring(text)  # noqa: S314 - our own text
        for case in suite
    }


@pytest.mark.parametrize("sort", RUNS)
def test_only_elements_and_attributes_that_readers_know(sort: str) -> None:
    [text] = junit(RUNS[sort])
    for element in ET.fromstring(text).iter():  # noqa: S314 - our own text
        assert set(element.keys()) <= ATTRIBUTES[element.tag]
        assert {each.tag for each in element} <= CHILDREN.get(element.tag, set())
        if element.tag == "testcase":
            assert element.get("name")
            assert element.get("classname")
            assert len(element) <= 1


@pytest.mark.parametrize("sort", RUNS)
def test_another_reader_counts_the_same(sort: str) -> None:
    [text] = junit(RUNS[sort])
    read = JUnitXml.fromstring(text.encode())
    cases = [case for suite in read for case in suite]
    assert read.tests == len(cases)
    assert read.failures == sum(each.is_failure for each in cases)
    assert read.errors == sum(each.is_error for each in cases)
    for suite in read:
        assert suite.tests == len(list(suite))
        assert suite.skipped == sum(each.is_skipped for each in suite)


@pytest.mark.parametrize("sort", RUNS)
def test_no_two_cases_have_one_name(sort: str) -> None:
    [text] = junit(RUNS[sort])
    assert len(_cases(text)) == text.count("<testcase ")


@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1))
def test_it_is_xml_whatever_a_message_holds(text: str) -> None:
    found = Finding("AUD1302", Severity.ERROR, text, hint=text)
    [made] = junit(make_run(ValidateReport(resources=(), findings=(found,)), "validate"))
    assert "failure" in _cases(made).values()


def test_names_hold_no_counts() -> None:
    found = Finding("AUD2101", Severity.ERROR, "the plan deletes 7 objects")
    first = _cases(junit(make_run(make_plan(findings=(found,))))[0])
    more = replace(found, message="the plan deletes 9 objects")
    assert first == _cases(junit(make_run(make_plan(findings=(more,))))[0])
    assert not any(re.search(r"\b[79]\b", each) for each in first)


def test_what_each_sort_of_check_came_to() -> None:
    cases = _cases(junit(RUNS["applied in part"])[0])
    endings = {name.split("/")[-2]: each for name, each in cases.items() if "apply steps" in name}
    assert set(endings.values()) == {"passed", "error", "skipped"}
    assert _cases(junit(RUNS["lock held"])[0]) == {
        "audctl apply run/audctl.apply/the run came to its end": "error",
        "audctl apply findings/project/AUD2603 The lock is held by another run, or nobody can tell.": "failure",
    }
    drift = _cases(junit(RUNS["drift"])[0])
    assert (
        drift["audctl drift drift/audctl.drift/owned objects are what audctl last applied"]
        == "error"
    )


def test_each_binding_is_a_case_of_its_own() -> None:
    cases = _cases(junit(RUNS["status"])[0])
    bindings = {
        name.rpartition("/")[2]: ending for name, ending in cases.items() if " bindings/" in name
    }
    assert bindings == {"cart": "passed", "new": "passed", "vip": "failure"}


def test_warnings_pass_and_are_told() -> None:
    [text] = junit(RUNS["not valid"])
    cases = _cases(text)
    assert "passed" in [each for name, each in cases.items() if "AUD1407" in name]
    assert "a name that reads oddly" in text


def test_guards_are_cases() -> None:
    verdicts = tuple(
        Verdict(guard=each.value, judgement=each, limit="1", measured="2") for each in Judgement
    )
    cases = _cases(junit(make_run(make_plan(verdicts=verdicts)))[0])
    endings = {name.split("/")[-1]: each for name, each in cases.items() if "guards" in name}
    assert endings == {
        "passed": "passed",
        "over": "failure",
        "unknown": "failure",
        "allowed": "passed",
    }


def test_no_name_makes_a_reader_fetch_a_file() -> None:
    verdict = Verdict(
        guard="x", judgement=Judgement.ALLOWED, limit="[[ATTACHMENT|/etc/passwd]]", measured="2"
    )
    [text] = junit(make_run(make_plan(verdicts=(verdict,))))
    assert "[[ATTACHMENT" not in text
