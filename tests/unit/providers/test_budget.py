"""The budget with real threads on a clock that nobody waits for: in turn, bounded, and ended by a stop."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from audctl.errors import InterruptedRun, ThrottledError
from audctl.operations.context import SystemClock
from audctl.providers.budget import Budget
from tests.contract.bench import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(budget: Budget, clock: FakeClock, retry_after_s: float | None) -> None:
    with budget.slot(clock, longest_break_s=100) as slot:
        slot.throttle(retry_after_s)


def test_a_break_is_waited_for_by_whoever_comes_next_and_counted() -> None:
    budget, clock = Budget(), FakeClock()
    refused(budget, clock, 20)
    with budget.slot(clock, longest_break_s=100) as slot:
        slot.answered = True
    assert clock.slept == [20]
    seen = budget.traffic(clock)
    assert (seen.made, seen.throttled, seen.waited_s, seen.in_flight) == (2, 1, 20, 1.125)


def test_a_break_that_is_too_long_is_told_at_once() -> None:
    budget, clock = Budget(), FakeClock()
    refused(budget, clock, 3600)
    with (
        pytest.raises(ThrottledError, match=r"GET /x: not sent.* 3600 s left") as caught,
        budget.slot(clock, longest_break_s=100, operation="GET /x"),
    ):
        pytest.fail("it was let in")
    assert caught.value.retry_after_s == 3600
    assert not caught.value.may_have_happened
    assert clock.slept == []


def test_all_waits_together_are_bounded() -> None:
    budget, clock = Budget(total_s=50), FakeClock()
    for _ in range(2):
        refused(budget, clock, 20)
        with budget.slot(clock, longest_break_s=100):
            """Waits for the break."""
    refused(budget, clock, 20)
    with pytest.raises(ThrottledError), budget.slot(clock, longest_break_s=100):
        pytest.fail("it was let in")
    assert budget.traffic(clock).waited_s == 40
    assert budget.allows(10, clock)
    assert not budget.allows(11, clock)


def test_waits_side_by_side_count_once() -> None:
    budget, clock = Budget(), FakeClock()
    with budget.waiting(clock), budget.waiting(clock):
        clock.sleep(7)
    assert budget.traffic(clock).waited_s == 7


def in_turn(budget: Budget, names: str, log: list[str]) -> list[threading.Thread]:
    """Start a thread for each name that holds a slot for a moment, in this order of arrival."""
    threads: list[threading.Thread] = []
    for name in names:

        def work(name: str = name) -> None:
            with budget.slot(FakeClock(), longest_break_s=1):
                log.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        while len(budget._queue) < len(threads) + 1:
            assert thread.is_alive()
        threads.append(thread)
    return threads


def test_callers_are_served_in_the_order_in_which_they_came() -> None:
    budget, log = Budget(1), list[str]()
    with budget.slot(FakeClock(), longest_break_s=1):
        threads = in_turn(budget, "abcdefgh", log)
        assert log == []
    for each in threads:
        each.join(30)
    assert log == list("abcdefgh")


def test_never_more_than_the_ceiling_with_many_threads() -> None:
    budget, clock, lock = Budget(3), FakeClock(), threading.Lock()
    inside, most = 0, 0

    def work(number: int) -> None:
        nonlocal inside, most
        with budget.slot(clock, longest_break_s=1000) as slot:
            with lock:
                inside += 1
                most = max(most, inside)
            if number % 7 == 0:
                slot.throttle(None)
            else:
                slot.answered = True
            with lock:
                inside -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(500)))
    assert most <= 3
    assert budget.traffic(clock).made == 500


def checking(stop: threading.Event) -> Callable[[], None]:
    def check() -> None:
        if stop.is_set():
            raise InterruptedRun("stopped")

    return check


def test_a_stop_ends_a_break_at_once() -> None:
    stop = threading.Event()
    budget, clock = Budget(), SystemClock(stop)
    with budget.slot(clock, longest_break_s=1000) as slot:
        slot.throttle(600)
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            with budget.slot(clock, longest_break_s=1000, check=checking(stop)):
                """Never."""
        except InterruptedRun as error:
            failures.append(error)

    threads = [threading.Thread(target=wait) for _ in range(3)]
    for each in threads:
        each.start()
    stop.set()
    for each in threads:
        each.join(30)
        assert not each.is_alive()
    assert len(failures) == 3


def test_whoever_waits_for_a_place_is_told_of_a_stop_when_a_call_ends() -> None:
    stop, budget = threading.Event(), Budget(1)
    failed = threading.Event()

    def wait() -> None:
        try:
            with budget.slot(FakeClock(), longest_break_s=1, check=checking(stop)):
                """Never."""
        except InterruptedRun:
            failed.set()

    with budget.slot(FakeClock(), longest_break_s=1):
        thread = threading.Thread(target=wait)
        thread.start()
        while not budget._queue:
            assert thread.is_alive()
        stop.set()
    thread.join(30)
    assert failed.is_set()
