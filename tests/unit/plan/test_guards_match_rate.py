"""The floor under match rates, and what a sample may say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.decode import decode
from audctl.model.address import parse_address
from audctl.model.desired import DesiredObject
from audctl.model.finding import Finding, Severity
from audctl.model.match_rate import Basis, MatchRate, wilson
from audctl.model.plan import PlanOptions
from audctl.model.policy import Limits, PlanPolicy
from audctl.model.resource import Resource
from audctl.model.span import Span
from audctl.model.verdict import Judgement
from audctl.plan.guards.case import Case
from audctl.plan.guards.judge import judge
from audctl.render.match_rate import match_rate_text
from tests.build import FixedPlaces, make_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.verdict import Verdict

CARTS = "ImportBinding/carts"
ELSEWHERE = "ids of the destination (nothing of the audience has come yet)"


def rate(
    matched: int = 600,
    asked: int = 1000,
    total: int | None = None,
    basis: Basis = Basis.AUDIENCE,
) -> MatchRate:
    return MatchRate(
        address=parse_address(CARTS),
        total=asked if total is None else total,
        asked=asked,
        matched=matched,
        basis=basis,
    )


UNKNOWN = MatchRate(address=parse_address(CARTS), why="no file has come yet")


def case(
    *rates: MatchRate,
    limits: Mapping[str, Any],
    allowed: str = "",
    labels: Mapping[str, str] | None = None,
) -> Case:
    address = parse_address(f"{CARTS}#campaign.sharedList")
    resource = Resource(address.resource, None, FixedPlaces("carts.yaml"), labels=labels or {})
    desired = DesiredObject(
        address=address, type=address.object, fields={}, paths={}, resource=resource
    )
    return Case(
        steps=(),
        effects=(),
        desired=(desired,),
        live=make_state(),
        owned=10,
        options=PlanOptions(allowed=frozenset({allowed} if allowed else ())),
        policy=PlanPolicy(limits=decode(Limits, limits, {}), places=FixedPlaces("audctl.yaml")),
        match_rates=rates,
        today=None,
    )


def word(made: Case) -> Verdict:
    return next(each for each in judge(made).verdicts if each.guard == "minMatchRate")


def codes(made: Case) -> list[str]:
    return [each.code for each in judge(made).findings]


@pytest.mark.parametrize(
    ("matched", "asked", "floor", "passes"),
    [
        (600, 1000, "60%", True),
        (599, 1000, "60%", False),
        (0, 1000, "0%", True),
        (0, 1000, "1%", False),
        (1000, 1000, "100%", True),
        (999, 1000, "100%", False),
        (3, 10, "30%", True),
        (2, 10, "30%", False),
        (0, 0, "60%", True),
    ],
)
def test_an_exact_rate_at_the_floor(matched: int, asked: int, floor: str, passes: bool) -> None:
    assert (codes(case(rate(matched, asked), limits={"minMatchRate": floor})) == []) is passes


def test_a_sample_counts_by_its_lower_end() -> None:
    sampled = rate(620, 1000, total=90_000)
    assert sampled.share is not None
    assert sampled.share.low < 0.6 < sampled.share.value
    made = case(sampled, limits={"minMatchRate": "60%"})
    (refusal,) = judge(made).findings
    assert refusal.code == "AUD2113"
    assert "62.0%, at worst 59.0%" in refusal.message
    assert refusal.hint == f"--allow minMatchRate:{CARTS}"
    assert str(refusal.span) == "carts.yaml:1:1"
    assert word(made).judgement is Judgement.OVER
    assert codes(case(rate(620, 620, total=620), limits={"minMatchRate": "60%"})) == []


def test_what_nobody_can_tell_counts_as_too_low() -> None:
    made = case(UNKNOWN, limits={"minMatchRate": "1%"})
    assert codes(made) == ["AUD2113"]
    assert "no file has come yet" in judge(made).findings[0].message
    assert word(made).judgement is Judgement.UNKNOWN
    assert word(made).names == (CARTS,)
    assert codes(case(UNKNOWN, limits={"minMatchRate": "0%"})) == []


def test_an_override_by_name_lets_it_through_and_one_in_vain_is_an_error() -> None:
    allowed = f"minMatchRate:{CARTS}"
    made = case(UNKNOWN, limits={"minMatchRate": "60%"}, allowed=allowed)
    assert codes(made) == []
    assert word(made).judgement is Judgement.ALLOWED
    vain = case(rate(), limits={"minMatchRate": "60%"}, allowed="minMatchRate:ImportBinding/x")
    assert codes(vain) == ["AUD2013"]
    off = case(rate(), limits={}, allowed=allowed)
    assert codes(off) == ["AUD2013"]


def test_there_is_no_word_about_it_unless_a_floor_is_set() -> None:
    assert "minMatchRate" not in {each.guard for each in judge(case(rate(0), limits={})).verdicts}


@pytest.mark.parametrize(
    ("labels", "passes"),
    [
        ({}, True),
        ({"team": "crm"}, False),
        ({"team": "crm", "kind": "loose"}, False),
        ({"kind": "loose"}, True),
    ],
)
def test_a_floor_by_label_wins_and_of_two_the_higher_one_counts(
    labels: dict[str, str], passes: bool
) -> None:
    limits = {
        "minMatchRate": "50%",
        "labelled": [
            {"match": {"team": "crm"}, "minMatchRate": "90%"},
            {"match": {"kind": "loose"}, "minMatchRate": None},
        ],
    }
    assert (codes(case(rate(600), limits=limits, labels=labels)) == []) is passes


def test_a_floor_that_stands_by_label_only_is_judged_too() -> None:
    limits = {"labelled": [{"match": {"team": "crm"}, "minMatchRate": "90%"}]}
    assert codes(case(rate(600), limits=limits, labels={"team": "crm"})) == ["AUD2113"]
    assert word(case(rate(600), limits=limits)).judgement is Judgement.PASSED
    assert word(case(rate(600), limits=limits)).limit == "off"


def test_every_binding_is_judged_and_the_verdict_counts_them() -> None:
    def at(name: str, measured: MatchRate) -> MatchRate:
        return replace(measured, address=parse_address(f"ImportBinding/{name}"))

    made = case(
        at("good", rate(900)),
        at("let-through", rate(100)),
        rate(599),
        at("gone", UNKNOWN),
        limits={"minMatchRate": "60%"},
        allowed="minMatchRate:ImportBinding/let-through",
    )
    low, untold = judge(made).findings
    assert low == Finding(
        "AUD2113",
        Severity.ERROR,
        f"minMatchRate: {CARTS} has a match rate of 59.9%, and may not go below 60%",
        Span("carts.yaml", 1, 1),
        f"--allow minMatchRate:{CARTS}",
        parse_address(CARTS),
    )
    # No manifest here is called so: there is no place to point at.
    assert (str(untold.address), untold.span) == ("ImportBinding/gone", None)
    assert untold.message == (
        "minMatchRate: ImportBinding/gone has a match rate that nobody can tell "
        "(no file has come yet), and may not go below 60%"
    )
    verdict = word(made)
    assert (verdict.limit, verdict.judgement) == ("60%", Judgement.OVER)
    assert verdict.measured == "1 below, 1 unknown, of 4 bindings"
    assert verdict.names == (CARTS, "ImportBinding/gone")
    assert verdict.allowed == ("ImportBinding/let-through",)


@pytest.mark.parametrize(
    ("rates", "measured"),
    [
        ([], "no binding changes"),
        ([rate()], "none below, of 1 binding"),
        ([rate(), rate(900)], "none below, of 2 bindings"),
        ([rate(599)], "1 below, of 1 binding"),
        ([UNKNOWN], "1 unknown, of 1 binding"),
    ],
)
def test_the_verdict_says_what_was_measured(rates: list[MatchRate], measured: str) -> None:
    assert word(case(*rates, limits={"minMatchRate": "60%"})).measured == measured


def test_a_rate_that_is_small_is_only_called_too_low() -> None:
    (refusal,) = judge(case(rate(3, 1000), limits={"minMatchRate": "60%"})).findings
    assert refusal.message == (
        f"minMatchRate: {CARTS} knows too few of the people on the other side, and may not go below 60%"
    )


def test_a_refusal_gives_no_small_count_away() -> None:
    for small in (rate(3, 10), rate(3, 1000), rate(40, 1000, total=50_000)):
        (refusal,) = judge(case(small, limits={"minMatchRate": "60%"})).findings
        assert not any(
            letter.isdigit()
            for letter in refusal.message.removesuffix("60%").removeprefix("minMatchRate")
        )


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_rate_and_stays_between_none_and_all(sample: tuple[int, int]) -> None:
    share = wilson(*sample)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert not share.is_exact
    mirrored = wilson(sample[1] - sample[0], sample[1])
    assert mirrored.low == pytest.approx(1 - share.high)


@pytest.mark.parametrize(
    ("hits", "asked", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_intervals_as_published(hits: int, asked: int, low: float, high: float) -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    share = wilson(hits, asked)
    assert [share.low, share.high] == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize(("hits", "asked"), [(1, 0), (-1, 5), (6, 5)])
def test_no_sample_has_no_interval(hits: int, asked: int) -> None:
    with pytest.raises(ValueError, match="no sample"):
        wilson(hits, asked)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (rate(830), "83.0% of 1,000 ids in the audience"),
        (rate(1000), "100.0% of 1,000 ids in the audience"),
        (rate(999_999, 1_000_000), ">99.9% of 1,000,000 ids in the audience"),
        (rate(50, 10_000_000), "<0.1% of 10,000,000 ids in the audience"),
        (
            rate(830, 1000, total=812_000, basis=Basis.DESTINATION),
            f"83.0% (80.5% to 85.2%, from a sample of 1,000) of 812,000 {ELSEWHERE}",
        ),
        (rate(7, 40, basis=Basis.SOURCE), "<50 of <50 people of the list"),
        (rate(7, 1000), "<50 of 1,000 ids in the audience"),
        (rate(0, 0), "no ids in the audience"),
        (UNKNOWN, "unknown: no file has come yet"),
    ],
)
def test_rates_in_words(shown: MatchRate, text: str) -> None:
    assert match_rate_text(shown) == text
