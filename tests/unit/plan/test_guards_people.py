"""Guards on people, judged from hand-made effects: by purpose, direction, share and number, at their boundaries."""

# ruff: noqa: ANN401  # fields of any shape
from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.decode import decode
from audctl.model.address import parse_address
from audctl.model.change import Change, Step
from audctl.model.desired import DesiredObject
from audctl.model.effect import CountSource, Effect, Impact
from audctl.model.plan import PlanOptions
from audctl.model.policy import Limits, PlanPolicy
from audctl.model.resource import Resource
from audctl.model.span import Span
from audctl.model.verdict import Judgement
from audctl.plan.guards.case import Case
from audctl.plan.guards.judge import judge
from tests.build import FixedPlaces, make_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.finding import Finding
    from audctl.model.verdict import Verdict

VIP = "Audience/vip#aam.segment"
NEWS = "List/news#campaign.list"


def effect(
    address: str = VIP,
    before: int | None = 1000,
    after: int | None = 1000,
    *,
    purpose: str = "target",
    low: int | None = None,
    high: int | None = None,
    cause: str = "",
    source: CountSource = CountSource.ESTIMATE,
) -> Effect:
    where = parse_address(address)
    chain = (parse_address(cause), where) if cause else (where,)
    impact = Impact(before=before, after=after, low=low, high=high, source=source)
    return Effect(address=where, purpose=purpose, impact=impact, chain=chain)


def step(address: str, change: Change = Change.UPDATE, **more: Any) -> Step:
    where = parse_address(address)
    return Step(address=where, type=where.object, change=change, reason="test", **more)


def case(
    effects: Iterable[Effect],
    limits: Mapping[str, Any] = MappingProxyType({}),
    *,
    steps: Iterable[Step] = (),
    allowed: Iterable[str] = (),
    labels: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    made: Iterable[str] = (),
    recorded: Iterable[str] = (),
) -> Case:
    desired = []
    for name, carried in labels.items():
        address = parse_address(name)
        resource = Resource(address.resource, None, FixedPlaces("a.yaml"), labels=carried)
        desired.append(
            DesiredObject(
                address=address, type=address.object, fields={}, paths={}, resource=resource
            )
        )
    return Case(
        steps=tuple(steps),
        effects=tuple(effects),
        desired=tuple(desired),
        live=make_state(),
        owned=10,
        options=PlanOptions(allowed=frozenset(allowed)),
        policy=PlanPolicy(limits=decode(Limits, limits, {}), places=FixedPlaces("audctl.yaml")),
        recorded={parse_address(each): "1" for each in recorded},
        made=frozenset(parse_address(each) for each in made),
        today=None,
    )


def refused(made: Case) -> list[tuple[str, str]]:
    return [(each.code, each.hint) for each in judge(made).findings]


def codes(made: Case) -> list[str]:
    return [each.code for each in judge(made).findings]


def only(made: Case) -> Finding:
    (found,) = judge(made).findings
    return found


def word(made: Case, guard: str) -> Verdict:
    return next(each for each in judge(made).verdicts if each.guard == guard)


@pytest.mark.parametrize(
    ("purpose", "shrinks", "grows", "empties"),
    [
        ("target", ["AUD2105"], ["AUD2106"], ["AUD2107"]),
        ("suppress", ["AUD2105"], [], ["AUD2107"]),
        ("measure", [], [], []),
        ("", ["AUD2105"], ["AUD2106"], ["AUD2107"]),
    ],
)
def test_the_dangerous_direction_hangs_on_the_purpose(
    purpose: str, shrinks: list[str], grows: list[str], empties: list[str]
) -> None:
    assert codes(case([effect(after=100, purpose=purpose)])) == shrinks
    assert codes(case([effect(after=5000, purpose=purpose)])) == grows
    assert codes(case([effect(after=0, purpose=purpose)])) == empties


@pytest.mark.parametrize(
    ("limit", "after", "passes"),
    [
        ("25%", 750, True),
        ("25%", 749, False),
        ("0%", 1000, True),
        ("0%", 999, False),
        (0, 999, False),
        (250, 750, True),
        (250, 749, False),
        ("100%", 1, True),
        (None, 1, True),
    ],
)
def test_a_loss_at_the_boundary(limit: int | str | None, after: int, passes: bool) -> None:
    assert (codes(case([effect(after=after)], {"maxShrink": limit})) == []) is passes


