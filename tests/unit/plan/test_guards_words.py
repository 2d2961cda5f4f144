"""What guards say, word for word: code, severity, place, the override to copy, and the object it is about."""

# ruff: noqa: ANN401  # fields of any shape
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from audctl.manifest.decode import decode
from audctl.model.address import parse_address
from audctl.model.change import Change, Step
from audctl.model.desired import DesiredObject
from audctl.model.effect import CountSource, Effect, Impact
from audctl.model.finding import Finding, Severity
from audctl.model.kinds import KINDS
from audctl.model.plan import PlanOptions
from audctl.model.policy import Limits, PlanPolicy
from audctl.model.resource import Resource
from audctl.model.selection import Selection
from audctl.model.span import Span
from audctl.plan.guards.case import Case, allow_hint
from audctl.plan.guards.judge import judge
from tests.build import make_live, make_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.live import LiveObject
    from audctl.model.verdict import Verdict

VIP = "Audience/vip#aam.segment"
NEWS = "List/news#campaign.list"
PLACE = Span("a.yaml", 4, 1)


@dataclass(frozen=True)
class PathsAsFiles:
    """Places that show exactly which path was asked for."""

    def span(self, path: str) -> Span:
        return Span(path, 1, 1)

    def inside(self, path: str, position: int) -> Span:
        return Span(path, 1, 1 + position)


PROJECT = PathsAsFiles()


def step(address: str, change: Change = Change.UPDATE, **more: Any) -> Step:
    where = parse_address(address)
    return Step(address=where, type=where.object, change=change, reason="test", span=PLACE, **more)


def effect(before: int | None, after: int | None, address: str = VIP, **more: Any) -> Effect:
    where, cause = parse_address(address), parse_address(more.pop("cause", address))
    chain = (where,) if cause == where else (cause, where)
    impact = Impact(before=before, after=after, source=CountSource.ESTIMATE, **more)
    return Effect(address=where, purpose="target", impact=impact, chain=chain)


def case(
    *,
    steps: Iterable[Step] = (),
    effects: Iterable[Effect] = (),
    live: Iterable[LiveObject] = (),
    allowed: Iterable[str] = (),
    owned: int = 40,
    **limits: Any,
) -> Case:
    return Case(
        steps=tuple(steps),
        effects=tuple(effects),
        desired=(),
        live=make_state(*live),
        owned=owned,
        options=PlanOptions(allowed=frozenset(allowed)),
        policy=PlanPolicy(limits=decode(Limits, limits, {}), places=PROJECT),
        today=None,
    )


def said(made: Case) -> list[Finding]:
    return list(judge(made).findings)


def verdict_of(made: Case, guard: str) -> Verdict:
    return next(each for each in judge(made).verdicts if each.guard == guard)


def refusal(
    code: str, message: str, hint: str, address: str = VIP, span: Span | None = PLACE
) -> Finding:
    return Finding(code, Severity.ERROR, message, span, hint, parse_address(address))


@pytest.mark.parametrize(
    ("limit", "change", "code", "message", "guard"),
    [
        (0, Change.DELETE, "AUD2101", "is one of 1 delete steps, 0 allowed", "maxDeletes"),
        ("0%", Change.DELETE, "AUD2101",
         "is one of 1 delete steps, 0 allowed (0% of 40 owned objects)", "maxDeletes"),
        (0, Change.PAUSE, "AUD2102", "is one of 1 pause steps, 0 allowed", "maxPauses"),
        (0, Change.REPLACE, "AUD2103", "is one of 1 replace steps, 0 allowed", "maxReplaces"),
    ],
)  # fmt: skip
def test_a_step_too_many(
    limit: int | str, change: Change, code: str, message: str, guard: str
) -> None:
    limits: dict[str, Any] = {guard: limit}
    made = case(steps=[step(VIP, change)], **limits)
    expected = refusal(code, f"{guard}: {VIP} {message}", f"--allow {guard}:{VIP}")
    assert said(made) == [expected]


