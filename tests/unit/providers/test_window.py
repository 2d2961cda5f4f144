"""Laws of the window: never above its ceiling, nobody starves, little is wasted, and what was lost comes back."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audctl.providers.window import FIRST, LONGEST_GAP_S, Window
from tests.unit.providers.simulation import Server, Simulation

NO_LIMIT = float("inf")


@settings(max_examples=60)
@given(
    ceiling=st.integers(1, 32),
    workers=st.integers(1, 40),
    calls=st.integers(1, 300),
    at_once=st.integers(1, 12) | st.just(NO_LIMIT),
    per_second=st.floats(0.5, 200) | st.just(NO_LIMIT),
    lasts_s=st.floats(0.002, 3),
    retry_after_s=st.none() | st.floats(0, 5),
)
@example(8, 8, 300, 1, NO_LIMIT, 0.05, None)
@example(8, 40, 300, NO_LIMIT, 0.5, 0.002, None)
def test_a_throttling_server_is_never_asked_too_much_for_long(  # noqa: PLR0917 - what a server is like
    ceiling: int,
    workers: int,
    calls: int,
    at_once: float,
    per_second: float,
    lasts_s: float,
    retry_after_s: float | None,
) -> None:
    window = Window(ceiling)
    server = Server(lasts_s, at_once, per_second, retry_after_s)
    run = Simulation(window, server, workers, calls).run()
    assert sum(run.done) == calls
    assert run.most_flying <= ceiling
    assert window.size <= ceiling
    assert run.wasted <= 12 + calls * 0.05
    # Served as they came: nobody has twice the turns of another, but for those who wait to try again.
    assert max(run.done) <= 2 * (calls / min(workers, calls)) + 12


@pytest.mark.parametrize(
    ("server", "percent", "times"),
    [
        (Server(), 0, 1.1),
        (Server(at_once=3), 2, 1.4),
        (Server(at_once=1), 3, 1.1),
        (Server(per_second=10), 2, 1.2),
        (Server(per_second=10, retry_after_s=1), 2, 1.2),
        (Server(per_second=40, lasts_s=0.005), 2, 1.2),
        (Server(per_second=10, lasts_s=2), 2, 1.3),
        (Server(per_second=1), 2, 1.6),
    ],
    ids=str,
)
def test_it_finds_what_the_server_takes_and_wastes_little(
    server: Server, percent: float, times: float
) -> None:
    run = Simulation(Window(8), server, workers=8, calls=2000).run()
    most = min(8 / server.lasts_s, server.at_once / server.lasts_s, server.per_second)
    assert run.wasted <= 2000 * percent / 100
    assert run.now_s <= times * 2000 / most
    assert max(run.done) - min(run.done) <= 20


def test_it_comes_back_to_its_ceiling_after_a_bad_hour() -> None:
    window, server = Window(8), Server()
    sizes: list[float] = []

    def weather(run: Simulation) -> None:
        server.at_once = 1 if 100 <= window.begun < 200 else NO_LIMIT
        sizes.append(window.size)
        assert run.most_flying <= 8

    Simulation(window, server, workers=8, calls=1500, on_call=weather).run()
    assert sizes[99] == 8
    assert min(sizes[100:200]) < 2
    assert window.size == 8


def test_one_round_trip_halves_once() -> None:
    window = Window(8)
    window.size = 8
    permits = [window.begin(0) for _ in range(8)]
    for each in permits:
        window.throttled(each, 1, None)
    assert window.size == 4
    late = window.begin(1)
    window.throttled(late, 2, None)
    assert window.size == 2


def test_calls_sent_before_a_halving_do_not_let_it_grow() -> None:
    window = Window(8)
    window.size = 8
    refused, *others = [window.begin(0) for _ in range(8)]
    window.throttled(refused, 1, None)
    for each in others:
        window.succeeded(each, 1)
    assert window.size == 4


def test_a_lone_reader_proves_nothing_about_eight() -> None:
    window = Window(8)
    for now in range(100):
        window.succeeded(window.begin(now), now + 0.1)
    assert window.size == FIRST


def test_a_break_holds_everybody_back_and_never_gets_shorter() -> None:
    window = Window(8)
    one, other = window.begin(0), window.begin(0)
    window.throttled(one, 1, 30)
    window.throttled(other, 2, 3)
    assert window.wait_s(11) == 20
    assert window.wait_s(31) == 0
    assert window.paused_s(31) == 0


def test_the_gap_between_calls_is_bounded() -> None:
    window = Window(8)
    now = 0.0
    for _ in range(200):
        window.throttled(window.begin(now), now, None)
        now += window.wait_s(now) or 0
    wait_s = window.wait_s(now)
    assert wait_s is not None
    assert now <= 200 * LONGEST_GAP_S
    window.begin(now)
    assert window.wait_s(now) is None, "one at a time"


def test_failures_that_are_no_throttling_change_nothing() -> None:
    window = Window(8)
    for now in range(50):
        window.begin(now)
        window.failed()
    assert (window.size, window.flying, window.refused) == (FIRST, 0, 0)