@pytest.mark.parametrize(
    ("limit", "before", "after", "passes"),
    [
        ("50%", 1000, 1500, True),
        ("50%", 1000, 1501, False),
        ("200%", 1000, 3000, True),
        ("200%", 1000, 3001, False),
        ("0%", 1000, 1001, False),
        ("50%", 0, 1_000_000, True),
        (500, 0, 500, True),
        (500, 0, 501, False),
        (500, None, 500, True),
        (None, 1000, 9_000_000, True),
    ],
)
def test_a_gain_at_the_boundary(
    limit: int | str | None, before: int | None, after: int, passes: bool
) -> None:
    made = case([effect(before=before, after=after)], {"maxGrowth": limit, "maxShrink": None})
    assert (codes(made) == []) is passes


def test_an_estimate_counts_by_its_worse_end() -> None:
    assert codes(case([effect(after=900, low=749, high=1051)])) == ["AUD2105"]
    assert codes(case([effect(after=1400, low=1299, high=1501)])) == ["AUD2106"]
    assert codes(case([effect(after=1100, low=750, high=1500)])) == []


def test_a_bound_is_enough_where_it_settles_the_question() -> None:
    wider = effect(after=None, low=1000, high=None, source=CountSource.BOUND, purpose="suppress")
    assert codes(case([wider])) == []
    narrower = effect(after=None, low=None, high=1000, source=CountSource.BOUND)
    assert only(case([narrower])).message.endswith("hold it to maxShrink and toZero")


def test_who_stays_is_not_judged_even_when_nobody_knows_how_many() -> None:
    assert codes(case([effect(before=None, after=None, source=CountSource.LIVE)])) == []
    pausing = step(VIP, Change.PAUSE)
    assert codes(case([effect(before=None, after=None)], steps=[pausing])) == []


def test_the_unknown_counts_as_over_and_is_said_once() -> None:
    made = case([effect(after=None)])
    finding = only(made)
    assert (finding.code, finding.hint) == ("AUD2104", f"--allow unknownImpact:{VIP}")
    assert finding.message == (
        f"{VIP} would go from 1,000 to unknown people, so nobody can hold it to maxShrink, maxGrowth and toZero"
    )
    for guard in ("maxShrink", "maxGrowth", "toZero"):
        assert word(made, guard).judgement is Judgement.UNKNOWN
        assert word(made, guard).names == (VIP,)


@pytest.mark.parametrize("name", [VIP, "Audience/vip"])
def test_the_unknown_is_let_through_by_name(name: str) -> None:
    made = case([effect(after=None)], allowed=[f"unknownImpact:{name}"])
    assert codes(made) == []
    assert word(made, "maxShrink").judgement is Judgement.ALLOWED
    assert word(made, "maxShrink").allowed == (VIP,)


def test_whoever_allows_one_guard_still_hears_of_the_others() -> None:
    made = case([effect(after=None)], allowed=["maxShrink:Audience/vip"])
    assert only(made).message.endswith("hold it to maxGrowth and toZero")
    assert codes(case([effect(after=100)], allowed=["unknownImpact:Audience/vip"])) == ["AUD2105"]


def test_an_unknown_number_before_is_unknown_too() -> None:
    assert only(case([effect(before=None, after=0)])).code == "AUD2104"
    assert only(case([effect(before=None, after=100)])).code == "AUD2104"


def test_a_new_audience_takes_nothing_from_anybody() -> None:
    assert codes(case([effect(before=0, after=None)])) == []
    assert codes(case([effect(before=0, after=0)])) == []


def test_an_emptied_list_is_refused_once_unless_that_is_switched_off() -> None:
    made = case([effect(NEWS, before=1000, after=0)])
    finding = only(made)
    assert (finding.code, finding.hint) == ("AUD2107", f"--allow toZero:{NEWS}")
    assert finding.message == f"toZero: {NEWS} has 1,000 people and would have none"
    assert codes(case([effect(after=0)], {"toZero": "allow"})) == ["AUD2105"]


def test_an_indirect_effect_is_guarded_and_names_the_step_that_causes_it() -> None:
    trait = "Trait/cart#aam.trait"
    made = case([effect(NEWS, after=100, cause=trait)], steps=[step(trait)])
    finding = only(made)
    assert finding.hint == f"--allow maxShrink:{trait}"
    assert str(finding.address) == NEWS
    assert f"{NEWS} (because of {trait}) would go from 1,000 to 100 people" in finding.message
    for name in (trait, "Trait/cart", NEWS, "List/news"):
        allowed = case(
            [effect(NEWS, after=100, cause=trait)],
            steps=[step(trait)],
            allowed=[f"maxShrink:{name}"],
        )
        assert codes(allowed) == []


def test_a_step_that_no_effect_speaks_of_speaks_for_itself() -> None:
    silent = step(VIP, impact=Impact(before=1000, after=None))
    assert codes(case([], steps=[silent])) == ["AUD2104"]
    assert codes(case([effect(after=1000)], steps=[silent])) == []