@pytest.mark.parametrize(
    ("limit", "count", "allowed", "judgement", "shown", "names", "let_through"),
    [
        (0, 0, [], "passed", "0", [], []),
        (2, 2, [], "passed", "2", [], []),
        (1, 2, [], "over", "1", [0, 1], []),
        ("10%", 4, [], "passed", "10% (4 of 40)", [], []),
        ("10%", 5, [0], "allowed", "10% (4 of 40)", [], [0]),
        ("10%", 4, [0], "passed", "10% (4 of 40)", [], []),  # nothing needed letting through
        (1, 3, [0], "over", "1", [1, 2], [0]),
        (1, 3, [0, 1, 2], "allowed", "1", [], [0, 1, 2]),
    ],
)  # fmt: skip
def test_the_verdict_on_steps_tells_what_was_counted_and_let_through(  # noqa: PLR0917 - a table
    limit: int | str, count: int, allowed: list[int], judgement: str, shown: str,
    names: list[int], let_through: list[int],
) -> None:  # fmt: skip
    lists = [f"List/l{number}#campaign.list" for number in range(count)]
    made = case(
        steps=[step(each, Change.DELETE) for each in lists],
        allowed=[f"maxDeletes:{lists[each]}" for each in allowed],
        maxDeletes=limit,
    )
    word = verdict_of(made, "maxDeletes")
    assert str(word.judgement) == judgement
    assert (word.limit, word.measured) == (shown, str(count))
    assert word.names == tuple(lists[each] for each in names)
    assert word.allowed == tuple(lists[each] for each in let_through)
    # Each guard counts its own steps.
    assert verdict_of(made, "maxPauses").measured == "0"


def test_the_verdict_on_people_tells_the_limit_or_that_there_is_none() -> None:
    assert verdict_of(case(), "maxShrink").limit == "25%"
    assert verdict_of(case(maxShrink=None), "maxShrink").limit == "off"


@pytest.mark.parametrize(
    ("moving", "limits", "code", "message", "guard"),
    [
        (effect(1000, 400), {}, "AUD2105",
         "would go from 1,000 to 400 people, and may lose 25%", "maxShrink"),
        (effect(1000, 400), {"maxShrink": 1}, "AUD2105",
         "would go from 1,000 to 400 people, and may lose 1 people", "maxShrink"),
        (effect(1000, 900, low=400, high=1100), {}, "AUD2105",
         "would go from 1,000 to 400 people, at worst, and may lose 25%", "maxShrink"),
        (effect(1000, 2000), {}, "AUD2106",
         "would go from 1,000 to 2,000 people, and may gain 50%", "maxGrowth"),
        (effect(1000, 1100, low=900, high=2000), {"maxGrowth": 3}, "AUD2106",
         "would go from 1,000 to 2,000 people, at worst, and may gain 3 people", "maxGrowth"),
        (effect(9, 49), {"maxGrowth": 3}, "AUD2106",
         "would go from <50 to <50 people, and may gain 3 people", "maxGrowth"),
        (effect(1000, 0), {}, "AUD2107", "has 1,000 people and would have none", "toZero"),
    ],
)  # fmt: skip
def test_too_many_people(
    moving: Effect, limits: dict[str, Any], code: str, message: str, guard: str
) -> None:
    made = case(effects=[moving], steps=[step(VIP)], **limits)
    assert said(made) == [refusal(code, f"{guard}: {VIP} {message}", f"--allow {guard}:{VIP}")]


def test_what_is_moved_by_another_names_both_and_stands_where_that_one_does() -> None:
    moved = effect(1000, 400, NEWS, cause=VIP)
    message = (
        f"maxShrink: {NEWS} (because of {VIP}) would go from 1,000 to 400 people, and may lose 25%"
    )
    made = case(effects=[moved], steps=[step(VIP)])
    assert said(made) == [refusal("AUD2105", message, f"--allow maxShrink:{VIP}", NEWS)]


