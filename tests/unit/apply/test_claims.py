"""What an interrupted run left behind stays claimed until it is recorded or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.errors import RejectedError, UnreachableError
from audctl.model.address import parse_address
from audctl.model.outcome import Result
from tests.build import make_desired, make_intent, make_ledger, make_live
from tests.memory import World, failing

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject

LIST = "List/l#campaign.list"


def wanted(label: str = "L") -> list[DesiredObject]:
    return [make_desired(LIST, {"name": "l", "label": label})]


def half_made(label: str) -> World:
    """Return a world in which a killed run made a list and could not record it."""
    return World(
        [make_live("campaign.list", "5", {"name": "l", "label": label})],
        make_ledger(intents=[make_intent(LIST, "l")]),
    )


def check_still_claimed(world: World) -> None:
    assert set(world.store.ledger.intents) == {parse_address(LIST)}
    world.systems["campaign"].before = lambda *_: None
    world.apply(world.plan(wanted()))
    assert world.plan(wanted()).is_empty
    assert world.store.ledger.intents == {}
    assert world.store.ledger.entries[parse_address(LIST)].created
    assert not [call for call in world.writes if call[0] == "create"]


def test_a_claim_that_is_not_tried_stays() -> None:
    world = half_made("L")
    report = world.apply(world.plan(wanted()), stop_requested=lambda: True)
    assert [each.result for each in report.outcomes] == [Result.NOT_TRIED]
    check_still_claimed(world)


@pytest.mark.parametrize("error", [RejectedError("refused"), UnreachableError("503")])
def test_a_claim_that_fails_stays(error: Exception) -> None:
    world = half_made("old")
    world.systems["campaign"].before = failing(error, "update")
    report = world.apply(world.plan(wanted()))
    assert [each.result for each in report.outcomes] == [Result.FAILED]
    check_still_claimed(world)


def test_a_claim_made_while_creating_stays_when_its_update_fails() -> None:
    world = World(ledger=make_ledger(intents=[make_intent(LIST, "l")]))
    plan = world.plan(wanted())
    half = make_live("campaign.list", "5", {"name": "l", "label": "half"})
    world.systems["campaign"].objects["campaign.list", "5"] = half
    world.systems["campaign"].before = failing(RejectedError("refused"), "update")
    report = world.apply(plan)
    assert [each.result for each in report.outcomes] == [Result.FAILED]
    check_still_claimed(world)


def test_a_claim_that_waits_for_a_person_stays() -> None:
    binding = "ExportBinding/e#aam.mapping"
    destination = "Destination/d#aam.destination"
    world = World(ledger=make_ledger(intents=[make_intent(binding, destination, "7", "x")]))
    desired = [
        make_desired(destination, {"label": "D"}, observed=True, manual="Ask for it."),
        make_desired(binding, {"destination": f"@{destination}", "segment": "7", "alias": "x"}),
    ]
    report = world.apply(world.plan(desired))
    assert [each.result for each in report.outcomes] == [Result.NOT_TRIED] * 2
    assert set(world.store.ledger.intents) == {parse_address(binding)}


def test_a_create_of_this_run_that_is_not_tried_leaves_no_claim() -> None:
    world = World()
    world.apply(world.plan(wanted()), stop_requested=lambda: True)
    assert world.store.ledger.intents == {}
    world.systems["campaign"].before = failing(RejectedError("refused"), "create")
    world.apply(world.plan(wanted()))
    assert world.store.ledger.intents == {}
