from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.address import Address
from audctl.model.change import Change
from audctl.model.plan import PlanOptions
from audctl.plan.digest import digest_of
from audctl.plan.plan_difference import compare_plans
from tests.build import (
    HERE,
    NOON,
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


def lines(approved: Plan, now: Plan) -> list[str]:
    return list(compare_plans(approved, now).lines(steps_shown=20))


def test_a_plan_does_not_differ_from_itself() -> None:
    difference = compare_plans(rich_plan(), rich_plan())
    assert not difference
    assert difference.summary == ""
    assert lines(rich_plan(), rich_plan()) == []


def test_another_value_is_named() -> None:
    assert lines(list_plan("New"), list_plan("Newer")) == [
        "List/l#campaign.list differs in",
        '  label: approved "New", now "Newer"',
    ]


def test_a_change_behind_the_approval_is_named_with_who_made_it() -> None:
    now = list_plan("New", live_label="Touched")
    steps = tuple(replace(each, changed_by="jdoe", changed_at=NOON) for each in now.steps)
    assert lines(list_plan("New"), replace(now, steps=steps)) == [
        "List/l#campaign.list differs in",
        "  the live object, which changed since the plan was approved (last by jdoe on 2026-03-01 12:00 UTC)",
        '  label: approved "Old" -> "New", now "Touched" -> "New"',
    ]


def test_another_object_behind_the_same_name_is_told() -> None:
    assert lines(folder_plan("10"), folder_plan("20")) == [
        "List/l#campaign.list differs in",
        "  what would be written: another live object behind the same name, or another secret",
    ]


def test_a_field_more_or_less_is_named() -> None:
    more = list_plan("New", description="d")
    assert lines(list_plan("New"), more) == [
        "List/l#campaign.list differs in",
        '  description: nothing -> "d" was not approved',
    ]
    assert lines(more, list_plan("New")) == [
        "List/l#campaign.list differs in",
        '  description: nothing -> "d" was approved, and is not to be done now',
    ]


def test_a_step_that_came_or_went_is_named() -> None:
    came = compare_plans(list_plan("Old"), list_plan("New"))
    assert came.summary == "1 new step"
    assert list(came.lines(steps_shown=20)) == [
        "new step: update List/l#campaign.list: manifest changed"
    ]
    went = compare_plans(list_plan("New"), list_plan("Old"))
    assert went.summary == "1 gone step"
    assert list(went.lines(steps_shown=20)) == [
        "gone step: update List/l#campaign.list: manifest changed"
    ]


def test_another_change_is_named() -> None:
    plan = list_plan("New")
    steps = tuple(replace(each, change=Change.DELETE) for each in plan.steps)
    assert lines(plan, replace(plan, steps=steps)) == [
        "List/l#campaign.list differs in",
        "  what is done: approved update, now delete (manifest changed)",
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"live_id": "4"}, 'live_id: approved "3", now "4"'),
        ({"protect": True}, "protect: approved False, now True"),
        ({"deletion_policy": "Orphan"}, 'deletion_policy: approved "Delete", now "Orphan"'),
        (
            {"requires": (Address("Folder", "A", "campaign.folder"),)},
            "requires: approved [], now [Folder/A#campaign.folder]",
        ),
        ({"grace_days": 7}, "grace_days: approved nothing, now 7"),
        ({"interim": {"name": "x"}}, "interim: approved {}, now {'name': 'x'}"),
        (
            {"after": (Address("Folder", "A", "campaign.folder"),)},
            "after: approved [], now [Folder/A#campaign.folder]",
        ),
        (
            {"renamed_from": Address("List", "k", "campaign.list")},
            "renamed_from: approved nothing, now List/k#campaign.list",
        ),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_whatever_a_digest_covers_is_named(change: dict[str, Any], line: str) -> None:
    plan = list_plan("New")
    now = replace(plan, steps=tuple(replace(each, **change) for each in plan.steps))
    assert digest_of(now) != plan.digest
    assert lines(plan, now) == ["List/l#campaign.list differs in", f"  {line}"]


def test_another_secret_is_named_and_not_told() -> None:
    def account(secret: str) -> Plan:
        fields = {"name": "in", "secretAccessKey": secret}
        wanted = make_desired("ExternalAccount/in#campaign.externalAccount", fields)
        return make_plan([wanted], make_state(), make_ledger())

    told = lines(account("one-secret"), account("two-secret"))
    assert told[0] == "ExternalAccount/in#campaign.externalAccount differs in"
    assert "secret" in told[1]
    assert not any("one-secret" in each or "two-secret" in each for each in told)


def test_another_place_is_named() -> None:
    plan = rich_plan()
    elsewhere = replace(plan, project="other", environment=replace(HERE, name="production"))
    assert lines(plan, elsewhere) == [
        "project: approved for shop, now other",
        'environment name: approved for "test", now "production"',
    ]


def test_another_order_is_named() -> None:
    plan = rich_plan()
    turned = replace(plan, steps=plan.steps[::-1])
    assert lines(plan, turned) == ["the order of the steps is another one"]


def test_other_permissions_are_named() -> None:
    plan = rich_plan()
    options = PlanOptions(adopt=True, allowed=frozenset({"maxDeletes:List/k"}))
    (line,) = lines(plan, replace(plan, options=options))
    assert line == (
        "options: approved --allow maxPauses:List/k --only */* --exclude team=crm, "
        "now --adopt --allow maxDeletes:List/k"
    )


def many(*names: str, label: str = "L") -> Plan:
    desired = [
        make_desired(f"List/{each}#campaign.list", {"name": each, "label": label}) for each in names
    ]
    return make_plan(desired, make_state(), make_ledger())


def test_steps_are_grouped_and_counted_and_the_rest_is_said() -> None:
    difference = compare_plans(many("a", "b", "c"), many("b", "c", "d", "e", label="M"))
    assert difference.summary == "2 new, 1 gone, 2 differing steps"
    told = list(difference.lines(steps_shown=3))
    assert [each.split(":")[0] for each in told] == [
        "new step",
        "new step",
        "gone step",
        "and 2 more",
    ]
    assert len(list(difference.lines(steps_shown=20))) == 3 + 2 * 2


def test_a_long_value_is_cut() -> None:
    told = lines(many("a", label="x" * 9999), many("a", label="y" * 9999))
    assert all(len(each) < 400 for each in told)
