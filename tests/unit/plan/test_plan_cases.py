"""Run every case file: desired, live and ledger in; steps and findings out. The file's name is the claim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audctl.model.change import WRITES, Change
from audctl.model.finding import Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.value import Unknown
from tests.build import (
    ALL_TYPES,
    make_desired,
    make_entry,
    make_intent,
    make_ledger,
    make_live,
    make_plan,
    make_state,
)

if TYPE_CHECKING:
    from audctl.model.change import FieldChange, Step
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState
    from audctl.model.plan import Plan

CASES = sorted((Path(__file__).parents[2] / "cases" / "plan").glob("*.yaml"))

ABOUT_NO_OBJECT = frozenset({"AUD2001", "AUD2002", "AUD2003", "AUD2013", "AUD2023"})
"""Of types, of the project, of the command line, or of many objects at a time."""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    plan = plan_of(case)
    expected = case["steps"]
    detailed = [each if isinstance(each, dict) else {"step": each} for each in expected]
    assert [line(each) for each in plan.steps] == [each["step"] for each in detailed]
    for step, wanted in zip(plan.steps, detailed, strict=True):
        shown = details(step)
        assert {name: shown[name] for name in wanted} == wanted
    findings = [f"{each.severity} {each.code} {each.message}" for each in plan.findings]
    wanted_findings = case.get("findings", [])
    assert len(findings) == len(wanted_findings), findings
    for found, wanted in zip(findings, wanted_findings, strict=True):
        assert found == wanted
    if "hints" in case:
        assert [each.hint for each in plan.findings] == case["hints"]
    assert dict(plan.unmanaged) == case.get("unmanaged", {})


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_step_and_finding_says_what_it_is_about(path: Path) -> None:
    """Whatever the case: the live object as it was read, the manifest's place, a name, and a way out."""
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    wanted, state, ledger, options = sides_of(case)
    desired = {each.address: each for each in wanted}
    plan = make_plan(wanted, state, ledger, **options)
    for step in plan.steps:
        assert step.label
        asked = desired.get(step.address)
        if step.change is not Change.KEEP:
            assert step.span == (asked.span() if asked is not None else None), step
        standing = state.by_id.get((step.type, step.live_id))
        assert standing is not None or step.change not in WRITES - {Change.CREATE}, step
        if standing is None or step.change in {Change.KEEP, Change.FORGET}:
            continue
        assert (step.changed_at, step.changed_by) == (standing.changed_at, standing.changed_by)
        if step.change in WRITES or step.fields:
            assert step.fingerprint == standing.fingerprint(), step
    for finding in plan.findings:
        assert finding.severity is not Severity.ERROR or finding.hint, finding
        assert finding.address is not None or finding.code in ABOUT_NO_OBJECT, finding
        if finding.address in desired and not finding.code.startswith("AUD23"):
            assert finding.span == desired[finding.address].span(), finding


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_field_of_a_step_says_where_it_stands_and_what_is_new_has_no_past(path: Path) -> None:
    wanted, state, ledger, options = sides_of(yaml.safe_load(path.read_text(encoding="utf-8")))
    desired = {each.address: each for each in wanted}
    for step in make_plan(wanted, state, ledger, **options).steps:
        if step.change is Change.CREATE or (step.change is Change.MANUAL and not step.live_id):
            assert (step.live_id, step.fingerprint, step.changed_by) == ("", "", ""), step
        asked = desired.get(step.address)
        if asked is None or asked.resource is None:
            continue
        for each in step.fields:
            assert each.span is not None, each
            if each.field == "metadata.name":
                assert each.span == asked.resource.span("metadata.name")
            elif each.field.startswith("lifecycle."):
                assert each.span == asked.resource.span(f"spec.{each.field}")


def test_there_are_cases() -> None:
    assert len(CASES) > 40
    claimed = {change for path in CASES for change in Change if f"{change} " in path.read_text()}
    assert claimed == set(Change)


def plan_of(case: dict[str, Any]) -> Plan:
    desired, state, ledger, options = sides_of(case)
    return make_plan(desired, state, ledger, **options)


def sides_of(
    case: dict[str, Any],
) -> tuple[list[DesiredObject], LiveState, Ledger, dict[str, Any]]:
    """Return the sides of a case, and what else a plan is made from."""
    desired = [make_desired(**camel(each)) for each in case.get("desired", [])]
    objects = [
        make_live(each.pop("type"), str(each.pop("id")), each.pop("fields", {}), **each)
        for each in case.get("live", [])
    ]
    entries = []
    for each in case.get("ledger", []):
        where, live_id = each.pop("address"), str(each.pop("id"))
        entries.append(make_entry(where, live_id, each.pop("fields", {}), **each))
    intents = [make_intent(each["address"], *each["key"]) for each in case.get("intents", [])]
    types = ALL_TYPES - set(case.get("unread", []))
    assert types <= set(OBJECT_TYPES)
    options = {
        "removed": case.get("removed", {}),
        "grace_days": case.get("graceDays", 30),
        "owners": {tuple(each.split(" ", 1)): who for each, who in case.get("owners", {}).items()},
        "now": case.get("now"),
        "adopt": case.get("adopt", False),
        "allowed": frozenset(case.get("allowed", [])),
    }
    return (
        desired,
        make_state(*objects, types=types),
        make_ledger(*entries, intents=intents),
        options,
    )


def camel(content: dict[str, Any]) -> dict[str, Any]:
    return {"fields": {}, **content}


def line(step: Step) -> str:
    return f"{step.change} {step.address}"


def details(step: Step) -> dict[str, Any]:
    impact = step.impact
    return {
        "step": line(step),
        "reason": step.reason,
        "fields": {each.field: shown(each) for each in step.fields},
        "write": sorted(step.write),
        "owned": sorted(step.owned),
        "direct": step.direct,
        "requires": [str(each) for each in step.requires],
        "impact": None if impact is None else [impact.before, impact.after],
        "instructions": step.instructions,
        "protect": step.protect,
        "policy": step.deletion_policy,
        "label": step.label,
        "live_id": step.live_id,
        "after": [str(each) for each in step.after],
        "interim": sorted(step.interim),
        "removed_at": step.removed_at.isoformat() if step.removed_at is not None else None,
        "changed": f"{step.changed_by} {step.changed_at:%Y-%m-%d}" if step.changed_at else "",
        "renamed_from": str(step.renamed_from) if step.renamed_from is not None else None,
        "earlier": list(step.previous_names),
        "days": step.grace_days,
    }


def shown(change: FieldChange) -> str:
    after = change.after if isinstance(change.after, Unknown) else text(change.after)
    return f"{text(change.before)} → {after} | {change.reason}"


def text(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]"
    return "nothing" if value is None else str(value)
