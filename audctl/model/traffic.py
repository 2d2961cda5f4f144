"""What talking to one live system took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Calls to one system in one run, of everybody who talks to it: reads, writes, the ledger and its lock."""

    made: int
    """HTTP calls begun, repeated ones included; sign-in counts where it happens on the way of another call."""
    repeated: int
    """Calls made once more because an earlier try failed."""
    throttled: int
    """Answers that said "not so fast" (429 or 503)."""
    waited_s: float
    """How long anything waited to repeat a call, or for a break that the system asked for; side by side counts once."""
    at_most_s: float
    """What ``waited_s`` may come to; then failed calls are not repeated any more."""
    in_flight: float
    """Calls at the same time that the system was found to take at the end; below one: they are spaced out."""
    ceiling: int
    """What ``in_flight`` may come to."""
