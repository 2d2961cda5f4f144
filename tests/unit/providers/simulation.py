"""Workers, a window and a server that takes only so much, on a clock of their own: discrete events, no threads."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audctl.providers.window import Permit, Window

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
SOON_S = 1e-9


@dataclass
class Server:
    """Refuses what exceeds its limits; answers take ``lasts_s``."""

    lasts_s: float = 0.05
    at_once: float = float("inf")
    per_second: float = float("inf")
    retry_after_s: float | None = None
    flying: int = 0
    tokens: float = 1.0
    seen_s: float = 0.0

    def takes(self, now_s: float) -> bool:
        """Whether it serves a call that begins now."""
        self.tokens = min(
            max(1.0, self.per_second), self.tokens + (now_s - self.seen_s) * self.per_second
        )
        self.seen_s = now_s
        if self.flying > self.at_once or self.tokens < 1:
            return False
        self.tokens -= 1 if self.per_second != float("inf") else 0
        return True


@dataclass
class Simulation:
    """``workers`` do ``calls`` in all; each refused one is repeated after its own growing wait."""

    window: Window
    server: Server
    workers: int
    calls: int
    on_call: Callable[[Simulation], None] = lambda _: None
    now_s: float = 0.0
    wasted: int = 0
    most_flying: int = 0
    done: list[int] = field(default_factory=list)
    """By worker."""
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _queue: deque[tuple[int, int]] = field(default_factory=deque)
    """Worker and try, in order of arrival, as the budget has it."""
    _begun: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self) -> Simulation:
        self.done = [0] * self.workers
        for worker in range(self.workers):
            self._next(worker)
        while self._events and sum(self.done) < self.calls:
            self.now_s, _, what = heapq.heappop(self._events)
            what()
        return self

    def _at(self, when_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when_s, next(self._numbers), what))

    def _next(self, worker: int) -> None:
        if self._begun < self.calls:
            self._begun += 1
            self._arrive(worker, 1)

    def _arrive(self, worker: int, attempt: int) -> None:
        self._queue.append((worker, attempt))
        self._admit()

    def _admit(self) -> None:
        while self._queue:
            wait_s = self.window.wait_s(self.now_s)
            if wait_s is None:
                return
            if wait_s > SOON_S:
                self._at(self.now_s + wait_s, self._admit)
                return
            self._call(*self._queue.popleft())

    def _call(self, worker: int, attempt: int) -> None:
        permit = self.window.begin(self.now_s)
        self.server.flying += 1
        self.most_flying = max(self.most_flying, self.server.flying)
        served = self.server.takes(self.now_s)
        self.on_call(self)
        lasts_s = self.server.lasts_s if served else self.server.lasts_s / 5
        self._at(self.now_s + lasts_s, lambda: self._end(permit, worker, attempt, served=served))

    def _end(self, permit: Permit, worker: int, attempt: int, *, served: bool) -> None:
        self.server.flying -= 1
        if served:
            self.window.succeeded(permit, self.now_s)
            self.done[worker] += 1
            self._next(worker)
        else:
            self.wasted += 1
            asked_s = self.server.retry_after_s
            self.window.throttled(permit, self.now_s, asked_s)
            own_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1)) / 2
            again_s = self.now_s + max(own_s, asked_s or 0)
            self._at(again_s, lambda: self._arrive(worker, attempt + 1))
        self._admit()
