"""SARIF as code scanning takes it: the published schema, its limits, and results that keep their identity."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema.validators import validator_for

from audctl.model.address import Address
from audctl.model.codes import CODES
from audctl.model.finding import Finding, Severity
from audctl.model.report import ValidateReport
from audctl.model.span import Span
from audctl.render.reports.to_sarif import MOST_RESULTS, sarif
from tests.runs import every_sort, make_plan, make_run, make_step
from tests.unit.render.reports.sarif_schema import sarif_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.run import Run

RUNS = every_sort()


def _log(run: Run) -> dict[str, Any]:
    [text] = sarif(run)
    log: dict[str, Any] = json.loads(text)
    return log


def _results(found: Iterable[Finding]) -> list[dict[str, Any]]:
    run = make_run(ValidateReport(resources=(), findings=tuple(found)), "validate")
    results: list[dict[str, Any]] = _log(run)["runs"][0]["results"]
    return results


def _accepted(log: dict[str, Any]) -> bool:
    schema = sarif_schema()
    return validator_for(schema)(schema).is_valid(log)


@pytest.mark.parametrize("sort", RUNS)
def test_the_published_schema_accepts_it(sort: str) -> None:
    assert _accepted(_log(RUNS[sort]))


def test_the_published_schema_would_object() -> None:
    log = _log(RUNS["not valid"])
    log["runs"][0]["results"][0]["level"] = "terrible"
    assert not _accepted(log)


@pytest.mark.parametrize("sort", RUNS)
def test_texts_are_neither_empty_nor_too_long_and_rules_fit_their_results(sort: str) -> None:
    [run] = _log(RUNS[sort])["runs"]
    rules = run["tool"]["driver"]["rules"]
    for each in rules:
        assert each["shortDescription"]["text"] == CODES[each["id"]]
        assert 0 < len(each["fullDescription"]["text"]) <= 1024
        assert each["help"]["text"]
        assert len(each["properties"]["tags"]) <= 10
    for each in run["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        assert each["message"]["text"]
        assert len(each["locations"]) == 1
    assert {each["id"] for each in rules} == {each["ruleId"] for each in run["results"]}


def test_more_results_than_a_file_may_hold_leave_the_mildest_out_and_say_so() -> None:
    notes = [
        Finding("AUD1407", Severity.NOTE, f"note {each}", Span("a.yaml", each + 1, 1))
        for each in range(MOST_RESULTS)
    ]
    error = Finding("AUD1302", Severity.ERROR, "the one that counts", Span("z.yaml", 1, 1))
    run = make_run(ValidateReport(resources=(), findings=(*notes, error)), "validate")
    log = _log(run)
    [only] = log["runs"]
    assert len(only["results"]) == MOST_RESULTS
    assert only["results"][0]["message"]["text"] == "the one that counts"
    [notification] = only["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"].startswith("1 more findings")
    only["results"] = only["results"][:10]
    assert _accepted(log)


def test_a_result_keeps_its_identity_when_lines_move() -> None:
    about = Address("Audience", "cart")
    found = (
        Finding("AUD1302", Severity.ERROR, "first", Span("a.yaml", 3, 1), address=about),
        Finding("AUD1302", Severity.ERROR, "second", Span("a.yaml", 9, 1), address=about),
        Finding("AUD1004", Severity.ERROR, "no YAML", Span("b.yaml", 2, 1)),
    )
    moved = tuple(
        replace(each, span=Span(each.span.file, each.span.line + 7, 5))
        for each in found
        if each.span
    )
    prints = [each["partialFingerprints"] for each in _results(found)]
    assert prints == [each["partialFingerprints"] for each in _results(moved)]
    assert len({json.dumps(each) for each in prints}) == 3


def test_another_object_another_code_and_another_file_have_other_identities() -> None:
    base = Finding("AUD1302", Severity.ERROR, "x", Span("a.yaml", 3, 1))
    others = (
        replace(base, code="AUD1303"),
        replace(base, message="y"),
        replace(base, span=Span("b.yaml", 3, 1)),
        replace(base, address=Address("Audience", "cart")),
        replace(base, address=Address("Audience", "vip")),
    )
    prints = {json.dumps(_results([each])[0]["partialFingerprints"]) for each in (base, *others)}
    assert len(prints) == 6


def test_places_are_seen_from_the_root_of_the_repository_and_encoded() -> None:
    found = Finding("AUD1302", Severity.ERROR, "x", Span("a folder/naïve#1.yaml", 3, 4))
    [result] = _results([found])
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {
        "uri": "audiences/shop/a%20folder/na%C3%AFve%231.yaml",
        "uriBaseId": "%SRCROOT%",
    }
    assert physical["region"] == {"startLine": 3, "startColumn": 4}


def test_a_plan_finding_without_a_place_stands_at_its_objects_manifest() -> None:
    step = make_step(1)
    known = Finding("AUD2101", Severity.ERROR, "x", address=step.address)
    nobody = Finding("AUD2002", Severity.ERROR, "y")
    log = _log(make_run(make_plan(step, findings=(known, nobody))))
    places = [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for each in log["runs"][0]["results"]
    ]
    assert places == ["audiences/shop/audiences.yaml", "audiences/shop/audctl.yaml"]


def test_uploads_about_different_environments_are_kept_apart() -> None:
    here = _log(RUNS["plan"])["runs"][0]["automationDetails"]["id"]
    there = _log(replace(RUNS["plan"], environment="test"))["runs"][0]["automationDetails"]["id"]
    assert (here, there) == ("audctl/plan/shop/prod/", "audctl/plan/shop/test/")


def test_a_message_cannot_be_read_as_a_link() -> None:
    [result] = _results([Finding("AUD1302", Severity.ERROR, "[a](http://evil.example)")])
    assert result["message"]["text"] == "\\[a\\](http://evil.example)"