@pytest.mark.parametrize(
    ("before", "limits", "guards"),
    [
        (1000, {}, "toZero, maxShrink and maxGrowth"),
        (1000, {"maxGrowth": None}, "toZero and maxShrink"),
        (1000, {"maxGrowth": None, "toZero": "allow"}, "maxShrink"),
    ],
)
def test_what_nobody_can_foresee_is_said_once(
    before: int, limits: dict[str, Any], guards: str
) -> None:
    made = case(effects=[effect(before, None)], steps=[step(VIP)], **limits)
    (found,) = said(made)
    assert set(
        found.message.rpartition("hold it to ")[2].replace(" and ", ", ").split(", ")
    ) == set(guards.replace(" and ", ", ").split(", "))
    assert found.message.startswith(f"{VIP} would go from 1,000 to unknown people, so nobody can")
    assert (" and " in found.message.rpartition("to ")[2]) is (" and " in guards)
    assert (found.code, found.severity, found.span) == ("AUD2104", Severity.ERROR, PLACE)
    assert (found.hint, str(found.address)) == (f"--allow unknownImpact:{VIP}", VIP)


@pytest.mark.parametrize(
    ("limit", "after", "codes"),
    [
        (100, 100, []),  # at most everybody in it is new
        (100, 101, ["AUD2104"]),
        ("50%", 100, ["AUD2104"]),  # of nobody knows how many
        ("50%", 0, []),
        ("50%", 1, ["AUD2104"]),
    ],
)
def test_growth_of_nobody_knows_how_many(limit: int | str, after: int, codes: list[str]) -> None:
    made = case(
        effects=[effect(None, after)],
        steps=[step(VIP)],
        maxGrowth=limit,
        maxShrink=None,
        toZero="allow",
    )
    found = said(made)
    assert [each.code for each in found] == codes
    assert all(
        f"from unknown to {'<50' if after < 50 else after} people" in each.message for each in found
    )


def test_each_that_nobody_can_foresee_is_told_of_and_where_no_step_is_the_guards_are() -> None:
    second = "Audience/second#aam.segment"
    made = case(effects=[effect(1000, None), effect(1000, None, second)], steps=[step(VIP)])
    assert [(str(each.address), each.span) for each in said(made)] == [
        (VIP, PLACE),
        (second, PROJECT.span("spec.guards")),
    ]


def test_the_verdict_on_people_names_who_is_over_and_who_was_let_through() -> None:
    second = "Audience/second#aam.segment"
    made = case(
        effects=[effect(1000, 400), effect(1000, 400, second)],
        steps=[step(VIP), step(second)],
        allowed=[f"maxShrink:{second}"],
    )
    word = verdict_of(made, "maxShrink")
    assert (str(word.judgement), word.names, word.allowed) == ("over", (VIP,), (second,))
    assert word.measured == "1 over, 1 let through"


def test_an_audience_that_is_stopped_keeps_its_people_unless_its_rule_changes_with_it() -> None:
    moving = [effect(1000, 400)]
    stopped = step(VIP, write={"status": "paused"})
    assert said(case(effects=moving, steps=[stopped], maxPauses=1)) == []
    changed = step(VIP, write={"status": "paused", "rule": "1T"})
    found = said(case(effects=moving, steps=[changed], maxPauses=1))
    assert [each.code for each in found] == ["AUD2105"]


def segments(count: int) -> list[LiveObject]:
    return [make_live("aam.segment", str(n), {}) for n in range(count)]


def test_a_quota_that_is_full() -> None:
    made = case(
        live=segments(10), steps=[step(VIP, Change.CREATE)], quotas={"segments": 10}, owned=0
    )
    place = PROJECT.span("spec.guards.quotas.segments")
    assert said(made) == [
        Finding(
            "AUD2110",
            Severity.ERROR,
            f"quota: segments 10 → 11 of 10: no room for {VIP}",
            place,
            "delete what is not used; if Adobe raised it: spec.guards.quotas.segments; "
            "or --allow quota:segments",
        )
    ]


@pytest.mark.parametrize(
    ("count", "named"), [(5, "Audience/a4#aam.segment"), (6, "Audience/a4#aam.segment and 1 more")]
)
def test_five_are_named(count: int, named: str) -> None:
    steps = [step(f"Audience/a{n}#aam.segment", Change.CREATE) for n in range(count)]
    (found,) = said(case(live=segments(10), steps=steps, quotas={"segments": 10}))
    assert found.message.endswith(named)


