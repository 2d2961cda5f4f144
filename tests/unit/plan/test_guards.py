from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.errors import PlanRefused, UsageError
from audctl.plan.guards import check_guards, parse_limit
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state

if TYPE_CHECKING:
    from audctl.model.plan import Plan


def removal_plan(count: int, policy: str = "Delete") -> Plan:
    kind, object_type = (
        ("Audience", "aam.segment") if policy == "Pause" else ("List", "campaign.list")
    )
    names = [f"n{number}" for number in range(count)]
    live = [
        make_live(object_type, str(n), {"name": name, "integrationCode": name})
        for n, name in enumerate(names)
    ]
    entries = [
        make_entry(f"{kind}/{name}#{object_type}", str(n), {}, deletion_policy=policy)
        for n, name in enumerate(names)
    ]
    wanted = [make_desired("DataSource/d#aam.dataSource", {"integrationCode": "d"})]
    return make_plan(wanted, make_state(*live), make_ledger(*entries))


@pytest.mark.parametrize(
    ("limit", "owned", "allowed"),
    [
        ("5", 100, 5),
        ("0", 100, 0),
        ("10%", 100, 10),
        ("10%", 109, 10),
        ("10%", 5, 1),
        ("10%", 1, 1),
        ("0%", 100, 0),
        ("100%", 7, 7),
        (3, 0, 3),
    ],
)
def test_a_limit_lets_so_many_through(limit: str | int, owned: int, allowed: int) -> None:
    assert parse_limit(limit).allowed(owned) == allowed


@pytest.mark.parametrize("text", ["", "ten", "-1", "1.5", "10 %%", "%"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a limit"):
        parse_limit(text)


def test_small_sets_are_guarded_too() -> None:
    check_guards(removal_plan(1), owned=9)
    with pytest.raises(PlanRefused) as refused:
        check_guards(removal_plan(2), owned=9)
    assert str(refused.value) == (
        "maxDeletes: 2 delete step(s), 1 allowed (10% of 9 owned objects)\n"
        "  List/n0#campaign.list: allow it with --allow maxDeletes:List/n0#campaign.list\n"
        "  List/n1#campaign.list: allow it with --allow maxDeletes:List/n1#campaign.list"
    )
    with pytest.raises(PlanRefused):
        check_guards(removal_plan(9), owned=9)


def test_pauses_are_guarded_by_their_own_limit() -> None:
    with pytest.raises(PlanRefused, match="maxPauses: 3 pause"):
        check_guards(removal_plan(3, "Pause"), owned=20, limits={"maxDeletes": 99})
    check_guards(removal_plan(3, "Pause"), owned=20, limits={"maxPauses": "15%"})


def test_a_plain_number_counts_steps() -> None:
    with pytest.raises(PlanRefused, match=r"2 delete step\(s\), 1 allowed$|1 allowed\n"):
        check_guards(removal_plan(2), owned=10_000, limits={"maxDeletes": 1})


@pytest.mark.parametrize("name", ["List/n0#campaign.list", "List/n0"])
def test_an_override_takes_its_step_out_of_the_count(name: str) -> None:
    check_guards(removal_plan(2), owned=9, allow=[f"maxDeletes:{name}", "emptyRead:aam.trait"])
    with pytest.raises(PlanRefused, match="2 delete"):
        check_guards(removal_plan(3), owned=9, allow=[f"maxDeletes:{name}"])


@pytest.mark.parametrize(
    ("allow", "message"),
    [
        ("maxDeletes:List/other", "no delete of List/other"),
        ("maxPauses:List/n0", "no pause of List/n0"),
        ("maxDeletes", "expected GUARD:ADDRESS"),
        ("maxDeletes:", "expected GUARD:ADDRESS"),
        ("everything:List/n0", "expected GUARD:ADDRESS"),
    ],
)
def test_an_override_that_does_nothing_is_a_mistake(allow: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_guards(removal_plan(1), owned=9, allow=[allow])
