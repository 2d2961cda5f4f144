"""What policies and comment bots for Terraform plans read of a plan."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.finding import Finding, Severity
from audctl.model.plan import Plan
from audctl.model.value import Unknown
from audctl.plan.terraform_json import terraform_json
from tests.build import HERE, NOON, make_desired, make_entry, make_ledger, make_live, make_plan
from tests.build import make_state as state_of
from tests.unit.plan.test_plan_file import SECRET, rich_plan

TERRAFORM_ACTIONS = (
    ["no-op"],
    ["create"],
    ["read"],
    ["update"],
    ["delete"],
    ["delete", "create"],
    ["create", "delete"],
    ["forget"],
)
"""All that a reader of Terraform's plan JSON has to expect."""


def by_address(content: dict[str, Any]) -> dict[str, Any]:
    return {each["address"]: each for each in content["resource_changes"]}


def step(change: Change, **more: Any) -> Step:  # noqa: ANN401 - fields of Step
    address = make_desired("ImportBinding/i#aam.mapping", {}).address
    return Step(address=address, type="aam.mapping", change=change, reason="because", **more)


def shown(of: Step) -> dict[str, Any]:
    plan = Plan(project="p", environment=HERE, steps=(of,), unmanaged={}, calls={})
    (change,) = terraform_json(plan)["resource_changes"]
    assert isinstance(change, dict)
    return change


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        (Change.CREATE, ["create"]),
        (Change.UPDATE, ["update"]),
        (Change.REPLACE, ["delete", "create"]),
        (Change.DELETE, ["delete"]),
        (Change.PAUSE, ["update"]),
        (Change.ADOPT, ["no-op"]),
        (Change.FORGET, ["forget"]),
        (Change.KEEP, ["no-op"]),
        (Change.MANUAL, ["no-op"]),
    ],
)
def test_each_change_has_actions_that_readers_know(change: Change, actions: list[str]) -> None:
    content = shown(step(change, live_id="7"))
    assert content["change"]["actions"] == actions
    assert actions in TERRAFORM_ACTIONS
    assert content["audctl"]["change"] == change


def test_every_change_is_mapped() -> None:
    for change in Change:
        assert shown(step(change, live_id="7"))["change"]["actions"] in TERRAFORM_ACTIONS


def test_a_whole_plan_has_the_keys_that_readers_look_for() -> None:
    content = terraform_json(rich_plan())
    assert set(content) >= {
        "format_version",
        "resource_changes",
        "resource_drift",
        "output_changes",
        "timestamp",
        "errored",
    }
    assert content["format_version"].startswith("1.")
    assert content["timestamp"] == "2026-03-01T12:00:00Z"
    assert content["output_changes"] == {}
    assert len(content["resource_changes"]) == len(rich_plan().steps)
    for each in content["resource_changes"]:
        assert set(each) >= {"address", "mode", "type", "name", "change"}
        assert each["mode"] == "managed"
        assert set(each["change"]) >= {
            "actions",
            "before",
            "after",
            "after_unknown",
            "before_sensitive",
            "after_sensitive",
        }
    json.dumps(content)


def test_a_create_has_no_before_and_an_id_nobody_knows() -> None:
    trait = by_address(terraform_json(rich_plan()))["Trait/a#aam.trait"]
    assert trait["type"] == "aam.trait"
    assert trait["name"] == "a"
    assert trait["change"]["before"] is None
    assert trait["change"]["after"]["label"] == "A"
    assert "dataSource" not in trait["change"]["after"]
    assert trait["change"]["after_unknown"] == {"id": True, "dataSource": True}


def test_an_update_shows_what_changes_on_both_sides() -> None:
    segment = by_address(terraform_json(rich_plan()))["Audience/s#aam.segment"]["change"]
    assert segment["before"]["id"] == segment["after"]["id"] == "21"
    assert (segment["before"]["label"], segment["after"]["label"]) == ("S", "New")
    assert segment["after_unknown"] == {"rule": True}


def test_a_removal_has_no_after() -> None:
    for change in (Change.DELETE, Change.FORGET):
        content = shown(step(change, live_id="7"))["change"]
        assert content["before"] == {"id": "7"}
        assert content["after"] is None
        assert content["after_unknown"] == {}
        assert content["after_sensitive"] is False


