from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from audctl.apply.record import Recorder
from audctl.errors import (
    ConflictError,
    FindingsError,
    InterruptedRun,
    LockError,
    RejectedError,
    UnreachableError,
)
from audctl.model.address import parse_address
from audctl.model.outcome import Result
from tests.build import make_desired, make_entry, make_intent, make_ledger, make_live
from tests.memory import MemoryLease, World, failing

if TYPE_CHECKING:
    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.outcome import ApplyReport

LIST = "List/l#campaign.list"


def shop() -> list[DesiredObject]:
    """Return a small project: a data source, two traits, an audience, a list and its binding."""
    source = "@DataSource/web#aam.dataSource"
    return [
        make_desired("DataSource/web#aam.dataSource", {"label": "Web", "integrationCode": "web"}),
        make_desired(
            "Trait/a#aam.trait",
            {"label": "A", "integrationCode": "a", "dataSource": source, "rule": 'c_x == "1"'},
        ),
        make_desired(
            "Trait/b#aam.trait", {"label": "B", "integrationCode": "b", "dataSource": source}
        ),
        make_desired(
            "Audience/s#aam.segment",
            {
                "label": "S",
                "integrationCode": "s",
                "dataSource": source,
                "rule": "a AND NOT b",
                "status": "active",
            },
        ),
        make_desired(LIST, {"name": "l", "label": "L"}),
        make_desired(
            "ImportBinding/i#campaign.sharedList",
            {"list": f"@{LIST}", "audience": "@Audience/s#aam.segment", "audienceName": "S"},
        ),
    ]


def ends(report: ApplyReport) -> dict[str, str]:
    return {str(each.step.address): str(each.result) for each in report.outcomes}


def test_everything_is_created_in_order_with_late_ids_and_recorded() -> None:
    world = World()
    report = world.apply(world.plan(shop()))
    assert set(ends(report).values()) == {"done"}
    assert len(report.outcomes) == 6
    segment = world.systems["aam"].find(
        "aam.segment",
        (world.store.ledger.entries[parse_address("DataSource/web#aam.dataSource")].live_id, "s"),
    )
    assert segment is not None
    ids = {str(a): e.live_id for a, e in world.store.ledger.entries.items()}
    assert str(segment.fields["rule"]) == (
        f"{ids['Trait/a#aam.trait']}T AND NOT {ids['Trait/b#aam.trait']}T"
    )
    assert world.store.ledger.intents == {}
    entry = world.store.ledger.entries[parse_address("Audience/s#aam.segment")]
    assert entry.fields["rule"] == segment.fields["rule"].canonical  # type: ignore[union-attr]  # a rule
    assert entry.created
    assert entry.deletion_policy == "Pause"
    assert [str(each) for each in entry.requires] == [
        "DataSource/web#aam.dataSource",
        "Trait/a#aam.trait",
        "Trait/b#aam.trait",
    ]
    assert world.plan(shop()).is_empty


def test_a_second_run_writes_nothing() -> None:
    world = World()
    world.apply(world.plan(shop()))
    before, serial = list(world.writes), world.store.ledger.serial
    report = world.apply(world.plan(shop()))
    assert report.outcomes == ()
    assert world.writes == before
    assert world.store.ledger.serial == serial


def test_a_plan_with_errors_is_not_begun() -> None:
    world = World([make_live("campaign.list", "3", {"name": "l"})])
    plan = world.plan([make_desired(LIST, {"name": "l"})])
    with pytest.raises(FindingsError):
        world.apply(plan)
    assert world.writes == []
    assert len(world.store.saved) == 1


def test_intents_are_saved_before_the_first_write() -> None:
    world = World()

    def look(*_: str) -> None:
        assert len(world.store.ledger.intents) == 6
        intent = world.store.ledger.intents[parse_address("Trait/a#aam.trait")]
        assert intent.key == ("DataSource/web#aam.dataSource", "a")
        world.systems["aam"].before = lambda *_: None

    world.systems["aam"].before = look
    assert set(ends(world.apply(world.plan(shop()))).values()) == {"done"}


