from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.model.address import Address
from audctl.model.change import Change, Step
from audctl.model.finding import Severity
from audctl.model.plan import PlanOptions
from audctl.model.policy import Limits, PlanPolicy
from audctl.model.verdict import Judgement
from audctl.plan.guards.case import Case
from audctl.plan.guards.counts import judge_counts
from audctl.plan.guards.limit import parse_limit
from tests.build import make_desired, make_entry, make_ledger, make_live, make_plan, make_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.plan import Plan


def removal_plan(
    count: int,
    policy: str = "Delete",
    limits: Mapping[str, str | int] = MappingProxyType({}),
    allowed: frozenset[str] = frozenset(),
) -> Plan:
    kind, object_type = (
        ("Audience", "aam.segment") if policy == "Pause" else ("List", "campaign.list")
    )
    names = [f"n{number}" for number in range(count)]
    live = [
        make_live(object_type, str(n), {"name": name, "integrationCode": name}, members=0)
        for n, name in enumerate(names)
    ]
    entries = [
        make_entry(f"{kind}/{name}#{object_type}", str(n), {}, deletion_policy=policy)
        for n, name in enumerate(names)
    ]
    wanted = [make_desired("DataSource/d#aam.dataSource", {"integrationCode": "d"})]
    return make_plan(
        wanted, make_state(*live), make_ledger(*entries), limits=limits, allowed=allowed
    )


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


def refusals(plan: Plan) -> list[tuple[str, str, str]]:
    return [(each.code, str(each.address), each.hint) for each in plan.findings]


def test_small_sets_are_guarded_too() -> None:
    assert refusals(removal_plan(1)) == []
    found = removal_plan(2).findings
    assert [(each.code, each.message, each.hint) for each in found] == [
        (
            "AUD2101",
            (
                f"maxDeletes: List/n{n}#campaign.list is one of 2 delete steps, 1 allowed "
                "(10% of 2 owned objects)"
            ),
            f"--allow maxDeletes:List/n{n}#campaign.list",
        )
        for n in range(2)
    ]
    assert all(each.severity is Severity.ERROR for each in found)
    assert len(refusals(removal_plan(9))) == 9


def test_pauses_are_guarded_by_their_own_limit() -> None:
    assert {code for code, *_ in refusals(removal_plan(3, "Pause"))} == {"AUD2102"}
    assert refusals(removal_plan(3, "Pause", limits={"maxPauses": "100%"})) == []
    assert len(refusals(removal_plan(3, "Pause", limits={"maxDeletes": 99}))) == 3


def stopping_plan(
    count: int, allowed: frozenset[str] = frozenset(), *, adopt: bool = False
) -> Plan:
    """Plan for audiences whose manifests set them to paused."""
    names = [f"n{number}" for number in range(count)]
    fields = {name: {"integrationCode": name, "status": "active"} for name in names}
    entries = [make_entry(f"Audience/{n}#aam.segment", n, fields[n]) for n in names]
    return make_plan(
        [
            make_desired(f"Audience/{n}#aam.segment", {**fields[n], "status": "paused"})
            for n in names
        ],
        make_state(*(make_live("aam.segment", n, fields[n]) for n in names)),
        make_ledger(*(entries if not adopt else ())),
        limits={},
        allowed=allowed,
        adopt=adopt,
    )


@pytest.mark.parametrize("adopt", [False, True], ids=["update", "adopt"])
def test_an_update_that_pauses_is_counted_as_a_pause(adopt: bool) -> None:
    assert refusals(stopping_plan(1)) == []
    found = stopping_plan(2, adopt=adopt).findings
    assert [(each.code, each.hint) for each in found] == [
        ("AUD2102", f"--allow maxPauses:Audience/n{n}#aam.segment") for n in range(2)
    ]
    assert "is one of 2 pause steps" in found[0].message
    allowed = frozenset({"maxPauses:Audience/n0", "maxPauses:Audience/n1"})
    assert refusals(stopping_plan(2, allowed, adopt=adopt)) == []


def test_clearing_the_flag_that_keeps_it_running_is_a_pause() -> None:
    before = {"name": "w", "running": True}
    entry = make_entry("ExportBinding/w#campaign.workflow", "1", before, deletion_policy="Pause")
    wanted = make_desired("ExportBinding/w#campaign.workflow", {"name": "w", "running": None})
    live = make_state(make_live("campaign.workflow", "1", before))
    plan = make_plan([wanted], live, make_ledger(entry), limits={"maxPauses": 0})
    assert [code for code, *_ in refusals(plan)] == ["AUD2102"]