def test_a_quota_that_is_nearly_full_warns() -> None:
    made = case(live=segments(9), steps=[step(VIP, Change.CREATE)], quotas={"segments": 10})
    assert said(made) == [
        Finding(
            "AUD2111",
            Severity.WARNING,
            "quota: segments 9 → 10 of 10 would be in use, more than 90%",
            PROJECT.span("spec.guards.quotaWarning"),
            "delete what is not used, or ask Adobe for more, before the quota is full",
        )
    ]


def test_a_folder_that_lies_too_deep() -> None:
    deep = "Folder/a/b/c/d/e/f#aam.traitFolder"
    assert said(case(steps=[step(deep, Change.CREATE)])) == [
        refusal(
            "AUD2112",
            f"quota: {deep} is folder number 6 on its path, and Audience Manager takes 5",
            f"choose a shorter path, or --allow quota:{deep}",
            deep,
        )
    ]


def test_a_list_that_gains_one_more_than_may_be_reached() -> None:
    moving = [effect(0, 101, NEWS)]
    limits: dict[str, Any] = {"maxReach": 100, "maxGrowth": None}
    made = case(effects=moving, steps=[step(NEWS)], **limits)
    message = (
        f"maxReach: {NEWS} is one of 1 target lists through which the plan "
        "would newly reach 101 people, and may reach 100"
    )
    assert said(made) == [refusal("AUD2108", message, f"--allow maxReach:{NEWS}", NEWS)]
    assert said(case(effects=[effect(None, 101, NEWS)], steps=[step(NEWS)], maxShrink=None,
                     toZero="allow", **limits))[0].code == "AUD2108"  # fmt: skip
    assert said(case(effects=[effect(1, 101, NEWS)], steps=[step(NEWS)], **limits)) == []


def test_reach_over_two_lists_is_a_bound() -> None:
    other = "List/other#campaign.list"
    moving = [effect(0, 60, NEWS), effect(0, 70, other)]
    made = case(effects=moving, steps=[step(NEWS), step(other)], maxReach=100, maxGrowth=None)
    assert [each.message for each in said(made)] == [
        f"maxReach: {name} is one of 2 target lists through which the plan "
        "would newly reach at most 130 people, and may reach 100"
        for name in (NEWS, other)
    ]
    word = verdict_of(made, "maxReach")
    assert (word.measured, word.limit) == ("at most 130 people", "100 people")
    assert word.names == (NEWS, other)


@pytest.mark.parametrize(
    ("allowed", "judgement", "names", "let_through"),
    [
        ([], "unknown", (NEWS,), ()),
        ([f"unknownImpact:{NEWS}"], "allowed", (), (NEWS,)),
        ([f"maxReach:{NEWS}"], "allowed", (), (NEWS,)),
    ],
)
def test_reach_that_nobody_knows(
    allowed: list[str], judgement: str, names: tuple[str, ...], let_through: tuple[str, ...]
) -> None:
    moving = [effect(0, None, NEWS)]
    word = verdict_of(case(effects=moving, steps=[step(NEWS)], allowed=allowed), "maxReach")
    assert (str(word.judgement), word.names, word.allowed) == (judgement, names, let_through)


def test_reach_through_a_list_that_the_plan_makes() -> None:
    made = case(
        effects=[effect(0, 101, NEWS)], steps=[step(NEWS, Change.CREATE)], maxNewReach=100,
        maxGrowth=None,
    )  # fmt: skip
    message = (
        f"maxNewReach: {NEWS} is one of 1 target lists through which the plan "
        "would newly reach 101 people, and may reach 100"
    )
    assert said(made) == [refusal("AUD2109", message, f"--allow maxNewReach:{NEWS}", NEWS)]
    assert verdict_of(case(), "maxNewReach").limit == "off"


