"""When a binding counts as fresh, pending or overdue: each case varies one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.model.address import Address
from audctl.model.settling import Settling
from audctl.model.status import Freshness
from audctl.model.synchronisation import Transfer, WorkflowRun
from audctl.plan.bindings.timing import Arrival, judge_export, judge_import, of_feed
from tests.build import NOON

HOUR = timedelta(hours=1)
LIMIT = 36 * HOUR
OK, PENDING, OVERDUE = Freshness.OK, Freshness.PENDING, Freshness.OVERDUE


def settled(ready: float, latest: float) -> Settling:
    return Settling(
        address=Address("ImportBinding", "b", "campaign.sharedList"),
        begun=NOON + ready * HOUR,
        ready=NOON + ready * HOUR,
        earliest=NOON + ready * HOUR,
        latest=NOON + latest * HOUR,
        why="",
    )


def run(
    worked: float | None, name: str = "importSharedAudience", **more: bool | str
) -> WorkflowRun:
    at = None if worked is None else NOON + worked * HOUR
    return replace(WorkflowRun(name=name, going=True, processed_at=at), **more)  # type: ignore[arg-type]


def sent(at: float, source: str = "1", *, succeeded: bool = True) -> Transfer:
    moment = NOON + at * HOUR
    return Transfer(data_source=source, started_at=moment, ended_at=moment, succeeded=succeeded)


@pytest.mark.parametrize(
    ("now", "settling", "worked", "transfers", "expected", "why"),
    [
        (10, settled(-99, -60), 9, [sent(2)], OK, ""),
        (38, settled(-99, -60), 37, [sent(2)], OK, ""),
        (39, settled(-99, -60), 37, [sent(2)], OVERDUE, "older than it may be"),
        # Sent, and Campaign has not looked since: the list is as old as the transfer before.
        (39, settled(-99, -60), 3, [sent(2), sent(20)], OVERDUE, "older than it may be"),
        (39, settled(-99, -60), 21, [sent(2), sent(20)], OK, ""),
        # A failed transfer brings nobody, and is told as soon as it is the last word.
        (
            10,
            settled(-99, -60),
            9,
            [sent(2), sent(5, succeeded=False)],
            OK,
            "the last transfer failed",
        ),
        (
            39,
            settled(-99, -60),
            38,
            [sent(2), sent(26, succeeded=False)],
            OVERDUE,
            "the last transfer failed",
        ),
        # Since the last change.
        (5, settled(0, 36), 4, [sent(-3)], PENDING, "not synchronised since the last change"),
        (36, settled(0, 36), 35, [sent(-3)], OVERDUE, "not synchronised since the last change"),
        (5, settled(0, 36), 4, [sent(0)], OK, ""),
        (5, settled(0, 36), 4, [], PENDING, "never synchronised"),
        (5, settled(0, 36), None, [sent(2)], PENDING, "never synchronised"),
        (5, settled(0, 36), 4, [sent(2, succeeded=False)], PENDING, "the last transfer failed"),
        (36, settled(0, 36), 35, [], OVERDUE, "never synchronised"),
        # Only observed: nobody knows since when it should have people.
        (5, None, 4, [sent(2)], OK, ""),
        (5, None, 4, [], OVERDUE, "never synchronised"),
    ],
)
def test_an_import_is_as_fresh_as_the_newest_transfer_that_campaign_has_read(  # noqa: PLR0917 - a case
    now: float,
    settling: Settling | None,
    worked: float | None,
    transfers: list[Transfer],
    expected: Freshness,
    why: str,
) -> None:
    arrival = Arrival(now=NOON + now * HOUR, settling=settling)
    judged = judge_import(arrival, run(worked), transfers, limit=LIMIT)
    assert (judged.freshness, judged.why) == (expected, why)
    if expected is PENDING:
        assert settling is not None
        assert judged.latest == settling.latest


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"going": False}, "importSharedAudience does not run"),
        ({"failed": True, "error_activity": "js"}, "importSharedAudience is in error at js"),
        ({"failed": True}, "importSharedAudience is in error"),
    ],
)
def test_what_stands_still_is_overdue_at_once_unless_nothing_is_expected(
    change: dict[str, Any], why: str
) -> None:
    arrival = Arrival(now=NOON + 10 * HOUR, settling=settled(-99, -60))
    judged = judge_import(arrival, run(9, **change), [sent(2)], limit=LIMIT)
    assert (judged.freshness, judged.why) == (OVERDUE, why)
    still = replace(arrival, still="its audience is paused")
    judged = judge_import(still, run(9, **change), [sent(2)], limit=LIMIT)
    assert (judged.freshness, judged.why) == (OK, "its audience is paused")


@pytest.mark.parametrize(
    ("now", "ran", "sender", "begun", "expected", "why"),
    [
        (100, 90, 91, 0, OK, ""),
        (139, 90, 91, 0, OVERDUE, "older than it may be"),
        (10, -2, 9, 0, PENDING, "has not run since the last change"),
        (73, -2, 72, 0, OVERDUE, "has not run since the last change"),
        (10, None, 9, 0, PENDING, "never ran"),
        (90.5, 90, 89, 0, PENDING, "waits to be sent"),
        (93, 90, 89, 0, OVERDUE, "exportSharedAudience has not sent what it collected"),
        (93, 90, None, 0, OVERDUE, "exportSharedAudience has not sent what it collected"),
        # The first run after the change was at 18, two days before the latest.
        (66, 66, 66, 0, PENDING, "sent; counts after 48 hours"),
        (67, 66, 66, 0, OK, ""),
        (100, 90, 91, None, OK, ""),
    ],
)
def test_an_export_has_run_was_sent_and_is_old_enough_to_count(  # noqa: PLR0917 - a case
    now: float,
    ran: float | None,
    sender: float | None,
    begun: float | None,
    expected: Freshness,
    why: str,
) -> None:
    settling = None if begun is None else settled(begun, begun + 73)
    arrival = Arrival(now=NOON + now * HOUR, settling=settling)
    judged = judge_export(
        arrival, run(ran, "mine"), run(sender, "exportSharedAudience"), schedule="daily 03:00"
    )
    assert (judged.freshness, judged.why) == (expected, why)
    assert judged.limit == 48 * HOUR


@pytest.mark.parametrize(
    ("own", "expected", "why"),
    [
        (run(None, "mine", going=False), PENDING, "runs when somebody starts it"),
        (run(-900, "mine", going=False), OK, ""),
        (run(-900, "mine", going=False, failed=True), OVERDUE, "mine is in error"),
    ],
)
def test_a_workflow_that_runs_by_hand_has_no_limit_and_may_have_ended(
    own: WorkflowRun, expected: Freshness, why: str
) -> None:
    arrival = Arrival(now=NOON, settling=None)
    judged = judge_export(arrival, own, run(0, "exportSharedAudience"), schedule="manual")
    assert (judged.freshness, judged.why, judged.limit) == (expected, why, None)


def test_a_schedule_that_nobody_can_read_is_one_all_the_same() -> None:
    stands = run(-900, "mine", going=False)
    sender = run(0, "exportSharedAudience")
    arrival = Arrival(now=NOON, settling=None)
    judged = judge_export(arrival, stands, sender, schedule="custom: m_iDayMode=9")
    assert (judged.freshness, judged.why) == (OVERDUE, "mine does not run")


PAIRED = frozenset({"1", "2"})


@pytest.mark.parametrize(
    ("transfers", "kept"),
    [
        ([sent(1, "1"), sent(2, "1")], [1, 2]),
        # Sent to the destination, nothing for this data source: nothing had changed.
        ([sent(1, "1"), sent(2, "2")], [1, 2]),
        # That says nothing about one that was never sent, or failed last.
        ([sent(1, "2")], []),
        ([sent(1, "1"), sent(2, "1", succeeded=False), sent(3, "2")], [1, 2]),
        ([sent(1, "1"), sent(2, "2", succeeded=False)], [1]),
        # Another meaning of the number: the destination as a whole.
        ([sent(1, "77"), sent(2, "78")], [1, 2]),
        ([], []),
    ],
)
def test_which_transfers_speak_for_a_data_source(
    transfers: list[Transfer], kept: list[int]
) -> None:
    found = of_feed(transfers, "1", PAIRED)
    assert [each.ended_at for each in found] == [NOON + each * HOUR for each in kept]


@given(
    now=st.integers(0, 200),
    ready=st.integers(-100, 100),
    worked=st.none() | st.integers(-100, 200),
    moments=st.lists(st.tuples(st.integers(-100, 200), st.booleans()), max_size=6),
)
def test_time_alone_never_makes_an_import_better(
    now: int, ready: int, worked: int | None, moments: list[tuple[int, bool]]
) -> None:
    """Without a transfer and without a look, a binding only goes from ok or pending to overdue."""
    transfers = [sent(at, succeeded=well) for at, well in sorted(moments)]
    rank = {OK: 0, PENDING: 0, OVERDUE: 1}
    found = [
        judge_import(
            Arrival(now=NOON + (now + later) * HOUR, settling=settled(ready, ready + 36)),
            run(worked),
            transfers,
            limit=LIMIT,
        )
        for later in (0, 1, 40)
    ]
    ranks = [rank[each.freshness] for each in found]
    assert ranks == sorted(ranks)
    assert ranks[-1] == 1 or now + 40 < ready + 36 or any(at >= now + 4 for at, _ in moments)