def test_small_counts_are_never_told() -> None:
    finding = only(case([effect(before=40, after=13)]))
    assert "from <50 to <50 people" in finding.message
    text = " ".join(str(each) for each in judge(case([effect(NEWS, before=3, after=13)])).verdicts)
    assert "<50 people" in text
    assert " 13" not in text
    assert " 10 " not in text


def test_a_label_wins_over_the_project_and_the_stricter_of_two_labels_counts() -> None:
    limits = {
        "maxShrink": "10%",
        "labelled": [
            {"match": {"team": "crm"}, "maxShrink": "50%"},
            {"match": {"team": "crm", "tier": "gold"}, "maxShrink": "20%"},
        ],
    }
    effects = [effect(after=700)]
    assert codes(case(effects, limits)) == ["AUD2105"]
    assert codes(case(effects, limits, labels={VIP: {"team": "crm"}})) == []
    gold = {VIP: {"team": "crm", "tier": "gold"}}
    assert "may lose 20%" in only(case(effects, limits, labels=gold)).message
    assert codes(case([effect(after=800)], limits, labels=gold)) == []
    assert codes(case(effects, limits, labels={VIP: {"team": "web"}})) == ["AUD2105"]


def test_reach_is_a_sum_over_target_lists_and_says_that_it_is_a_bound() -> None:
    effects = [
        effect("List/a#campaign.list", before=100_000, after=140_000, high=145_000),
        effect("List/b#campaign.list", before=900_000, after=956_000),
        effect("List/c#campaign.list", before=10, after=500_000, purpose="suppress"),
        effect("Audience/d#aam.segment", before=900_000, after=1_200_000),
    ]
    assert codes(case(effects)) == ["AUD2108", "AUD2108"]
    found = judge(case(effects)).findings
    assert [each.hint for each in found] == [
        "--allow maxReach:List/a#campaign.list",
        "--allow maxReach:List/b#campaign.list",
    ]
    assert "would newly reach at most 101,000 people, and may reach 100,000" in found[0].message
    assert codes(case(effects, {"maxReach": 101_000})) == []
    assert codes(case(effects, {"maxReach": None})) == []
    assert word(case(effects, {"maxReach": None}), "maxReach").limit == "off"


def test_a_list_that_is_let_through_leaves_the_sum() -> None:
    effects = [effect(f"List/{name}#campaign.list", before=500_000, after=560_000) for name in "ab"]
    assert len(codes(case(effects))) == 2
    made = case(effects, allowed=["maxReach:List/a"])
    assert codes(made) == []
    assert word(made, "maxReach").judgement is Judgement.ALLOWED
    assert word(made, "maxReach").allowed == ("List/a#campaign.list",)


def test_what_was_let_through_without_need_is_no_override() -> None:
    effects = [
        effect("List/a#campaign.list", before=500_000, after=560_000),
        effect("List/b#campaign.list", before=500_000, after=540_000),
    ]
    made = case(effects, allowed=["maxReach:List/a"])
    assert codes(made) == []
    assert word(made, "maxReach").judgement is Judgement.PASSED
    assert word(made, "maxReach").measured == "at most 100,000 people"


def test_a_verdict_says_what_was_found() -> None:
    assert word(case([effect()]), "maxShrink").measured == "none over"
    over = [effect(after=100), effect("Audience/b#aam.segment", after=None)]
    assert word(case(over), "maxShrink").measured == "1 over, 1 unknown"
    assert word(case(over), "maxShrink").limit == "25%"
    assert word(case(over, allowed=["maxShrink:Audience/vip"]), "maxShrink").measured == (
        "1 unknown, 1 let through"
    )


def test_a_refusal_stands_where_the_step_does_or_else_at_the_limits() -> None:
    place = Span("m.yaml", 3, 1)
    unknown, over = effect(after=None), effect(after=100)
    assert only(case([unknown], steps=[step(VIP, span=place)])).span == place
    assert only(case([over], steps=[step(VIP, span=place)])).span == place
    assert only(case([unknown])).span == Span("audctl.yaml", 1, len("spec.guards") + 1)


def test_losses_of_one_list_do_not_pay_for_gains_of_another() -> None:
    effects = [
        effect("List/a#campaign.list", before=500_000, after=600_001),
        effect("List/b#campaign.list", before=500_000, after=400_000),
    ]
    assert codes(case(effects)) == ["AUD2108"]