@pytest.mark.parametrize(
    ("moving", "measured", "judgement"),
    [
        ([], "0 people", "passed"),
        ([effect(0, None, NEWS)], "0 people, unknown for 1 of 1 lists", "unknown"),
        ([effect(0, 70, NEWS)], "70 people", "passed"),
        ([effect(0, 40, NEWS)], "<50 people", "passed"),
    ],
)
def test_the_verdict_on_reach_tells_what_was_measured(
    moving: list[Effect], measured: str, judgement: str
) -> None:
    word = verdict_of(case(effects=moving, steps=[step(NEWS)]), "maxReach")
    assert (word.measured, str(word.judgement)) == (measured, judgement)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("List/a b", "--allow 'quota:List/a b'"),
        ("List/a;rm", "--allow 'quota:List/a;rm'"),
        ("List/a#campaign.list", "--allow quota:List/a#campaign.list"),
    ],
)
def test_an_override_can_be_copied_into_a_shell(name: str, hint: str) -> None:
    assert allow_hint("quota", name) == hint


@pytest.mark.parametrize(
    ("allowed", "message", "hint"),
    [
        ("restrictions:ImportBinding/b",
         "--allow restrictions:ImportBinding/b: a restriction cannot be allowed on the command line",
         "only an approval lifts it, under spec.restrictions[].approvals"),
        ("maxDeletes:List/other",
         "--allow maxDeletes:List/other allows nothing: the plan has no delete of List/other",
         "take it away, or correct the address"),
        ("maxDeletes:List/a:b",
         "--allow maxDeletes:List/a:b allows nothing: the plan has no delete of List/a:b",
         "take it away, or correct the address"),
        ("maxShrink:List/other",
         "--allow maxShrink:List/other allows nothing: maxShrink has nothing to say about List/other",
         "take it away, or correct the address"),
        ("unknownImpact:List/other",
         "--allow unknownImpact:List/other allows nothing: unknownImpact has nothing to say about List/other",
         "take it away, or correct the address"),
    ],
)  # fmt: skip
def test_an_override_in_vain(allowed: str, message: str, hint: str) -> None:
    (found,) = said(case(steps=[step(VIP)], allowed=[allowed]))
    place = PROJECT.span("spec.restrictions") if allowed.startswith("restr") else None
    assert found == Finding("AUD2013", Severity.ERROR, message, place, hint)


def test_an_override_that_is_judged_elsewhere_hides_no_other() -> None:
    made = case(allowed=["emptyProject:web", "emptyRead:aam.trait", "maxDeletes:List/other"])
    assert [each.message.split()[1] for each in said(made)] == ["maxDeletes:List/other"]


@pytest.mark.parametrize("allowed", ["everything", "maxDelete:List/x", "maxDeletes:", "force:all"])
def test_an_override_of_no_guard(allowed: str) -> None:
    (found,) = said(case(allowed=[allowed]))
    assert found.message == f"--allow {allowed} is not GUARD:ADDRESS"
    assert found.hint == (
        "the guards are maxDeletes, maxPauses, maxReplaces, maxShrink, maxGrowth, toZero, maxReach, "
        "maxNewReach, quota, exportControls, unknownImpact, emptyRead, emptyProject"
    )
    assert (found.code, found.severity) == ("AUD2013", Severity.ERROR)


@pytest.mark.parametrize(
    ("purpose", "codes"), [("target", ["AUD2106"]), ("suppress", []), ("measure", [])]
)
def test_a_step_that_moves_people_speaks_for_itself_by_its_audiences_purpose(
    purpose: str, codes: list[str]
) -> None:
    """No effect tells of it: silence is no yes."""
    tree = {"label": "VIP", "dataSource": "web", "rule": "t", "purpose": purpose}
    address = parse_address(VIP)
    resource = Resource(address.resource, decode(KINDS["Audience"].spec, tree, {}), PROJECT)
    wanted = DesiredObject(
        address=address, type="aam.segment", fields={}, paths={}, resource=resource
    )
    moved = Impact(before=1000, after=2000, source=CountSource.ESTIMATE)
    made = replace(case(steps=[step(VIP, impact=moved)]), desired=(wanted,))
    assert [each.code for each in said(made)] == codes


def test_a_partial_plan_concerns_only_what_it_has_steps_for() -> None:
    vip, news = parse_address(VIP).resource, parse_address(NEWS).resource
    whole = case(steps=[step(VIP)])
    partial = replace(whole, options=PlanOptions(selection=Selection(only=("Audience/vip",))))
    assert whole.concerns([news])
    assert not partial.concerns([news])
    assert partial.concerns([news, vip])
