"""How much of an audience stands for people on the other side, exactly or from a sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from audctl.model.effect import SMALL_COUNT

if TYPE_CHECKING:
    from audctl.model.address import Address

_Z: Final = 1.959964
"""Of the 95 % interval."""


class Basis(StrEnum):
    """Whose ids a rate is about."""

    AUDIENCE = "audience"
    """Those in the audience now."""
    DESTINATION = "destination"
    """All that come through the destination: of the audience itself nothing has come yet."""
    SOURCE = "source"
    """The members of the list that is exported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of something, and the 95 % interval that it lies in."""

    value: float
    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        """Whether everybody was looked at."""
        return self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRate:
    """Of the ids or people that would cross a binding, how many are known on the other side. No ids of people.

    Opting out does not count against it: the rate says whether two systems speak of the same people.
    """

    address: Address
    """Of the binding."""
    total: int | None = None
    """How many would cross; None: nobody can tell."""
    asked: int = 0
    """How many of them were looked at: all, or a sample."""
    matched: int = 0
    """How many of those are known."""
    basis: Basis = Basis.AUDIENCE
    why: str = ""
    """Why nobody can tell."""

    @property
    def share(self) -> Share | None:
        """The rate; None: nobody can tell, or there is nobody to tell it of."""
        if self.total is None or not self.asked:
            return None
        if self.asked >= self.total:
            rate = self.matched / self.asked
            return Share(value=rate, low=rate, high=rate)
        return wilson(self.matched, self.asked)

    @property
    def is_small(self) -> bool:
        """Whether the rate could point at single people."""
        return 0 < self.asked < SMALL_COUNT or 0 < self.matched < SMALL_COUNT


def wilson(hits: int, asked: int) -> Share:
    """Return the share of a random sample and its 95 % score interval, after Wilson.

    It keeps its promise near nought and near all, where the textbook's plus and minus does not, and never leaves the
    range from 0 to 1. Drawing without putting back makes it a little wider than need be, which is the safe side.
    """
    if not 0 <= hits <= asked or not asked:
        raise ValueError(f"{hits} of {asked} is no sample")
    rate = hits / asked
    square = _Z * _Z / asked
    middle = (rate + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(rate * (1 - rate) / asked + square / (4 * asked))
    return Share(
        value=rate,
        low=0.0 if not hits else max(0.0, middle - half),
        high=1.0 if hits == asked else min(1.0, middle + half),
    )
