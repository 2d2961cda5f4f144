"""A plan as text: what a reviewer reads, and in which order."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.render import to_terminal
from audctl.render.paint import PLAIN, Paint
from audctl.render.to_terminal.plan import SIGNS

if TYPE_CHECKING:
    from audctl.model.plan import Plan

EXPECTED = """\
Plan: 1 to create, 2 to update, 1 step for a person (1 unchanged, 4 unmanaged)
People: unknown for 1 object

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

Project shop, environment prod, live as of 2026-03-04 05:06:07 UTC, 7 calls
Digest abc123
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