def test_overrides_are_saved_before_the_first_write_even_of_a_delete() -> None:
    world = World([make_live("campaign.list", "1", {"name": "l"}, members=0)])
    world.store.saved = [
        make_ledger(make_entry(LIST, "1", {"name": "l"}, deletion_policy="Delete"))
    ]
    seen: list[tuple[str, ...]] = []
    world.systems["campaign"].before = lambda *_: seen.extend(
        each.allowed for each in world.store.ledger.overrides
    )
    keeps = make_desired("DataSource/d#aam.dataSource", {"integrationCode": "d"})
    override = "maxDeletes:List/l"
    plan = world.plan([keeps], limits={"maxDeletes": 0}, allowed=frozenset({override}))
    world.apply(plan)
    assert seen == [(override,)]
    world.apply(world.plan([keeps]))
    assert [each.run for each in world.store.ledger.overrides] == ["now"]


def test_a_failure_stops_only_what_depends_on_it() -> None:
    world = World()
    world.systems["aam"].before = failing(RejectedError("rule refused"), "create", "aam.trait", "B")
    report = world.apply(world.plan(shop()))
    assert ends(report) == {
        "DataSource/web#aam.dataSource": "done",
        "List/l#campaign.list": "done",
        "Trait/a#aam.trait": "done",
        "Trait/b#aam.trait": "failed",
        "Audience/s#aam.segment": "not tried",
        "ImportBinding/i#campaign.sharedList": "not tried",
    }
    blocked = {str(each.step.address): each for each in report.of(Result.NOT_TRIED)}
    for each in blocked.values():
        assert str(each.blocked_by) == "Trait/b#aam.trait"
        assert each.message == "what it depends on failed"
    (failed,) = report.of(Result.FAILED)
    assert failed.message == "rule refused"
    assert world.store.ledger.intents == {}
    assert len(world.observer.outcomes) == 6
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty


def test_a_create_whose_reply_was_lost_is_read_back_and_not_repeated() -> None:
    world = World()
    world.systems["aam"].after = failing(
        UnreachableError("cut", may_have_happened=True), "create", "aam.dataSource"
    )
    report = world.apply(world.plan(shop()))
    assert set(ends(report).values()) == {"done"}
    creates = [call for call in world.writes if call[:2] == ("create", "aam.dataSource")]
    assert len(creates) == 1
    assert world.plan(shop()).is_empty


def test_a_create_that_certainly_did_not_happen_keeps_its_intent_and_is_made_next_time() -> None:
    world = World()
    world.systems["campaign"].before = failing(
        UnreachableError("cut", may_have_happened=True), "create", "campaign.list"
    )
    report = world.apply(world.plan(shop()))
    (failed,) = report.of(Result.FAILED)
    assert failed.message == "cut; read back: it was not created"
    assert not failed.may_have_happened
    assert set(world.store.ledger.intents) == {parse_address(LIST)}
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty
    assert world.store.ledger.intents == {}


def test_a_create_that_nobody_can_tell_about_is_claimed_by_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    campaign = world.systems["campaign"]
    campaign.after = failing(UnreachableError("cut", may_have_happened=True), "campaign.list")
    looks = iter([None, UnreachableError("still cut")])
    find = campaign.find

    def find_or_fail(object_type: str, key: tuple[str, ...]) -> object:
        if object_type == "campaign.list" and (error := next(looks, None)) is not None:
            raise error
        return find(object_type, key)

    monkeypatch.setattr(campaign, "find", find_or_fail)
    (failed,) = world.apply(world.plan(shop())).of(Result.FAILED)
    assert failed.may_have_happened
    assert failed.message == "cut; reading back failed too: still cut"
    plan = world.plan(shop())
    claimed = next(each for each in plan.steps if str(each.address) == LIST)
    assert (str(claimed.change), claimed.reason) == ("adopt", "created by an interrupted run")
    world.apply(plan)
    assert world.plan(shop()).is_empty
    assert world.store.ledger.entries[parse_address(LIST)].created
    assert len([call for call in world.writes if call[:2] == ("create", "campaign.list")]) == 1