def test_an_update_that_starts_or_renames_is_no_pause() -> None:
    before = {"name": "w", "label": "W", "running": False}
    entry = make_entry("ExportBinding/w#campaign.workflow", "1", before, deletion_policy="Pause")
    wanted = make_desired(
        "ExportBinding/w#campaign.workflow", {"name": "w", "label": "New", "running": True}
    )
    live = make_state(make_live("campaign.workflow", "1", before))
    plan = make_plan([wanted], live, make_ledger(entry), limits={"maxPauses": 0})
    assert plan.counts[Change.UPDATE] == 1
    assert refusals(plan) == []


def test_no_replace_passes_by_default() -> None:
    wanted = make_desired(
        "Trait/t#aam.trait",
        {"integrationCode": "t", "type": "ruleBased"},
        lifecycle={"allowReplace": True},
    )
    live = make_state(make_live("aam.trait", "1", {"integrationCode": "t", "type": "onboarded"}))
    ledger = make_ledger(make_entry("Trait/t#aam.trait", "1", {"type": "onboarded"}))
    plan = make_plan([wanted], live, ledger, limits={})
    assert refusals(plan) == [
        ("AUD2103", "Trait/t#aam.trait", "--allow maxReplaces:Trait/t#aam.trait")
    ]
    allowed = frozenset({"maxReplaces:Trait/t"})
    assert refusals(make_plan([wanted], live, ledger, limits={}, allowed=allowed)) == []


def test_a_plain_number_counts_steps() -> None:
    assert len(refusals(removal_plan(3, limits={"maxDeletes": 2}))) == 3
    assert refusals(removal_plan(3, limits={"maxDeletes": 3})) == []
    assert len(refusals(removal_plan(1, limits={"maxDeletes": 0}))) == 1


@pytest.mark.parametrize("name", ["List/n0#campaign.list", "List/n0"])
def test_an_override_takes_its_step_out_of_the_count(name: str) -> None:
    allowed = frozenset({f"maxDeletes:{name}"})
    assert refusals(removal_plan(2, allowed=allowed)) == []
    left = refusals(removal_plan(3, allowed=allowed))
    assert [address for _, address, _ in left] == ["List/n1#campaign.list", "List/n2#campaign.list"]


@pytest.mark.parametrize(
    ("allow", "message"),
    [
        ("maxDeletes:List/other", "allows nothing: the plan has no delete of List/other"),
        ("maxPauses:List/n0", "allows nothing: the plan has no pause of List/n0"),
        ("maxDeletes", "is not GUARD:ADDRESS"),
        ("maxDeletes:", "is not GUARD:ADDRESS"),
        ("emptyRead", "is not GUARD:ADDRESS"),
        ("emptyRead:", "allows nothing: there is nothing of that kind to believe"),
        ("emptyRead:campaign.list", "allows nothing: there is nothing of that kind to believe"),
        ("emptyProject:shop", "allows nothing: there is nothing of that kind to believe"),
        ("everything:List/n0", "is not GUARD:ADDRESS"),
    ],
)
def test_an_override_that_does_nothing_is_an_error(allow: str, message: str) -> None:
    (finding,) = removal_plan(1, allowed=frozenset({allow})).findings
    assert (finding.code, finding.severity) == ("AUD2013", Severity.ERROR)
    assert finding.message == f"--allow {allow} {message}"


@given(
    deletes=st.integers(0, 9),
    further=st.integers(0, 9),
    limit=st.one_of(st.integers(0, 20), st.integers(0, 100).map(lambda share: f"{share}%")),
)
def test_more_deletes_never_pass_where_fewer_were_refused(
    deletes: int, further: int, limit: int | str
) -> None:
    fewer = counted(deletes, 20, limit)
    more = counted(deletes + further, 20, limit)
    assert not fewer or more
    assert not (limit in {0, "0%"} and deletes) or fewer


def counted(deletes: int, owned: int, limit: int | str) -> bool:
    """Tell whether so many deletes are refused."""
    steps = [
        Step(address=Address("List", str(n), "campaign.list"), type="campaign.list",
             change=Change.DELETE, reason="")
        for n in range(deletes)
    ]  # fmt: skip
    case = Case(
        steps=tuple(steps), effects=(), desired=(), live=make_state(), owned=owned,
        options=PlanOptions(), policy=PlanPolicy(limits=Limits(max_deletes=limit)), today=None,
    )  # fmt: skip
    (ruling, *_) = judge_counts(case)
    assert bool(ruling.findings) == (ruling.verdict.judgement is Judgement.OVER)
    assert len(ruling.findings) in {0, deletes}
    return bool(ruling.findings)
