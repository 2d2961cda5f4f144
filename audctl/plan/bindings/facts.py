"""What was read of the live systems beside their objects; what could not be read is None, never empty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from audctl.model.synchronisation import Transfer, WorkflowRun


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a binding's status is judged by, its objects apart."""

    now: datetime
    """By Campaign's clock; this machine's where that could not be read."""
    workflows: Mapping[str, WorkflowRun] | None
    """All of them by internal name."""
    transfers: Mapping[str, tuple[Transfer, ...]] = field(default_factory=dict)
    """By destination, oldest first; a destination that could not be asked is left out."""
    people: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By type and live id, as far as known."""