@pytest.mark.parametrize("unique", [frozenset(), frozenset({"campaign.list"})])
def test_what_appeared_since_the_plan_is_not_taken(unique: frozenset[str]) -> None:
    world = World()
    world.systems["campaign"].unique = unique
    plan = world.plan([make_desired(LIST, {"name": "l", "label": "L"})])
    theirs = make_live("campaign.list", "7", {"name": "l", "label": "Theirs"})
    world.systems["campaign"].objects["campaign.list", "7"] = theirs
    report = world.apply(plan)
    (failed,) = report.of(Result.FAILED)
    assert failed.message == "campaign.list 7 with the same key appeared since the plan"
    assert list(world.systems["campaign"].objects.values()) == [theirs]
    assert world.store.ledger.entries == {}
    assert world.store.ledger.intents == {}


def test_nothing_is_looked_up_where_a_second_object_is_refused_anyway() -> None:
    world = World()
    looks: list[tuple[str, str, str]] = []
    for system in world.systems.values():
        system.unique = frozenset({"aam.trait", "campaign.list"})
        system.looking = lambda *about: looks.append(about)
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty
    found = {about[1] for about in looks if about[0] == "find"}
    assert found == {"aam.dataSource", "aam.segment", "campaign.sharedList"}


def test_what_an_interrupted_run_may_have_made_is_looked_up_wherever_it_is() -> None:
    world = World(ledger=make_ledger(intents=[make_intent(LIST, "l")]))
    world.systems["campaign"].unique = frozenset({"campaign.list"})
    looks: list[str] = []
    world.systems["campaign"].looking = lambda *about: looks.append(about[1])
    report = world.apply(world.plan([make_desired(LIST, {"name": "l"})]))
    assert [each.result for each in report.outcomes] == [Result.DONE]
    assert looks == ["campaign.list"]


def test_what_an_interrupted_run_made_since_the_plan_is_claimed() -> None:
    world = World(ledger=make_ledger(intents=[make_intent(LIST, "l")]))
    plan = world.plan([make_desired(LIST, {"name": "l", "label": "L"})])
    half = make_live("campaign.list", "7", {"name": "l", "label": "half"})
    world.systems["campaign"].objects["campaign.list", "7"] = half
    (done,) = world.apply(plan).outcomes
    assert (done.result, done.live_id) == (Result.DONE, "7")
    assert world.writes == [("update", "campaign.list", "7")]
    assert world.store.ledger.intents == {}


def test_a_folder_that_appeared_since_the_plan_is_used_and_not_owned() -> None:
    world = World()
    wanted = [
        make_desired("Folder/Web#aam.traitFolder", {"path": "/Web", "parent": "0"}),
        make_desired(
            "Folder/Web/Shop#aam.traitFolder",
            {"path": "/Web/Shop", "parent": "@Folder/Web#aam.traitFolder"},
        ),
    ]
    plan = world.plan(wanted)
    world.systems["aam"].objects["aam.traitFolder", "7"] = make_live(
        "aam.traitFolder", "7", {"path": "/Web", "parent": "0"}
    )
    assert set(ends(world.apply(plan)).values()) == {"done"}
    assert [str(each) for each in world.store.ledger.entries] == ["Folder/Web/Shop#aam.traitFolder"]
    assert world.systems["aam"].objects["aam.traitFolder", "1001"].fields["parent"] == "7"


