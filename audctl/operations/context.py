"""What every operation is given, and the clock it runs by."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audctl.errors import InterruptedRun
from audctl.operations.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from audctl.model.change import Step
    from audctl.model.outcome import Outcome
    from audctl.model.traffic import Traffic
    from audctl.ports import Observer, Tracer


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where to work and who is told; the same for every operation."""

    project_path: Path | None
    """Project file or its folder; None: found upward from the working directory."""
    environment: str | None
    """Name of an environment; None: the project's default one."""
    environ: Mapping[str, str]
    """For ``${env:NAME}``."""
    observer: Observer
    stop: Stop = field(default_factory=Stop)
    """Set once somebody asks to stop: reads end at the next call, an apply when the calls in flight have ended."""
    tracer: Tracer | None = None
    """Who collects spans; None: nobody does."""
    located: Callable[[Path, str, str], None] = lambda _root, _project, _environment: None
    """Told the project's folder, its name and the environment as soon as they are known: whoever reports a run has
    to name them, also when it fails later on."""


_ELAPSED = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""Linux's clock that counts while the machine sleeps; elsewhere the usual one does, where there is one at all."""


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock; ``stop`` cuts a wait short."""

    stop: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back, those while the machine slept included: a lease ran out then, too."""
        return time.clock_gettime(_ELAPSED) if _ELAPSED is not None else time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raise InterruptedRun as soon as a stop is asked for."""
        if self.stop.wait(seconds):
            raise InterruptedRun("stopped while waiting for a live system")


@dataclass(frozen=True)
class StoppableReading:
    """An observer of reads that ends them between two pages once a stop is asked for.

    An observer must not raise; this one does, and only into reads, which leave nothing half done. Acts are told to
    another one, since a write that was begun has to be seen through.
    """

    told: Observer
    stop: threading.Event

    def reading(self, object_type: str, count: int) -> None:
        """Pass on what was read; raise InterruptedRun as soon as a stop is asked for."""
        self.told.reading(object_type, count)
        if self.stop.is_set():
            raise InterruptedRun("stopped while reading: nothing was written")

    def begun(self, step: Step) -> None:
        """Pass it on."""
        self.told.begun(step)

    def progressed(self, step: Step, what: str) -> None:
        """Pass it on."""
        self.told.progressed(step, what)

    def ended(self, outcome: Outcome) -> None:
        """Pass it on."""
        self.told.ended(outcome)

    def saved(self, serial: int) -> None:
        """Pass it on."""
        self.told.saved(serial)

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Pass it on."""
        self.told.retrying(operation, wait_s, why)

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Pass it on."""
        self.told.talked(traffic)
