"""The fault matrix: every kind of fault at every class of call of the reference apply.

After each: nothing stands twice, a plan never holds a step that a read which failed made up, the report and the exit
code are true of what stands, and the next apply without a fault comes to the same end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audctl.sandbox.faults import FaultRule
from tests.matrix.gate import Strike, is_soap, writes
from tests.matrix.picture import differences
from tests.matrix.truth import untrue
from tests.matrix.world import APPLY, LEASE_OVER_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.matrix.gate import Point
    from tests.matrix.processes import Ended
    from tests.matrix.reference import Reference

WHEREVER: dict[str, dict[str, Any]] = {
    "latency": {"kind": "latency", "latency_ms": 30},
    "slow": {"kind": "slow", "chunk_bytes": 2048, "pause_ms": 2},
    "throttled, with a wait": {"kind": "status", "status": 429, "retry_after": 2},
    "throttled, without": {"kind": "status", "status": 429},
    "400": {"kind": "status", "status": 400},
    "401": {"kind": "status", "status": 401},
    "403": {"kind": "status", "status": 403},
    "404": {"kind": "status", "status": 404},
    "409": {"kind": "status", "status": 409},
    "500": {"kind": "status", "status": 500},
    "500 although it is done": {"kind": "status", "status": 500, "when": "after"},
    "503, with a wait": {"kind": "status", "status": 503, "retry_after": 3},
    "504 although it is done": {"kind": "status", "status": 504, "when": "after"},
    "a page of a gateway": {"kind": "html"},
    "a page of a gateway although it is done": {"kind": "html", "when": "after"},
    "a page of a gateway with 200": {"kind": "html", "status": 200},
    "half an answer": {"kind": "malformed"},
    "half an answer although it is done": {"kind": "malformed", "when": "after"},
    "cut": {"kind": "cut"},
    "cut although it is done": {"kind": "cut", "when": "after"},
    "reset": {"kind": "reset"},
    "reset although it is done": {"kind": "reset", "when": "after"},
    "expired": {"kind": "expired_token"},
}
IN_CAMPAIGN: dict[str, dict[str, Any]] = {
    "a fault": {"kind": "soap_fault"},
    "a fault although it is done": {"kind": "soap_fault", "when": "after"},
    "a deadlock": {"kind": "soap_fault", "body": "PGS-220000 PostgreSQL error: deadlock detected"},
    "no right": {"kind": "soap_fault", "body": "SOP-330011 Access denied: missing rights"},
}
OF_WRITES: dict[str, dict[str, Any]] = {"lost": {"kind": "lost_write"}}
LASTING = frozenset({
    "throttled, without", "404", "500", "reset although it is done", "a page of a gateway with 200", "expired",
    "a fault", "lost",
})  # fmt: skip
"""Tried at every call of the class from one on as well."""
LATE = frozenset({"400", "reset although it is done", "lost"})
"""Tried at the last call of the class as well as at the first."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    at: Point
    kind: str
    lasting: bool

    def __str__(self) -> str:
        return f"{self.kind}{' for good' if self.lasting else ''} at {self.at.call} #{self.at.nth}"

    def strike(self) -> Strike:
        """Return it ready to happen."""
        fields = (WHEREVER | IN_CAMPAIGN | OF_WRITES)[self.kind]
        return Strike(self.at, FaultRule(route="*", **fields), self.lasting)


@dataclass
class FaultMatrix:
    """Tries faults against one reference."""

    reference: Reference
    seen: set[tuple[tuple[str, str], ...]] = field(default_factory=set)
    slowest: tuple[float, str] = (0.0, "")
    codes: dict[int, int] = field(default_factory=dict)
    """How often the disturbed run ended with which exit code."""

    def cases(self) -> Iterator[Fault]:
        """Yield every kind at the first and the last call of every class."""
        first: dict[str, Point] = {}
        last: dict[str, Point] = {}
        for point in self.reference.points():
            first.setdefault(point.call, point)
            last[point.call] = point
        for call, point in first.items():
            kinds = [*WHEREVER]
            kinds += IN_CAMPAIGN if is_soap(call) else ()
            kinds += OF_WRITES if writes(call) else ()
            for kind in kinds:
                yield Fault(point, kind, lasting=False)
                if kind in LATE and last[call] != point:
                    yield Fault(last[call], kind, lasting=False)
                if kind in LASTING:
                    yield Fault(point, kind, lasting=True)

    def trouble(self, fault: Fault) -> str:
        """Return what is wrong after this fault and the next apply; empty when nothing is."""
        world = self.reference.begin()
        strike = fault.strike()
        disturbed = world.run(*APPLY, strike=strike)
        self._time(disturbed, f"{fault}, the disturbed run")
        self.codes[disturbed.code] = self.codes.get(disturbed.code, 0) + 1
        if disturbed.hung:
            return f"it hangs: {disturbed.stderr[-800:]}"
        if not strike.struck:
            return "it never came to that call"
        stands = world.picture()
        wrong = untrue(self.reference, disturbed, stands)
        if wrong:
            shown = [*wrong, *disturbed.stderr.splitlines()[-12:]]
            return f"exit code {disturbed.code}: " + "\n".join(shown)
        world_left = tuple(sorted(stands.things.items()))
        if world_left in self.seen:
            return ""
        self.seen.add(world_left)
        world.wait(LEASE_OVER_S)
        again = world.run(*APPLY)
        self._time(again, f"{fault}, the run after it")
        if again.code != 0:
            return (
                f"after {disturbed.code} the next apply ends with {again.code}:"
                f" {_shown(again)}\n{disturbed.stderr[-1500:]}"
            )
        return "\n".join(differences(self.reference.end.things, world.picture().things))

    def _time(self, ended: Ended, what: str) -> None:
        self.slowest = max(self.slowest, (ended.took_s, what))


def _shown(ended: Ended) -> str:
    try:
        document = ended.json()
    except ValueError:
        return ended.stdout[-1000:] + ended.stderr[-1000:]
    document.pop("plan", None)
    document.pop("done", None)
    return json.dumps(document)[:2500]