def owned_list(label: str = "L", policy: str = "Delete") -> World:
    return World(
        [make_live("campaign.list", "3", {"name": "l", "label": label})],
        make_ledger(
            make_entry(LIST, "3", {"name": "l", "label": label}, deletion_policy=policy),
        ),
    )


def test_what_changed_since_the_plan_is_not_overwritten() -> None:
    world = owned_list()
    plan = world.plan([make_desired(LIST, {"name": "l", "label": "New"})])
    touched = make_live("campaign.list", "3", {"name": "l", "label": "Touched"}, changed_by="jdoe")
    world.systems["campaign"].objects["campaign.list", "3"] = touched
    (failed,) = world.apply(plan).of(Result.FAILED)
    assert failed.message == "campaign.list 3 changed since the plan by jdoe: plan again"
    assert world.writes == []


def test_what_vanished_since_the_plan_is_not_made_again() -> None:
    world = owned_list()
    plan = world.plan([make_desired(LIST, {"name": "l", "label": "New"})])
    world.systems["campaign"].objects.clear()
    (failed,) = world.apply(plan).of(Result.FAILED)
    assert failed.message == "campaign.list 3 is gone since the plan"


def other() -> DesiredObject:
    return make_desired("DataSource/web#aam.dataSource", {"label": "W", "integrationCode": "web"})


def test_a_delete_looks_first_and_forgets() -> None:
    world = owned_list()
    plan = world.plan([other()])
    assert ends(world.apply(plan))[LIST] == "done"
    assert [str(each) for each in world.store.ledger.entries] == ["DataSource/web#aam.dataSource"]

    world = owned_list()
    plan = world.plan([other()])
    world.systems["campaign"].objects.clear()
    assert ends(world.apply(plan))[LIST] == "done"

    world = owned_list()
    plan = world.plan([other()])
    world.systems["campaign"].objects["campaign.list", "3"] = make_live("campaign.list", "3", {})
    assert ends(world.apply(plan))[LIST] == "failed"
    assert parse_address(LIST) in world.store.ledger.entries


@pytest.mark.parametrize(
    ("hook", "result", "message"),
    [
        ("after", "done", "the reply was lost; read back: it is gone"),
        ("before", "failed", "cut; read back: it was not deleted"),
    ],
)
def test_a_delete_whose_reply_was_lost_is_read_back(hook: str, result: str, message: str) -> None:
    world = owned_list()
    setattr(
        world.systems["campaign"],
        hook,
        failing(UnreachableError("cut", may_have_happened=True), "delete"),
    )
    report = world.apply(world.plan([other()]))
    (outcome,) = [each for each in report.outcomes if str(each.step.address) == LIST]
    assert (str(outcome.result), outcome.message) == (result, message)


@pytest.mark.parametrize(
    ("hook", "result", "message"),
    [
        ("after", "done", "the reply was lost; read back: it was written"),
        ("before", "failed", "cut; read back: it was not written"),
    ],
)
def test_an_update_whose_reply_was_lost_is_read_back(hook: str, result: str, message: str) -> None:
    world = owned_list()
    setattr(
        world.systems["campaign"],
        hook,
        failing(UnreachableError("cut", may_have_happened=True), "update"),
    )
    (outcome,) = world.apply(world.plan([make_desired(LIST, {"name": "l", "label": "N"})])).outcomes
    assert (str(outcome.result), outcome.message) == (result, message)
    assert len(world.writes) == 1


def test_a_secret_whose_write_is_uncertain_stays_uncertain() -> None:
    address = "ExternalAccount/in#campaign.externalAccount"
    world = World(
        [make_live("campaign.externalAccount", "3", {"name": "in"})],
        make_ledger(
            make_entry(address, "3", {"name": "in"}, deletion_policy="Orphan"),
        ),
    )
    wanted = [make_desired(address, {"name": "in", "secretAccessKey": "new-secret"})]
    world.systems["campaign"].after = failing(
        UnreachableError("cut", may_have_happened=True), "update"
    )
    (failed,) = world.apply(world.plan(wanted)).outcomes
    assert failed.may_have_happened
    assert not world.plan(wanted).is_empty
    (done,) = world.apply(world.plan(wanted)).outcomes
    assert done.result is Result.DONE
    assert world.plan(wanted).is_empty
    entry = world.store.ledger.entries[parse_address(address)]
    assert set(entry.secrets) == {"secretAccessKey"}
    assert "new-secret" not in repr(world.store.saved)


