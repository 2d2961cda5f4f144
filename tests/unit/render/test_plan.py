"""A plan as text: what a reviewer reads, and in which order."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audctl.model.address import Address
from audctl.model.change import Change
from audctl.model.effect import CountSource, Effect, Impact
from audctl.model.plan import PlanOptions, Revision
from audctl.model.selection import Selection
from audctl.model.verdict import Judgement, Verdict
from audctl.render.paint import PLAIN, Paint
from audctl.render.people import impact_text, moves, total_text
from audctl.render.to_terminal import plan as to_terminal
from audctl.render.to_terminal.plan import SIGNS

if TYPE_CHECKING:
    from audctl.model.plan import Plan

OVER = Judgement.OVER
BOUND = CountSource.BOUND

EXPECTED = """\
Plan: 1 to create, 2 to update, 1 step for a person (1 unchanged, 4 unmanaged)
People: unknown for 1 object
By hand: Audience/spenders#aam.segment
Project shop, environment prod (org), live as of 2026-03-04 05:06:07 UTC, 7 calls
Digest abc123

lists.yaml:3:1 warning AUD2001 two lists look alike
1 warning

List/vip  lists.yaml:3:1
  + create campaign.list "VIP": not there yet
      label   "VIP"
      folder  (known after apply)

Audience/cart  audiences.yaml:10:1
  ~ update aam.segment "Cart" 81000: changed outside audctl
      label  "Carts!!" -> "Cart"  audiences.yaml:14:10
      rule   "70001T" -> cart-add AND web (known after apply)  manifest changed  audiences.yaml:16:9
      people: 1,200,000 -> unknown
      last changed by 12 at 2026-03-04 05:06:07 UTC

ExternalAccount/importSharedAudience
  ~ update campaign.externalAccount 7: manifest changed (because of what it refers to)
      secretAccessKey  (sensitive) -> (sensitive)

Audience/spenders
  ! manual aam.segment: made elsewhere
      Open Analytics.
      Publish the segment.
