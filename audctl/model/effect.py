"""What a plan does to people: who is in an audience or list now, and who would be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.address import Address

UNMANAGED = "Unmanaged"
"""Kind in the address of an object that nobody owns; its name is the live id: ``Unmanaged/80021#aam.segment``."""

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
    """An estimator's answer, with an interval where it gave one; or what follows from one."""
    BOUND = "bound"
    """Nobody can tell how many, but the change itself says at most or at least how many: ``after`` is unknown, and
    ``high`` or ``low`` holds. A narrower rule lets nobody in; an export takes nobody out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """People in one audience or list before and after; None is an honest "unknown".

    To judge it, ask for the unfavourable end: ``most`` for growth, ``fewest`` for shrinking. None there means that
    nobody can tell, which is over every limit; ``moves_nobody`` is certain even when no number is known.
    """

    before: int | None = None
    after: int | None = None
    low: int | None = None
    """Lower end of the 95 % interval of ``after``, or the least that a bound leaves; None where there is none."""
    high: int | None = None
    """Upper end, likewise."""
    source: CountSource = CountSource.UNKNOWN
    """Of ``after``."""

    @property
    def fewest(self) -> int | None:
        """The fewest there may be afterwards; None: nobody can tell."""
        return self.after if self.low is None else self.low

    @property
    def most(self) -> int | None:
        """The most there may be afterwards; None: nobody can tell."""
        return self.after if self.high is None else self.high

    @property
    def moves_nobody(self) -> bool:
        """Whether everybody stays, however many they are: a paused audience, a list that is no longer fed."""
        return self.source is CountSource.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One audience or list whose people a plan moves, whether or not a step touches it itself."""

    address: Address
    """Of the object that holds the people: an ``aam.segment`` or a ``campaign.list``."""
    label: str = ""
    """Untrusted text."""
    purpose: str = ""
    """Of the audience behind it: ``target``, ``suppress`` or ``measure``. Empty when no manifest says, or when
    those that feed a list, now or afterwards, differ."""
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