def test_a_pause_keeps_ownership_and_happens_once() -> None:
    world = World(
        [make_live("aam.segment", "21", {"label": "S", "status": "active"})],
        make_ledger(
            make_entry(
                "Audience/s#aam.segment", "21", {"status": "active"}, deletion_policy="Pause"
            )
        ),
    )
    world.apply(world.plan([other()]))
    assert world.systems["aam"].objects["aam.segment", "21"].fields["status"] == "paused"
    entry = world.store.ledger.entries[parse_address("Audience/s#aam.segment")]
    assert entry.fields == {"status": "paused"}
    assert world.plan([other()]).is_empty


def test_adoption_records_and_writes_only_what_differs() -> None:
    world = World(
        [make_live("campaign.list", "3", {"name": "l", "label": "T", "description": "d"})]
    )
    wanted = [make_desired(LIST, {"name": "l", "label": "L"})]
    world.apply(world.plan(wanted, adopt=True))
    fields = world.systems["campaign"].objects["campaign.list", "3"].fields
    assert fields == {"name": "l", "label": "L", "description": "d"}
    assert not world.store.ledger.entries[parse_address(LIST)].created
    assert world.plan(wanted).is_empty


def test_a_rename_moves_the_entry_without_a_call() -> None:
    world = owned_list()
    wanted = [
        make_desired("List/new#campaign.list", {"name": "l", "label": "L"}, previousNames=["l"])
    ]
    (done,) = world.apply(world.plan(wanted)).outcomes
    assert done.result is Result.DONE
    assert world.writes == []
    assert [str(each) for each in world.store.ledger.entries] == ["List/new#campaign.list"]
    assert world.plan(wanted).is_empty


def test_forgetting_touches_nothing() -> None:
    world = owned_list(policy="Orphan")
    world.apply(world.plan([other()]))
    assert ("campaign.list", "3") in world.systems["campaign"].objects
    assert parse_address(LIST) not in world.store.ledger.entries


def test_a_kept_object_whose_record_is_stale_is_recorded_again() -> None:
    world = owned_list("New")
    stale = make_entry(LIST, "3", {"name": "l", "label": "Old"}, deletion_policy="Delete")
    world.store.saved = [make_ledger(stale)]
    plan = world.plan([make_desired(LIST, {"name": "l", "label": "New"})])
    assert plan.is_empty
    assert world.apply(plan).outcomes == ()
    assert world.store.ledger.entries[parse_address(LIST)].fields["label"] == "New"
    assert world.writes == []


def test_a_replaced_object_goes_after_its_replaced_users_and_comes_before_them() -> None:
    world = World(
        [
            make_live(
                "aam.segment", "21", {"label": "S", "integrationCode": "s", "dataSource": "5"}
            ),
            make_live("aam.mapping", "31", {"destination": "1", "segment": "21", "alias": "x"}),
        ],
        make_ledger(
            make_entry("Audience/s#aam.segment", "21", {"label": "S", "dataSource": "5"}),
            make_entry(
                "ImportBinding/b#aam.mapping",
                "31",
                {"destination": "1", "segment": "21", "alias": "x"},
                requires=["Audience/s#aam.segment"],
            ),
        ),
    )
    lifecycle = {"allowReplace": True}
    wanted = [
        make_desired(
            "Audience/s#aam.segment",
            {"label": "S", "integrationCode": "s", "dataSource": "6"},
            lifecycle=lifecycle,
        ),
        make_desired(
            "ImportBinding/b#aam.mapping",
            {"destination": "1", "segment": "@Audience/s#aam.segment", "alias": "x"},
            lifecycle=lifecycle,
        ),
    ]
    report = world.apply(world.plan(wanted))
    assert set(ends(report).values()) == {"done"}
    assert world.writes == [
        ("delete", "aam.mapping", "31"),
        ("delete", "aam.segment", "21"),
        ("create", "aam.segment", "S"),
        ("create", "aam.mapping", ""),
    ]
    assert world.plan(wanted).is_empty