def test_new_lists_have_a_limit_of_their_own_that_is_off() -> None:
    new = [step(NEWS, Change.CREATE)]
    unknown, known = effect(NEWS, before=0, after=None), effect(NEWS, before=0, after=5_000_000)
    assert codes(case([unknown], steps=new)) == codes(case([known], steps=new)) == []
    strict = {"maxNewReach": 1_000_000}
    assert refused(case([known], strict, steps=new)) == [("AUD2109", f"--allow maxNewReach:{NEWS}")]
    assert codes(case([unknown], strict, steps=new)) == ["AUD2104"]
    assert codes(case([unknown])) == ["AUD2104"], "an existing list, though empty, is watched"


FEEDING = "ImportBinding/news-import#campaign.sharedList"


def going_on(change: Change = Change.CREATE, before: int = 0, **more: Any) -> list[str]:
    """Return what is refused where a list is there already, and ``change`` makes it filled."""
    moved = effect(NEWS, before=before, after=None, cause=FEEDING)
    return codes(case([moved], steps=[step(FEEDING, change)], **more))


def test_an_empty_list_that_an_interrupted_apply_made_is_as_new_as_it_was() -> None:
    assert going_on(made=[NEWS]) == []
    assert going_on(made=[NEWS], limits={"maxNewReach": 10}) == ["AUD2104"]


def test_any_other_list_is_watched() -> None:
    assert going_on() == ["AUD2104"], "adopted: others may have waited for it"
    assert going_on(made=[NEWS], before=1) == ["AUD2104"], "people are in it"
    assert going_on(Change.UPDATE, made=[NEWS]) == ["AUD2104"], "it is bound already"
    assert going_on(made=[NEWS], recorded=[FEEDING]) == ["AUD2104"], "it was bound before"


def test_reach_by_label_is_a_sum_of_its_own() -> None:
    limits = {"labelled": [{"match": {"team": "crm"}, "maxReach": 1000}]}
    a, b = "List/a#campaign.list", "List/b#campaign.list"
    effects = [effect(each, before=100_000, after=100_800) for each in (a, b)]
    crm, web = {"team": "crm"}, {"team": "web"}
    assert codes(case(effects, limits, labels={a: crm, b: web})) == []
    assert codes(case(effects, limits, labels={a: crm, b: crm})) == ["AUD2108", "AUD2108"]


@pytest.mark.parametrize(
    "allow",
    [
        "maxGrowth:List/other",
        "toZero:Trait/t",
        "maxReach:Audience/vip",
        "unknownImpact:*",
        "maxShrink:Audience/*",
        "quota:segments",
    ],
)
def test_an_override_of_what_no_guard_looks_at_is_an_error(allow: str) -> None:
    finding = only(case([effect()], allowed=[allow]))
    assert finding.code == "AUD2013"
    assert "has nothing to say about" in finding.message


def test_no_override_lifts_everything_and_none_lifts_a_restriction() -> None:
    for allow in ("all:all", "*:*", "force", "maxShrink"):
        assert "is not GUARD:ADDRESS" in only(case([effect()], allowed=[allow])).message
    finding = only(case([effect()], allowed=["restrictions:ExportBinding/e"]))
    assert finding.message.endswith("a restriction cannot be allowed on the command line")
    assert "only an approval lifts it" in finding.hint


def test_every_guard_gives_a_verdict_in_a_fixed_order() -> None:
    names = [each.guard for each in judge(case([])).verdicts]
    assert names == [
        "maxDeletes", "maxPauses", "maxReplaces", "maxShrink", "maxGrowth", "toZero",
        "maxReach", "maxNewReach", "quota", "exportControls", "restrictions",
    ]  # fmt: skip
    assert {each.judgement for each in judge(case([])).verdicts} == {Judgement.PASSED}


COUNTS = st.one_of(st.none(), st.integers(0, 10_000))
SHARES = st.integers(0, 100).map(lambda number: f"{number}%")


@given(
    before=st.integers(0, 10_000),
    after=st.integers(0, 10_000),
    further=st.integers(0, 10_000),
    limit=st.one_of(SHARES, st.integers(0, 10_000)),
)
def test_who_loses_more_never_passes_where_less_was_refused(
    before: int, after: int, further: int, limit: int | str
) -> None:
    limits = {"maxShrink": limit, "toZero": "allow", "maxGrowth": None}
    less = codes(case([effect(before=before, after=after)], limits))
    more = codes(case([effect(before=before, after=max(0, after - further))], limits))
    assert len(less) <= len(more)


@given(before=COUNTS, after=COUNTS, low=COUNTS, high=COUNTS, limit=SHARES)
def test_not_knowing_never_passes_where_knowing_was_refused(
    before: int | None, after: int | None, low: int | None, high: int | None, limit: str
) -> None:
    limits = {"maxShrink": limit, "maxGrowth": limit}
    told = codes(case([effect(before=before, after=after, low=low, high=high)], limits))
    untold = codes(case([effect(before=before, after=None)], limits))
    assert not (told and before != 0) or untold
