"""What every operation is given, and the clock it runs by."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audctl.errors import InterruptedRun

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from audctl.ports import Observer


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


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock; ``stop`` cuts a wait short."""

    stop: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raise InterruptedRun as soon as a stop is asked for."""
        if self.stop.wait(seconds):
            raise InterruptedRun("stopped while waiting to repeat a call")