def test_a_delete_refused_by_the_system_fails_and_stays_owned() -> None:
    world = owned_list()
    world.systems["campaign"].before = failing(ConflictError("still in use"), "delete")
    report = world.apply(world.plan([other()]))
    assert ends(report)[LIST] == "failed"
    assert parse_address(LIST) in world.store.ledger.entries


def test_steps_for_a_person_are_named_and_not_tried() -> None:
    world = World()
    wanted = make_desired(
        "Destination/d#aam.destination", {"id": "1"}, observed=True, manual="Ask for it."
    )
    (outcome,) = world.apply(world.plan([wanted])).outcomes
    assert outcome.result is Result.NOT_TRIED
    assert outcome.message == "only a person can do it: Ask for it."


def test_a_stop_ends_what_flies_and_begins_nothing_new() -> None:
    world = World()
    stop = threading.Event()
    world.systems["aam"].after = lambda *_: stop.set()
    report = world.apply(world.plan(shop()), stop_requested=stop.is_set)
    assert report.interrupted
    assert len(report.of(Result.DONE)) == 1
    assert len(report.of(Result.NOT_TRIED)) == 5
    assert {each.message for each in report.of(Result.NOT_TRIED)} == {"the run was interrupted"}
    assert len(world.store.ledger.entries) == 1
    assert world.store.ledger.intents == {}
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty


def test_a_second_interruption_still_saves_what_is_known() -> None:
    world = World()
    begun = world.observer.begun

    def interrupt(step: object) -> None:
        begun(step)  # type: ignore[arg-type]  # a step
        if len(world.observer.started) == 3:
            raise KeyboardInterrupt

    world.observer.begun = interrupt  # type: ignore[method-assign]  # a person's second Ctrl-C
    with pytest.raises(KeyboardInterrupt):
        world.apply(world.plan(shop()))
    assert len(world.store.ledger.entries) == 2
    world.observer.begun = begun  # type: ignore[method-assign]  # back to normal
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty


def test_a_lost_lock_stops_writing_and_saving() -> None:
    world = World()
    lease = MemoryLease()

    def lose(*_: str) -> None:
        lease.lost = True
        world.clock.seconds += 60

    world.systems["aam"].after = lose
    report = world.apply(world.plan(shop()), lease=lease)
    assert report.lock_lost
    assert report.halted.startswith("the lock is lost")
    assert len(report.of(Result.DONE)) == 1
    assert world.store.ledger.entries == {}
    assert len(world.store.ledger.intents) == 6
    report = world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty
    assert len([call for call in world.writes if call[:2] == ("create", "aam.dataSource")]) == 1


@pytest.mark.parametrize("parallelism", [1, 4])
def test_the_fence_stands_between_the_last_look_and_the_write(parallelism: int) -> None:
    """Between two renewals as well: the holder's time runs out while it looks before a create."""
    world = World()
    lease = MemoryLease()
    lost: list[bool] = []

    def lose(*_: str) -> None:
        if world.writes:
            lease.lost = True

    world.systems["aam"].looking = lose
    report = world.apply(
        world.plan(shop()),
        lease=lease,
        parallelism=parallelism,
        on_lost=lambda: lost.append(True),
    )
    written = [call for call in world.writes if call[0] != "find"]
    assert report.lock_lost
    assert report.halted.startswith("the lock is lost: not sent: the lock was taken")
    assert len(report.of(Result.DONE)) == len(written)
    assert not any(each.may_have_happened for each in report.outcomes)
    assert lost == [True]
    assert world.store.ledger.entries == {}
    world.systems["aam"].looking = lambda *_: None
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty


