"""A write whose reply was lost is read back, and counts only when what stands is what was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audctl.errors import RejectedError, UnreachableError
from audctl.model.address import parse_address
from audctl.model.outcome import Result
from audctl.redact import Secret
from tests.build import make_desired, make_entry, make_intent, make_ledger, make_live
from tests.memory import World, failing

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject
    from audctl.model.live import LiveObject

CUT = UnreachableError("cut", may_have_happened=True)
LIST = "List/l#campaign.list"
FLOW = "ExportBinding/e#campaign.workflow"
ACCOUNT = "ExternalAccount/in#campaign.externalAccount"


def spoil(world: World, **fields: object) -> None:
    """Let the next create in Campaign end with these fields wrong, and its reply lost."""
    campaign = world.systems["campaign"]

    def wrong(verb: str, *_: str) -> None:
        if verb != "create":
            return
        campaign.after = lambda *_: None
        ((key, made),) = campaign.objects.items()
        campaign.objects[key] = replace(made, fields={**made.fields, **fields})  # type: ignore[dict-item]  # any value
        raise CUT

    campaign.after = wrong


def account() -> list[DesiredObject]:
    return [make_desired(ACCOUNT, {"name": "in", "accessKeyId": "AK", "secretAccessKey": "sk"})]


def check_claimed(world: World, wanted: list[DesiredObject], message: str) -> LiveObject:
    (failed,) = world.apply(world.plan(wanted)).outcomes
    assert (failed.result, failed.message) == (Result.FAILED, message)
    assert set(world.store.ledger.intents) == {wanted[0].address}
    (done,) = world.apply(world.plan(wanted)).outcomes
    assert done.result is Result.DONE
    assert world.plan(wanted).is_empty
    assert len([call for call in world.writes if call[0] == "create"]) == 1
    (made,) = world.systems["campaign"].objects.values()
    return made


def test_a_workflow_that_was_made_and_does_not_run_is_not_done() -> None:
    world = World()
    spoil(world, running=False)
    wanted = [make_desired(FLOW, {"name": "e", "label": "E", "running": True})]
    message = "cut; read back: it was created, but running is not as asked for"
    assert check_claimed(world, wanted, message).fields["running"] is True


def test_every_field_that_went_wrong_is_named() -> None:
    world = World()
    spoil(world, description="", label="?")
    wanted = [make_desired(LIST, {"name": "l", "label": "L", "description": "d"})]
    message = "cut; read back: it was created, but description, label are not as asked for"
    assert check_claimed(world, wanted, message).fields["label"] == "L"


def test_a_secret_that_cannot_be_read_back_after_a_create_stays_uncertain() -> None:
    world = World()
    world.systems["campaign"].after = failing(CUT, "create")
    message = "cut; read back: it was created, but accessKeyId, secretAccessKey cannot be read back"
    check_claimed(world, account(), message)


def test_a_secret_that_the_system_shows_is_compared() -> None:
    world = World()
    spoil(world, accessKeyId=Secret("AK"), secretAccessKey=Secret("sk"))
    (done,) = world.apply(world.plan(account())).outcomes
    assert done.result is Result.DONE
    world = World()
    spoil(world, accessKeyId=Secret("AK"), secretAccessKey=Secret("other"))
    (failed,) = world.apply(world.plan(account())).outcomes
    assert failed.message.endswith("but secretAccessKey is not as asked for")


def claiming() -> tuple[World, list[DesiredObject]]:
    """Return a world in which an object of an interrupted run appears after the plan."""
    world = World(ledger=make_ledger(intents=[make_intent(LIST, "l")]))
    return world, [make_desired(LIST, {"name": "l", "label": "L"})]


@pytest.mark.parametrize(
    ("hook", "result", "note"),
    [
        ("after", "done", "created by an interrupted run, and claimed"),
        ("before", "failed", "cut; read back: it was not written"),
    ],
)
def test_a_claim_whose_reply_was_lost_is_read_back(hook: str, result: str, note: str) -> None:
    world, wanted = claiming()
    plan = world.plan(wanted)
    campaign = world.systems["campaign"]
    campaign.objects["campaign.list", "5"] = make_live(
        "campaign.list", "5", {"name": "l", "label": "half"}
    )
    setattr(campaign, hook, failing(CUT, "update"))
    (outcome,) = world.apply(plan).outcomes
    assert (str(outcome.result), outcome.message) == (result, note)
    assert not outcome.may_have_happened


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_cannot_be_read_back_stays_owned_and_uncertain(verb: str) -> None:
    world = World(
        [make_live("campaign.list", "3", {"name": "l", "label": "L"})],
        make_ledger(
            make_entry(LIST, "3", {"name": "l", "label": "L"}, deletion_policy="Delete"),
        ),
    )
    wanted = make_desired(LIST, {"name": "l", "label": "N"})
    other = make_desired("DataSource/w#aam.dataSource", {"integrationCode": "w"})
    campaign = world.systems["campaign"]

    def cut(*_: str) -> None:
        campaign.looking = failing(RejectedError("no answer"))
        raise CUT

    campaign.after = cut
    report = world.apply(world.plan([wanted if verb == "update" else other]))
    outcome = next(each for each in report.outcomes if str(each.step.address) == LIST)
    assert outcome.may_have_happened
    assert outcome.message == "cut; reading back failed too: no answer"
    assert parse_address(LIST) in world.store.ledger.entries


RUNS, STOPPED = {"running": True}, {"running": False}


def half_renamed(
    was: dict[str, bool], wanted: dict[str, bool], **left: object
) -> tuple[World, list[DesiredObject], str]:
    """Rename a workflow by a write that leaves fields so, and whose reply is lost; also gives what is said of it."""
    world = World()
    world.apply(world.plan([make_desired(FLOW, {"name": "e", "label": "E", **was})]))
    campaign = world.systems["campaign"]

    def half(verb: str, *_: str) -> None:
        ((key, made),) = campaign.objects.items()
        campaign.objects[key] = replace(made, fields={**made.fields, **left})  # type: ignore[dict-item]  # any value
        campaign.after = lambda *_: None
        raise CUT

    campaign.after = half
    renamed = [make_desired(FLOW, {"name": "e", "label": "F", **wanted})]
    (failed,) = world.apply(world.plan(renamed)).outcomes
    assert failed.result is Result.FAILED
    return world, renamed, failed.message


def test_what_changed_beside_a_write_whose_reply_was_lost_is_no_success() -> None:
    world, renamed, message = half_renamed(RUNS, RUNS, running=False)
    assert message == "cut; read back: it was written, but running is no longer as before"
    world.apply(world.plan(renamed))
    assert world.plan(renamed).is_empty


def test_a_write_of_which_only_a_part_stands_says_which_part_does_not() -> None:
    _, _, message = half_renamed(STOPPED, RUNS, running=False)
    assert message == "cut; read back: it was written in part: running is not as asked for"


def test_a_write_that_is_not_there_says_what_changed_all_the_same() -> None:
    _, _, message = half_renamed(RUNS, RUNS, label="E", running=False)
    assert message == "cut; read back: it was not written, but running is no longer as before"