"""


def test_counts_come_first_then_one_block_for_each_resource(plan: Plan) -> None:
    assert "\n".join(to_terminal.plan(plan, PLAIN)) + "\n" == EXPECTED


def test_colours_change_nothing_but_colours(plan: Plan) -> None:
    painted = "\n".join(to_terminal.plan(plan, Paint(on=True))) + "\n"
    assert painted != EXPECTED
    assert re.sub(r"\x1b\[\d+m", "", painted) == EXPECTED


def test_an_empty_plan_says_so_in_one_line(plan: Plan) -> None:
    kept = tuple(step for step in plan.steps if step.change is Change.KEEP)
    first, *_ = to_terminal.plan(replace(plan, steps=kept, findings=()), PLAIN)
    assert first == (
        "Plan: nothing to do: the live systems are what the manifests say (1 unchanged, 4 unmanaged)"
    )


def test_every_change_has_a_sign_of_its_own() -> None:
    assert set(SIGNS) == set(Change)
    assert len(set(SIGNS.values())) == len(Change)
    assert all(sign.isascii() for sign in SIGNS.values())


SEGMENT = Address("Audience", "cart", "aam.segment")
VIP = Address("List", "vip", "campaign.list")
NEWS = Address("List", "news", "campaign.list")


def rich(plan: Plan) -> Plan:
    """Return the plan with all that a first screen can hold."""
    shrunk = Impact(
        before=812_000, after=203_000, low=190_000, high=217_000, source=CountSource.ESTIMATE
    )
    return replace(
        plan,
        options=PlanOptions(selection=Selection(only=("Audience/*",), exclude=("team=crm",))),
        left_out=4,
        effects=(
            Effect(address=SEGMENT, purpose="target", impact=shrunk, chain=(SEGMENT,)),
            Effect(
                address=NEWS,
                label="News",
                purpose="suppress",
                impact=shrunk,
                chain=(SEGMENT, VIP, NEWS),
            ),
            Effect(
                address=Address("List", "few", "campaign.list"),
                impact=Impact(before=812, after=12, source=CountSource.CERTAIN),
                chain=(SEGMENT, Address("List", "few", "campaign.list")),
            ),
            Effect(
                address=Address("List", "who", "campaign.list"),
                impact=Impact(before=9),
                chain=(SEGMENT, Address("List", "who", "campaign.list")),
            ),
        ),
        verdicts=tuple(
            Verdict(
                guard=f"max{judgement.value.capitalize()}",
                judgement=judgement,
                limit="25%",
                measured="75%",
                names=("Audience/cart",) if judgement in (OVER, Judgement.UNKNOWN) else (),
                allowed=("List/vip",) if judgement is Judgement.ALLOWED else (),
            )
            for judgement in (Judgement.PASSED, Judgement.ALLOWED, Judgement.UNKNOWN, OVER)
        ),
        revision=Revision(commit="5f70bf18a086007016e948b04aed3b82103a36be", dirty=True),
    )


FIRST_SCREEN = """\
Partial plan: only Audience/*; without team=crm; 4 steps left out
Plan: 1 to create, 2 to update, 1 step for a person (1 unchanged, 4 unmanaged)
People: 1,624,812 -> 406,000 summed over 3 objects, unknown for 1 object (1 directly, 3 indirectly)
Guards: 1 over, 1 unknown, 1 allowed, 1 passed
  over    maxOver: 75%, limit 25%  Audience/cart
  unknown maxUnknown: 75%, limit 25%  Audience/cart
  allowed maxAllowed: 75%, limit 25%  List/vip
By hand: Audience/spenders#aam.segment
Project shop, environment prod (org), live as of 2026-03-04 05:06:07 UTC, 7 calls
Manifests of commit 5f70bf18a086, with changes that are not committed
Digest abc123
"""

AFFECTED = """\
Affected by what is above
  List/news#campaign.list "News" (suppress): 812,000 -> 203,000 (190,000 to 217,000), -75%
      through Audience/cart#aam.segment -> List/vip#campaign.list -> List/news#campaign.list
  List/few#campaign.list: 812 -> <50
      through Audience/cart#aam.segment -> List/few#campaign.list
  List/who#campaign.list: <50 -> unknown
      through Audience/cart#aam.segment -> List/who#campaign.list
"""


def text_of(plan: Plan) -> str:
    return "\n".join(to_terminal.plan(plan, PLAIN)) + "\n"


def test_the_first_screen_says_what_is_partial_who_moves_and_which_guard_objects(
    plan: Plan,
) -> None:
    assert text_of(rich(plan)).startswith(FIRST_SCREEN + "\n")


def test_a_step_shows_what_its_effect_is_and_others_are_told_with_their_chain(plan: Plan) -> None:
    text = text_of(rich(plan))
    assert "      people: 812,000 -> 203,000 (190,000 to 217,000), -75%\n" in text
    assert text.endswith("\n\n" + AFFECTED)


def test_the_first_screen_stays_one_whatever_there_is_to_tell(plan: Plan) -> None:
    verdicts = rich(plan).verdicts * 40
    manual = tuple(step for step in plan.steps if step.change is Change.MANUAL) * 40
    crowded = replace(rich(plan), verdicts=verdicts, steps=plan.steps + manual)
    screen = text_of(crowded).split("\n\n")[0].splitlines()
    assert len(screen) <= 15
    assert "  and 116 more" in screen
    assert "By hand: " in text_of(crowded)
    assert " and 38 more" in text_of(crowded)


def test_what_is_named_on_the_first_screen_cannot_draw_on_it(plan: Plan) -> None:
    bad = "x\x1b[2J\ny"
    verdict = Verdict(
        guard=bad, judgement=OVER, limit=bad, measured=bad, names=(bad,), allowed=(bad,)
    )
    place = replace(plan.environment, name=bad, organization=bad)
    effect = Effect(address=Address("List", bad), label=bad, purpose=bad, impact=Impact(), chain=())
    hostile = replace(
        rich(plan),
        project=bad,
        environment=place,
        verdicts=(verdict,),
        effects=(effect,),
        options=PlanOptions(selection=Selection(only=(bad,), exclude=(bad,))),
        revision=Revision(commit="5f70bf", branch=bad),
    )
    lines = list(to_terminal.plan(hostile, PLAIN))
    assert not any("\x1b" in line or "\n" in line for line in lines)
    assert sum("x\\x1b[2J\\ny" in line for line in lines) >= 5


def test_a_part_with_nothing_to_do_does_not_speak_for_the_whole(plan: Plan) -> None:
    part = replace(
        plan, steps=(), findings=(), options=PlanOptions(selection=Selection(only=("x",)))
    )
    first, second, *_ = to_terminal.plan(part, PLAIN)
    assert first == "Partial plan: only x; everything else stays"
    assert second == "Plan: nothing to do in this part (0 unchanged, 4 unmanaged)"


@pytest.mark.parametrize(
    ("impact", "text"),
    [
        (Impact(), "unknown -> unknown"),
        (Impact(before=0, after=0), "0 -> 0"),
        (Impact(before=49, after=0), "<50 -> 0"),
        (Impact(before=100, after=0), "100 -> 0, -100%"),
        (Impact(before=100_000, after=70), "100,000 -> 70, -99%"),
        (Impact(before=100, after=49), "100 -> <50"),
        (Impact(before=49, after=100), "<50 -> 100"),
        (Impact(before=100, after=900), "100 -> 900, +800%"),
        (Impact(before=1000, after=1001), "1,000 -> 1,001, +<1%"),
        (
            Impact(before=100, after=60, source=CountSource.ESTIMATE),
            "100 -> 60 (an estimate), -40%",
        ),
        (Impact(before=100, after=100, source=CountSource.LIVE), "100, nobody moves"),
        (Impact(source=CountSource.LIVE), "unknown, nobody moves"),
        (Impact(before=100, high=100, source=BOUND), "100 -> at most 100"),
        (Impact(before=100, low=20, source=BOUND), "100 -> at least <50"),
        (
            Impact(before=100, low=60, high=900, source=BOUND),
            "100 -> at least 60 and at most 900",
        ),
        (Impact(before=100, source=BOUND), "100 -> unknown"),
        (Impact(before=100, after=60, low=20, high=90), "100 -> 60 (<50 to 90), -40%"),
    ],
)
def test_people_are_worded_as_far_as_they_are_known_and_many(impact: Impact, text: str) -> None:
    assert impact_text(impact) == text


@pytest.mark.parametrize(
    ("counts", "text"),
    [([], "0"), ([0], "0"), ([49], "<50"), ([1, 2], "<100"), ([100, 49], "100"), ([60, 60], "120")],
)
def test_no_small_count_can_be_subtracted_out_of_a_sum(counts: list[int], text: str) -> None:
    assert total_text(counts) == text


def test_where_nobody_moves_there_is_no_line_about_people(plan: Plan) -> None:
    stay = Effect(address=SEGMENT, impact=Impact(source=CountSource.LIVE), chain=(SEGMENT,))
    lines = list(to_terminal.plan(replace(plan, effects=(stay,)), PLAIN))
    assert not any(line.startswith("People:") for line in lines)
    assert "      people: unknown, nobody moves" in lines


@pytest.mark.parametrize(
    ("impact", "expected"),
    [
        (Impact(), True),
        (Impact(before=5), True),
        (Impact(before=0, after=0), False),
        (Impact(before=5, after=6), True),
        (Impact(source=CountSource.LIVE), False),
        (Impact(before=90, after=90, low=80, high=99), True),
    ],
)
def test_people_move_unless_it_is_known_that_nobody_does(impact: Impact, expected: bool) -> None:
    assert moves(impact) is expected
