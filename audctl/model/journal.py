"""What a run told while it went on: events in a file, and the run as they tell it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

FORMAT = "1.0"
"""Minor versions add events and fields; readers ignore what they do not know."""


class EventType(StrEnum):
    """Names as in other tools' streams where the meaning is the same."""

    RUN_START = "run_start"
    """First of all; with the format, the command, project and environment."""
    PLAN = "plan"
    """What is to be done, by kind of change, and the digest."""
    APPLY_START = "apply_start"
    """A step's calls begin."""
    APPLY_PROGRESS = "apply_progress"
    """A step is half done, or takes its time."""
    APPLY_COMPLETE = "apply_complete"
    APPLY_ERRORED = "apply_errored"
    APPLY_SKIPPED = "apply_skipped"
    """A step that was not tried."""
    RETRY = "retry"
    LEDGER_SAVED = "ledger_saved"
    VERIFIED = "verified"
    """What the second read showed."""
    PENDING_PROPAGATION = "pending_propagation"
    """People are on their way, and until when at the latest."""
    SUMMARY = "summary"
    """Last of all; a journal without one was cut off, or its run goes on."""


class RunState(StrEnum):
    """How a run stands as its journal tells it."""

    ENDED = "ended"
    RUNNING = "running"
    """Its process holds the journal."""
    CUT_OFF = "cut off"
    """It ended without a last word: killed, or its machine went away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a journal."""

    number: int
    at: datetime
    type: str
    """An EventType, or what a newer audctl wrote."""
    content: Mapping[str, object]
    """All the rest; untrusted text inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run in the history."""

    run: str
    path: Path
    state: RunState
    command: str = ""
    project: str = ""
    environment: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """Of the last event."""
    result: str = ""
    """As its summary says; empty without one."""
    done: int = 0
    failed: int = 0
    not_tried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """Runs, newest first."""

    folder: Path
    runs: tuple[RunRecord, ...]
