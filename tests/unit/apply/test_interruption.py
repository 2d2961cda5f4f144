"""A person's stop can meet any call that waits; the report and the ledger come through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audctl.errors import InterruptedRun
from audctl.model.outcome import Result
from tests.build import make_desired
from tests.memory import MemoryLease, World, failing

if TYPE_CHECKING:
    from audctl.model.desired import DesiredObject

STOPPED = InterruptedRun("stopped while waiting to repeat a call")


def lists(count: int = 3) -> list[DesiredObject]:
    return [make_desired(f"List/l{n}#campaign.list", {"name": f"l{n}"}) for n in range(count)]


def check_recovers(world: World, wanted: list[DesiredObject]) -> None:
    campaign = world.systems["campaign"]
    campaign.before = campaign.after = campaign.looking = lambda *_: None
    world.apply(world.plan(wanted))
    assert world.plan(wanted).is_empty
    assert world.store.ledger.intents == {}
    assert len([call for call in world.writes if call[0] == "create"]) >= len(wanted)
    assert len(campaign.objects) == len(wanted)


def test_a_stop_while_looking_is_a_step_not_tried() -> None:
    world = World()
    world.systems["campaign"].looking = failing(STOPPED, "find", "l1")
    report = world.apply(world.plan(lists()))
    assert [each.result for each in report.outcomes] == [
        Result.DONE,
        Result.NOT_TRIED,
        Result.NOT_TRIED,
    ]
    assert report.outcomes[1].message == "stopped while waiting to repeat a call"
    assert not report.outcomes[1].may_have_happened
    assert report.interrupted
    assert report.halted == "the run was interrupted"
    assert len(world.store.ledger.entries) == 1
    assert world.store.ledger.intents == {}
    check_recovers(world, lists())


@pytest.mark.parametrize(("hook", "result"), [("before", Result.FAILED), ("after", Result.DONE)])
def test_a_stop_inside_a_write_is_read_back(hook: str, result: Result) -> None:
    world = World()
    setattr(world.systems["campaign"], hook, failing(STOPPED, "create"))
    report = world.apply(world.plan(lists(1)))
    assert report.outcomes[0].result is result
    assert report.interrupted is (result is Result.FAILED)
    check_recovers(world, lists(1))


@pytest.mark.parametrize("verb", ["update", "delete"])
@pytest.mark.parametrize("hook", ["before", "after"])
def test_a_stop_inside_a_change_is_read_back(hook: str, verb: str) -> None:
    world = World()
    world.apply(world.plan(lists(2)))
    wanted = lists(1)
    if verb == "update":
        wanted = [
            make_desired(f"List/l{n}#campaign.list", {"name": f"l{n}", "label": "N"})
            for n in range(2)
        ]
    setattr(world.systems["campaign"], hook, failing(STOPPED, verb))
    report = world.apply(world.plan(wanted))
    assert report.outcomes[0].result is (Result.FAILED if hook == "before" else Result.DONE)
    check_recovers(world, wanted)


def test_a_stop_while_reading_back_leaves_the_write_uncertain() -> None:
    world = World()
    campaign = world.systems["campaign"]

    def stop(*_: str) -> None:
        campaign.looking = failing(STOPPED)
        raise STOPPED

    campaign.after = stop
    report = world.apply(world.plan(lists(1)))
    assert report.outcomes[0].may_have_happened
    assert report.interrupted
    assert len(world.store.ledger.intents) == 1
    check_recovers(world, lists(1))


def test_a_stop_while_the_lease_is_renewed_is_no_lost_lock() -> None:
    world = World()

    class Slow(MemoryLease):
        def renew(self) -> None:
            if world.clock.seconds:
                raise STOPPED

    world.systems["campaign"].after = lambda *_: world.clock.sleep(40)
    report = world.apply(world.plan(lists()), lease=Slow())
    assert (report.interrupted, report.lock_lost) == (True, False)
    assert [each.result for each in report.outcomes].count(Result.DONE) == 1
    assert len(world.store.ledger.entries) == 1


def test_a_stop_while_saving_on_the_way_is_made_good_at_the_end() -> None:
    world = World()
    stopping = interrupt_saves(world, {2})
    world.systems["campaign"].after = lambda *_: world.clock.sleep(16)
    report = world.apply(world.plan(lists()))
    assert stopping == [1, 2, 3]
    assert report.interrupted
    assert [each.result for each in report.outcomes].count(Result.DONE) == 1
    assert len(world.store.ledger.entries) == 1


def test_a_stop_while_saving_at_the_end_still_gives_the_report() -> None:
    world = World()
    interrupt_saves(world, {2})
    report = world.apply(world.plan(lists()))
    assert {each.result for each in report.outcomes} == {Result.DONE}
    assert report.interrupted
    assert report.halted == "the run was interrupted before the ledger was saved"
    assert len(world.store.ledger.intents) == 3
    check_recovers(world, lists())


def interrupt_saves(world: World, which: set[int]) -> list[int]:
    """Let these saves be stopped, counted from 1; return the list that counts."""
    save = world.store.save
    calls: list[int] = []

    def stopped(*given: Any) -> None:  # noqa: ANN401 - as the store takes them
        calls.append(len(calls) + 1)
        if calls[-1] in which:
            raise STOPPED
        save(*given)

    world.store.save = stopped  # type: ignore[method-assign,assignment]  # a store that waits
    return calls