def test_a_replace_says_why_and_because_of_which_field() -> None:
    fields = tuple(
        FieldChange(field=name, before="a", after="b", reason=FieldReason.MANIFEST)
        for name in ("alias", "startDate")
    )
    content = shown(step(Change.REPLACE, live_id="7", fields=fields))
    assert content["action_reason"] == "replace_because_cannot_update"
    assert content["change"]["replace_paths"] == [["alias"]]
    assert "id" not in content["change"]["after"]
    assert content["change"]["after_unknown"]["id"] is True


def test_an_adoption_is_an_import() -> None:
    overwritten = FieldChange(field="alias", before="a", after="b", reason=FieldReason.TAKEOVER)
    content = shown(step(Change.ADOPT, live_id="7", fields=(overwritten,)))["change"]
    assert content["importing"] == {"id": "7"}
    assert content["actions"] == ["update"]
    assert shown(step(Change.ADOPT, live_id="7"))["change"]["importing"] == {"id": "7"}


def test_a_rename_tells_the_address_before() -> None:
    renamed = by_address(terraform_json(rich_plan()))["List/new#campaign.list"]
    assert renamed["previous_address"] == "List/old#campaign.list"


def test_secrets_are_masked_and_marked() -> None:
    content = terraform_json(rich_plan())
    assert SECRET not in json.dumps(content)
    account = by_address(content)["ExternalAccount/in#campaign.externalAccount"]["change"]
    assert account["after"]["secretAccessKey"] == "***"
    assert account["after_sensitive"] == {"secretAccessKey": True}
    assert account["before_sensitive"] is False
    bare = FieldChange(
        field="k", before=SECRET, after=SECRET, reason=FieldReason.DRIFT, sensitive=True
    )
    plan = replace(rich_plan(), steps=(step(Change.UPDATE, live_id="7", fields=(bare,)),))
    assert SECRET not in json.dumps(terraform_json(plan))


def test_drift_goes_from_what_was_applied_to_what_is_live() -> None:
    applied = {"name": "l", "label": "Ours", "folder": "9"}
    plan = make_plan(
        [make_desired("List/l#campaign.list", {**applied, "label": "Ours"})],
        state_of(
            make_live(
                "campaign.list",
                "3",
                {**applied, "label": "Theirs"},
                changed_by="x",
                changed_at=NOON,
            )
        ),
        make_ledger(make_entry("List/l#campaign.list", "3", applied, deletion_policy="Delete")),
    )
    (drift,) = terraform_json(plan)["resource_drift"]
    assert drift["address"] == "List/l#campaign.list"
    assert drift["change"]["actions"] == ["update"]
    assert drift["change"]["before"] == {"id": "3", "label": "Ours"}
    assert drift["change"]["after"] == {"id": "3", "label": "Theirs"}
    assert drift["audctl"]["changed_by"] == "x"


def test_what_the_manifest_changed_is_no_drift() -> None:
    changed = FieldChange(field="alias", before="a", after="b", reason=FieldReason.MANIFEST)
    plan = replace(rich_plan(), steps=(step(Change.UPDATE, live_id="7", fields=(changed,)),))
    assert terraform_json(plan)["resource_drift"] == []


def test_of_a_conflict_the_applied_value_is_not_made_up() -> None:
    fields = tuple(
        FieldChange(field=name, before="live", after=after, reason=FieldReason.CONFLICT)
        for name, after in (("alias", "wanted"), ("segment", Unknown("x")))
    )
    plan = replace(rich_plan(), steps=(step(Change.UPDATE, live_id="7", fields=fields),))
    (drift,) = terraform_json(plan)["resource_drift"]
    assert drift["change"]["before"] == {"id": "7"}
    assert drift["change"]["after"] == {"id": "7", "alias": "live", "segment": "live"}


def test_errors_and_parts_are_told() -> None:
    plan = replace(rich_plan(), findings=())
    content = terraform_json(plan)
    assert (content["errored"], content["applyable"], content["complete"]) == (False, True, False)
    broken = replace(plan, findings=(Finding("AUD2007", Severity.ERROR, "exists"),))
    content = terraform_json(broken)
    assert (content["errored"], content["applyable"]) == (True, False)


def test_guards_are_checks() -> None:
    (check,) = terraform_json(rich_plan())["checks"]
    assert check["status"] == "pass"
    assert check["address"] == {
        "kind": "check",
        "name": "maxShrink",
        "to_display": "guard.maxShrink",
    }
    assert [each["address"]["to_display"] for each in check["instances"]] == ["Audience/s"]


def test_a_type_of_a_newer_version_is_shown_all_the_same() -> None:
    strange = replace(step(Change.REPLACE, live_id="7"), type="aam.novelty")
    assert shown(strange)["change"]["replace_paths"] == []
