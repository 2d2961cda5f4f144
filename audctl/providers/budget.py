"""What all workers of a run share for one endpoint: how many calls at a time, and how long failed ones are repeated.

Callers are served in the order in which they came, so none starves. Waits go through the caller's clock, which an
interruption ends.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.errors import ThrottledError
from audctl.model.traffic import Traffic
from audctl.providers.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audctl.ports import Clock
    from audctl.providers.window import Permit

CEILING = 8
TOTAL_S = 1800.0
"""Half an hour in which one run waits for one system to come back, all its calls together."""


class Slot:
    """A call's place among those in flight."""

    def __init__(self) -> None:
        self.answered = False
        """The system took the call, whatever it made of it: there was room for one."""
        self.throttled = False
        self.retry_after_s: float | None = None

    def throttle(self, retry_after_s: float | None) -> None:
        """Note that the system refused the call because there were too many."""
        self.throttled, self.retry_after_s = True, retry_after_s


class Budget:
    """One endpoint's, for as many transports as talk to it; safe to share between threads."""

    def __init__(self, ceiling: int = CEILING, *, total_s: float = TOTAL_S) -> None:
        """``total_s``: how long may be waited to repeat calls, and for breaks; 0: not at all."""
        self._window = Window(ceiling)
        self._total_s = total_s
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()
        self._repeated = 0
        self._waiting = 0
        self._waiting_since_s = 0.0
        self._waited_s = 0.0

    @contextmanager
    def slot(
        self,
        clock: Clock,
        *,
        longest_break_s: float,
        check: Callable[[], None] = lambda: None,
        operation: str = "",
    ) -> Iterator[Slot]:
        """Wait for a place and hold it for the block.

        ``check`` is asked whenever something changed, and may raise. A break of more than ``longest_break_s`` is not
        waited for: ThrottledError.
        """
        permit = self._enter(clock, longest_break_s, check, operation)
        slot = Slot()
        try:
            yield slot
        finally:
            with self._changed:
                if slot.throttled:
                    self._window.throttled(permit, clock.monotonic(), slot.retry_after_s)
                elif slot.answered:
                    self._window.succeeded(permit, clock.monotonic())
                else:
                    self._window.failed()
                self._changed.notify_all()

    def _enter(
        self, clock: Clock, longest_break_s: float, check: Callable[[], None], operation: str
    ) -> Permit:
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            while True:
                check()
                with self._changed:
                    now_s = clock.monotonic()
                    first = self._queue[0] is ticket
                    wait_s = self._window.wait_s(now_s) if first else None
                    if wait_s == 0:
                        return self._window.begin(now_s)
                    break_s = self._window.paused_s(now_s)
                    if break_s > longest_break_s or (break_s and not self._allows(break_s, now_s)):
                        raise _too_long(operation, break_s)
                    if wait_s is None:
                        # Ends when a call does, or the one ahead goes: both are bounded, so this needs no clock.
                        self._changed.wait()
                        continue
                if break_s:
                    with self.waiting(clock):
                        clock.sleep(wait_s)
                else:
                    clock.sleep(wait_s)
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def allows(self, seconds: float, clock: Clock) -> bool:
        """Whether so long a wait still fits into what a run may wait for this system in all."""
        with self._changed:
            return self._allows(seconds, clock.monotonic())

    @property
    def ceiling(self) -> int:
        """How many calls there may be at the same time."""
        return self._window.ceiling

    @property
    def total_s(self) -> float:
        """What all waits may come to."""
        return self._total_s

    def count_repeat(self) -> None:
        """Note that a call is about to be made once more."""
        with self._changed:
            self._repeated += 1

    @contextmanager
    def waiting(self, clock: Clock) -> Iterator[None]:
        """Count the time of the block as waited; blocks side by side count once."""
        with self._changed:
            if not self._waiting:
                self._waiting_since_s = clock.monotonic()
            self._waiting += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1
                if not self._waiting:
                    self._waited_s += clock.monotonic() - self._waiting_since_s

    def traffic(self, clock: Clock) -> Traffic:
        """Return what came of it so far."""
        with self._changed:
            return Traffic(
                made=self._window.begun,
                repeated=self._repeated,
                throttled=self._window.refused,
                waited_s=self._waited(clock.monotonic()),
                at_most_s=self._total_s,
                in_flight=self._window.size,
                ceiling=self._window.ceiling,
            )

    def _allows(self, seconds: float, now_s: float) -> bool:
        # Whoever waits already ends at some time that is not known here; the longest of them may end after this one.
        return self._waited(now_s) + seconds <= self._total_s

    def _waited(self, now_s: float) -> float:
        return self._waited_s + (now_s - self._waiting_since_s if self._waiting else 0.0)


def _too_long(operation: str, break_s: float) -> ThrottledError:
    return ThrottledError(
        f"{operation}: not sent: the system asked for a break that has {break_s:.0f} s left, more than is waited for",
        operation=operation,
        retry_after_s=break_s,
    )
