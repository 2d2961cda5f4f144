"""Who holds a ledger's lock: what every store keeps of it, and everybody may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRecord:
    """One holder's claim."""

    token: str
    """Random: tells this claim from every other, also by the same holder. No secret: it only keeps somebody who
    breaks a lock from breaking another one than was looked at."""
    holder: str
    """Login and process."""
    host: str = ""
    reason: str = ""
    plan: str = ""
    """Digest of the plan that is worked on; empty: not known yet, or none."""
    since: datetime
    until: datetime
    """By the clock of whoever keeps the lock."""
