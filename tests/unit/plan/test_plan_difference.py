from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.plan import PlanOptions
from audctl.plan.plan_difference import compare_plans
from tests.build import (
    HERE,
    make_desired,
    make_entry,
    make_ledger,
    make_live,
    make_plan,
    make_state,
)
from tests.unit.plan.test_digest import folder_plan
from tests.unit.plan.test_plan_file import rich_plan

if TYPE_CHECKING:
    from audctl.model.plan import Plan


def list_plan(label: str, live_label: str = "Old", description: str | None = None) -> Plan:
    fields = {"name": "l", "label": label}
    if description is not None:
        fields["description"] = description
    return make_plan(
        [make_desired("List/l#campaign.list", fields)],
        make_state(make_live("campaign.list", "3", {"name": "l", "label": live_label})),
        make_ledger(
            make_entry(
                "List/l#campaign.list",
                "3",
                {"name": "l", "label": live_label},
                deletion_policy="Delete",
            )
        ),
    )


def test_a_plan_does_not_differ_from_itself() -> None:
    assert compare_plans(rich_plan(), rich_plan()) == ()


def test_another_value_is_named() -> None:
    assert compare_plans(list_plan("New"), list_plan("Newer")) == (
        'List/l#campaign.list: fields.label.after: approved "New", now "Newer"',
    )


def test_a_change_behind_the_approval_is_named() -> None:
    lines = compare_plans(list_plan("New"), list_plan("New", live_label="Touched"))
    assert "List/l#campaign.list: the live object changed since the plan was approved" in lines
    assert len(lines) == 2


def test_another_object_behind_the_same_name_is_told() -> None:
    assert compare_plans(folder_plan("10"), folder_plan("20")) == (
        "List/l#campaign.list: what would be written is another live object behind the same name, or another secret",
    )


def test_a_field_more_or_less_is_named() -> None:
    more = list_plan("New", description="d")
    assert compare_plans(list_plan("New"), more) == (
        'List/l#campaign.list: fields.description (None → "d") was not approved',
    )
    assert compare_plans(more, list_plan("New")) == (
        'List/l#campaign.list: fields.description (None → "d") was approved and is gone',
    )


def test_a_step_that_came_or_went_is_named() -> None:
    assert compare_plans(list_plan("Old"), list_plan("New")) == (
        "List/l#campaign.list: update was not approved",
    )
    assert compare_plans(list_plan("New"), list_plan("Old")) == (
        "List/l#campaign.list: update was approved, and there is nothing to do now",
    )


def test_another_change_is_named() -> None:
    plan = list_plan("New")
    steps = tuple(replace(each, change=Change.DELETE) for each in plan.steps)
    assert compare_plans(plan, replace(plan, steps=steps)) == (
        "List/l#campaign.list: update was approved, now it would be delete",
    )


def test_another_place_is_named() -> None:
    plan = rich_plan()
    elsewhere = replace(plan, project="other", environment=replace(HERE, name="production"))
    assert compare_plans(plan, elsewhere) == (
        "project: approved for shop, now other",
        'environment name: approved for "test", now "production"',
    )


def test_another_order_is_named() -> None:
    plan = rich_plan()
    turned = replace(plan, steps=plan.steps[::-1])
    assert compare_plans(plan, turned) == ("the order of the steps is another one",)


def test_other_permissions_are_named() -> None:
    plan = rich_plan()
    options = PlanOptions(adopt=True, allowed=frozenset({"maxDeletes:List/k"}))
    assert compare_plans(plan, replace(plan, options=options)) == (
        "options: approved --allow maxPauses:List/k, now --adopt --allow maxDeletes:List/k",
    )
