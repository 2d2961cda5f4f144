"""What a guard says of a plan, whether it objects or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Judgement(StrEnum):
    """How a guard came out."""

    PASSED = "passed"
    OVER = "over"
    UNKNOWN = "unknown"
    """It could not be measured, and counts as over."""
    ALLOWED = "allowed"
    """It would object, and every step it objects to was let through by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One guard's word on one plan."""

    guard: str
    """As in ``spec.guards`` and in ``--allow GUARD:NAME``."""
    judgement: Judgement
    limit: str
    """As shown: ``10% (1 of 14)``, ``25%``, ``500,000 people``."""
    measured: str
    """As shown; small counts are not."""
    names: tuple[str, ...] = ()
    """What it objects to, as ``--allow`` takes it; sorted."""
    allowed: tuple[str, ...] = ()
    """What was let through by name; sorted."""
