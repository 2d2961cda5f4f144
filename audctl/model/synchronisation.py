"""What live systems say about moving people: runs of workflows, transfers of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """Where one workflow of Campaign stands."""

    name: str
    """Internal name."""
    going: bool
    """Started, or on the way there."""
    failed: bool = False
    state: int = 0
    """Campaign's own number for it."""
    error_activity: str = ""
    """Untrusted text."""
    processed_at: datetime | None = None
    """When it last worked, by Campaign's clock, successfully or not."""

    @property
    def works(self) -> bool:
        """Whether it is started and has not failed."""
        return self.going and not self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One file that Audience Manager sent, or tried to send, to a destination; times by its own clock."""

    data_source: str
    """Live id of the data source by whose ids people are named."""
    started_at: datetime
    ended_at: datetime
    succeeded: bool
