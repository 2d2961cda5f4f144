"""The kill matrix: SIGKILL before and after every HTTP call of the reference apply; the next apply finishes it.

The dead run's lock is waited out: a lease lasts ten minutes, by the clock of the system that keeps it. Nothing asks
whether its holder still lives, for no machine can know that of another; whoever knows takes it away by hand.

A run sees nothing of earlier ones but what stands outside of it. Where two deaths leave the same world behind, what
follows is the same, and is tried once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.matrix.gate import Point
from tests.matrix.picture import differences
from tests.matrix.world import APPLY, LEASE_OVER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.matrix.processes import Ended
    from tests.matrix.reference import Reference


@dataclass(frozen=True)
class Kill:
    """One death."""

    at: Point
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.at.call} #{self.at.nth}"


@dataclass
class KillMatrix:
    """Tries deaths against one reference."""

    reference: Reference
    arguments: tuple[str, ...] = APPLY
    every: bool = False
    """Also where an earlier death left the same world behind."""
    seen: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)
    """Worlds that deaths have left behind, with the death that did it first."""
    slowest: tuple[float, str] = (0.0, "")

    def cases(self) -> Iterator[Kill]:
        """Yield every death there is."""
        for point in self.reference.points():
            yield Kill(point, after=False)
            yield Kill(point, after=True)

    def trouble(self, kill: Kill) -> str:
        """Return what is wrong after this death and the next apply; empty when nothing is."""
        world = self.reference.begin()
        died = world.run_until(kill.at, *self.arguments, after=kill.after)
        self._time(died.took_s, f"{kill}, the run that dies")
        if not died.killed:
            return f"it was not killed: exit code {died.code}, {died.stderr[-500:]}"
        stands = world.picture()
        left_behind = (*sorted(stands.things.items()), ("litter", str(stands.litter)))
        if left_behind in self.seen and not self.every:
            return ""
        self.seen.setdefault(left_behind, str(kill))
        world.wait(LEASE_OVER_S)
        again = world.run(*self.arguments)
        self._time(again.took_s, f"{kill}, the run after it")
        return self._finished(again)

    def trouble_of_chain(self, calls: Sequence[str]) -> str:
        """Kill each run at the next of these classes of calls, before and after it by turns, and let the last one end.

        Return what is wrong then; empty when nothing is.
        """
        world = self.reference.begin()
        left, fresh = list(calls), True
        while left:
            at = Kill(Point(left[0], 1), after=len(left) % 2 == 0)
            died = world.run_until(at.at, *self.arguments, after=at.after)
            self._time(died.took_s, f"{at}, in a chain")
            world.wait(LEASE_OVER_S)
            if died.killed:
                left.pop(0)
                fresh = False
                continue
            # Nothing is left to do that needs this call: what was done until now must be right, and all starts anew.
            wrong = self._finished(died)
            if wrong:
                return f"before {at}: {wrong}"
            if fresh:
                return f"no run makes the call {at.at.call}"
            world, fresh = self.reference.begin(), True
        return self._finished(world.run(*self.arguments))

    def _finished(self, ended: Ended) -> str:
        if ended.hung:
            return f"it hangs: {ended.stderr[-500:]}"
        if ended.code != 0:
            return f"it ends with {ended.code}: {ended.stdout[-3000:]}{ended.stderr[-1500:]}"
        found = self.reference.world.picture().things
        return "\n".join(differences(self.reference.end.things, found))

    def _time(self, took_s: float, what: str) -> None:
        self.slowest = max(self.slowest, (took_s, what))
