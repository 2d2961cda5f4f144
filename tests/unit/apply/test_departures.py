"""Deletes are announced in the ledger: after a run that was killed, an empty list is believed of what was to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.errors import RejectedError, UnreachableError
from audctl.model.address import parse_address
from audctl.model.change import Change
from audctl.model.outcome import Result
from tests.build import make_desired, make_intent
from tests.memory import World, failing

if TYPE_CHECKING:
    from audctl.model.plan import Plan

MAPPING = parse_address("ImportBinding/sale#aam.mapping")
LIST = make_desired("List/stay#campaign.list", {"name": "stay"})
BOUND = make_desired(str(MAPPING), {"destination": "4200", "segment": "9", "alias": "sale"})


def codes(plan: Plan) -> set[str]:
    return {each.code for each in plan.findings}


def bound() -> World:
    world = World()
    world.apply(world.plan([LIST, BOUND]))
    return world


def test_the_last_object_of_a_type_that_a_killed_run_deleted_is_believed_to_be_gone() -> None:
    world = bound()
    world.apply(world.plan([LIST]))
    # As far as the ledger of a run got that was killed after the delete: what it saved first.
    before_writing = world.store.saved[-2]
    assert before_writing.entries[MAPPING].leaving
    world.store.saved = world.store.saved[:-1]
    plan = world.plan([LIST])
    assert (codes(plan), [each.change for each in plan.steps if each.address == MAPPING]) == (
        set(),
        [Change.FORGET],
    )
    world.apply(plan)
    assert MAPPING not in world.store.ledger.entries
    assert world.plan([LIST]).is_empty


def test_the_last_object_of_a_type_that_a_killed_run_replaced_is_made_again() -> None:
    world = bound()
    world.store.saved.append(
        world.store.ledger.with_changes(
            intended=[make_intent(str(MAPPING), "4200", "9", "sale")],
        )
    )
    world.systems["aam"].objects.clear()
    plan = world.plan([LIST, BOUND])
    assert codes(plan) == set()
    assert [each.change for each in plan.steps if each.address == MAPPING] == [Change.CREATE]


def test_what_was_not_announced_is_not_believed_to_be_gone() -> None:
    world = bound()
    world.systems["aam"].objects.clear()
    assert "AUD2002" in codes(world.plan([LIST]))


@pytest.mark.parametrize(
    ("error", "leaving"),
    [(RejectedError("no"), False), (UnreachableError("cut", may_have_happened=True), True)],
)
def test_a_delete_that_failed_stays_announced_only_while_nobody_knows(
    error: Exception, leaving: bool
) -> None:
    world = bound()
    aam = world.systems["aam"]

    def fail(verb: str, *_: str) -> None:
        if verb == "delete":
            aam.looking = failing(UnreachableError("still cut"), once=False)
            raise error

    aam.before = fail
    world.apply(world.plan([LIST]))
    assert world.store.ledger.entries[MAPPING].leaving is leaving


def test_what_was_to_go_and_stays_after_all_is_no_longer_announced() -> None:
    world = bound()
    announced = world.store.ledger.entries[MAPPING]
    world.apply(world.plan([LIST]), stop_requested=lambda: True)
    assert not world.store.ledger.entries[MAPPING].leaving
    killed = world.store.saved[-2]
    assert killed.entries[MAPPING].leaving
    world.store.saved.pop()
    world.apply(world.plan([LIST, BOUND]))
    assert world.store.ledger.entries[MAPPING] == announced


def test_a_delete_that_was_read_back_as_not_done_is_no_longer_announced() -> None:
    world = bound()
    world.systems["aam"].before = failing(UnreachableError("cut", may_have_happened=True), "delete")
    world.apply(world.plan([LIST]))
    assert not world.store.ledger.entries[MAPPING].leaving


def test_one_answer_that_an_object_is_gone_is_not_enough_to_forget_it() -> None:
    world = bound()
    aam = world.systems["aam"]
    aam.get = lambda *_: None  # type: ignore[method-assign]  # as a gateway that answers 404
    (outcome,) = world.apply(world.plan([LIST])).outcomes
    assert (outcome.result, "but by its key" in outcome.message) == (Result.FAILED, True)
    assert not world.store.ledger.entries[MAPPING].leaving


def test_what_is_found_neither_by_id_nor_by_key_was_gone_already() -> None:
    world = bound()
    plan = world.plan([LIST])
    world.systems["aam"].objects.clear()
    (outcome,) = world.apply(plan).outcomes
    assert (outcome.result, outcome.message) == (Result.DONE, "was gone already")