@pytest.mark.parametrize("change", ["update", "delete"])
def test_updates_and_deletes_stop_at_the_fence_too(change: str) -> None:
    world = World()
    world.apply(world.plan(shop()))
    before = list(world.writes)
    lease = MemoryLease()
    for system in world.systems.values():
        system.looking = lambda *_: setattr(lease, "lost", True)
    wanted = shop() if change == "update" else shop()[:3]
    wanted[1] = make_desired(
        "Trait/a#aam.trait",
        {"label": "Other", "integrationCode": "a", "dataSource": "@DataSource/web#aam.dataSource"},
    )
    report = world.apply(world.plan(wanted), lease=lease)
    assert report.lock_lost
    assert world.writes == before


def test_a_call_that_waits_to_be_repeated_gives_up_once_the_lock_is_lost() -> None:
    world = World()
    stop = threading.Event()

    class Taken(MemoryLease):
        def renew(self) -> None:
            if world.clock.seconds:
                raise LockError("taken over")

    def wait(*_: str) -> None:
        assert stop.wait(20)
        raise InterruptedRun("stopped while waiting to repeat a call")

    world.systems["aam"].after = lambda *_: world.clock.sleep(60)
    world.systems["campaign"].after = wait
    report = world.apply(
        world.plan(shop()),
        lease=Taken(),
        parallelism=2,
        stop_requested=stop.is_set,
        on_lost=stop.set,
    )
    assert (report.lock_lost, report.interrupted) == (True, False)
    assert report.halted == "the lock is lost: taken over"


def test_once_the_lock_is_lost_the_ledger_is_somebody_elses() -> None:
    world = World()

    class Taken(MemoryLease):
        """Somebody else's by now, although the store has not noticed yet."""

        def renew(self) -> None:
            if world.clock.seconds:
                raise LockError("taken over")

    world.systems["aam"].after = lambda *_: world.clock.sleep(60)
    report = world.apply(world.plan(shop()), lease=Taken())
    assert report.lock_lost
    assert len(report.of(Result.DONE)) == 1
    assert [len(each.entries) for each in world.store.saved] == [0, 0]


def test_the_lease_is_checked_first_and_renewed_while_working() -> None:
    world = World()
    lost = MemoryLease(lost=True)
    with pytest.raises(LockError):
        world.apply(world.plan(shop()), lease=lost)
    assert world.writes == []
    lease = MemoryLease()
    world.systems["aam"].after = lambda *_: setattr(
        world.clock, "seconds", world.clock.seconds + 40
    )
    world.apply(world.plan(shop()), lease=lease)
    assert lease.renewed >= 4


def test_a_ledger_that_cannot_be_saved_stops_the_run_and_the_next_one_recovers() -> None:
    world = World()

    def break_store(*_: str) -> None:
        world.store.fails = True
        world.clock.seconds += 16

    world.systems["aam"].after = break_store
    report = world.apply(world.plan(shop()))
    assert report.halted == "the ledger cannot be saved: the store does not answer"
    assert not report.lock_lost
    assert len(report.of(Result.DONE)) == 1
    world.store.fails = False
    world.systems["aam"].after = lambda *_: None
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty
    assert len([call for call in world.writes if call[:2] == ("create", "aam.dataSource")]) == 1


