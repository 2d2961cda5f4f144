"""What a plan does to people: who is in an audience or list now, and who would be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.address import Address

SMALL_COUNT = 50
"""Counts below it could point at single people: they are shown as ``<50``, in text and in JSON alike."""


class CountSource(StrEnum):
    """Where the number of people after a change comes from."""

    UNKNOWN = "unknown"
    """Nobody can tell: treated as over every limit."""
    CERTAIN = "certain"
    """It follows from the change itself: a deleted or emptied list has nobody."""
    LIVE = "live"
    """The live system's own count of people who are in it now; nothing in it changes."""
    ESTIMATE = "estimate"
    """An estimator's answer, with an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """People in one audience or list before and after; None is an honest "unknown"."""

    before: int | None = None
    after: int | None = None
    low: int | None = None
    """Lower end of the 95 % interval of ``after``; None where it is no estimate."""
    high: int | None = None
    source: CountSource = CountSource.UNKNOWN
    """Of ``after``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One audience or list whose people a plan moves, whether or not a step touches it itself."""

    address: Address
    """Of the object that holds the people: an ``aam.segment`` or a ``campaign.list``."""
    label: str = ""
    """Untrusted text."""
    purpose: str = ""
    """Of the audience behind it: ``target``, ``suppress`` or ``measure``; the most careful one where several feed a
    list. Empty when no manifest says."""
    impact: Impact
    chain: tuple[Address, ...]
    """From the object whose step causes it to this one, both included; one long for a direct effect."""

    @property
    def direct(self) -> bool:
        """Whether a step changes the object itself."""
        return len(self.chain) == 1


def shown_count(count: int | None) -> str:
    """Return a count as people read it: ``unknown``, ``<50``, ``812,000``; nought is told as it is."""
    if count is None:
        return "unknown"
    if 0 < count < SMALL_COUNT:
        return f"<{SMALL_COUNT}"
    return f"{count:,}"


def count_to_json(count: int | None) -> int | str | None:
    """Return a count as JSON holds it: null for unknown, ``"<50"`` for a small one."""
    if count is not None and 0 < count < SMALL_COUNT:
        return f"<{SMALL_COUNT}"
    return count