@pytest.mark.parametrize(
    ("save_s", "sizes"),
    [
        (0.5, [0, 0, 15, 30, 45, 60, 75, 90, 105, 120]),
        (2.0, [0, 0, 40, 80, 120]),
    ],
)
def test_a_ledger_is_saved_the_more_seldom_the_longer_it_takes(
    save_s: float, sizes: list[int]
) -> None:
    wanted = [make_desired(f"List/l{n}#campaign.list", {"name": f"l{n}"}) for n in range(120)]
    world = World()
    save = world.store.save

    def slow_save(ledger: Ledger, lease: MemoryLease) -> None:
        world.clock.seconds += save_s
        save(ledger, lease)

    def one_second(*_: str) -> None:
        world.clock.seconds += 1

    world.store.save = slow_save  # type: ignore[method-assign]
    world.systems["campaign"].after = one_second
    world.apply(world.plan(wanted), parallelism=1)
    assert [len(each.entries) for each in world.store.saved] == sizes
    assert save_s * (len(sizes) - 2) <= 120 / 10


def test_independent_steps_run_side_by_side() -> None:
    world = World()
    together = threading.Barrier(3, timeout=20)
    campaign = world.systems["campaign"]
    find = campaign.find

    def meet(object_type: str, key: tuple[str, ...]) -> object:
        together.wait()
        return find(object_type, key)

    campaign.find = meet  # type: ignore[method-assign,assignment]  # each waits for the other two
    wanted = [make_desired(f"List/l{n}#campaign.list", {"name": f"l{n}"}) for n in range(3)]
    report = world.apply(world.plan(wanted), parallelism=3)
    assert set(ends(report).values()) == {"done"}


def test_a_fault_of_audctl_itself_stops_the_run_and_is_part_of_its_report() -> None:
    world = World()
    world.systems["aam"].before = failing(ZeroDivisionError("bug"), "aam.trait", "A")
    report = world.apply(world.plan(shop()))
    assert isinstance(report.fault, ZeroDivisionError)
    assert report.halted == "audctl itself failed: ZeroDivisionError"
    (failed,) = report.of(Result.FAILED)
    assert (str(failed.step.address), failed.may_have_happened) == ("Trait/a#aam.trait", True)
    assert len(report.outcomes) == 6
    assert ends(report)["Audience/s#aam.segment"] == "not tried"
    assert parse_address("DataSource/web#aam.dataSource") in world.store.ledger.entries
    assert parse_address("Trait/a#aam.trait") in world.store.ledger.intents
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty


def test_a_fault_while_recording_does_not_hide_what_was_perhaps_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step whose end was being recorded is not "not tried": its call was answered."""
    world = World()
    record = Recorder.record

    def fail(self: Recorder, step: Step, *rest: Any) -> None:  # noqa: ANN401 - passed on
        if step.address.name == "a":
            raise ZeroDivisionError("bug")
        record(self, step, *rest)

    monkeypatch.setattr(Recorder, "record", fail)
    report = world.apply(world.plan(shop()))
    assert isinstance(report.fault, ZeroDivisionError)
    (failed,) = report.of(Result.FAILED)
    assert (str(failed.step.address), failed.may_have_happened) == ("Trait/a#aam.trait", True)
    assert len(report.outcomes) == 6
    monkeypatch.undo()
    world.apply(world.plan(shop()))
    assert world.plan(shop()).is_empty


def test_a_step_that_takes_its_time_is_told_of() -> None:
    world = World()
    told: list[str] = []
    heard = threading.Event()

    def listen(step: Step, what: str) -> None:
        told.append(f"{step.address}: {what}")
        heard.set()

    def slowly(_verb: str, _type: str, key: str) -> None:
        if key == "l0":
            assert heard.wait(30), "nobody told of it while it was under way"
        else:
            world.clock.sleep(31)

    world.observer.progressed = listen  # type: ignore[method-assign]
    world.systems["campaign"].looking = slowly
    wanted = [make_desired(f"List/l{n}#campaign.list", {"name": f"l{n}"}) for n in range(2)]
    world.apply(world.plan(wanted), parallelism=2)
    assert told == ["List/l0#campaign.list: its calls are not over yet"]
