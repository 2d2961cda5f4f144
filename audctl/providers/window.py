"""How many calls a system takes at a time, learned from its answers: the arithmetic, without threads or a clock.

::

    ceiling            ┌───────────┐ 429             ┌────
                       │           │                 │
                       │ + 1 for   │ half            │ + a share for each
    FIRST  ────────────┘ each      └─────────────────┘ round of answers
                         answer

A size below one means one call at a time, with a gap: a system that counts calls per second is met as well. A round
trip halves once, however many of its calls are refused, and calls sent before the halving count neither way. The size
grows only by calls that filled it: a lone reader proves nothing about eight. Each halving also halves the share, so
that a hiccup is soon forgotten and a lasting limit is seldom tried; at the ceiling all is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 2.0
"""Size before anything is known."""

LONGEST_GAP_S = 6.4
"""Between two calls. Stricter systems say how long to wait."""

UNKNOWN_S = 0.1
"""How long a call is taken to last before one has been answered."""

SHARE, SMALLEST_SHARE = 1 / 4, 1 / 32
"""By how much a size that was cut grows in one round of answers."""

STRETCH = 1 / 4
"""A size below one has no rounds: it grows with each answer, by this part of the share of itself."""

_MEMORY = 0.25
"""Weight of the newest call in the average duration."""


@dataclass(frozen=True, slots=True)
class Permit:
    """A call that was let in."""

    number: int
    began_s: float
    filled: bool
    """It was the last one that fitted."""


class Window:
    """One endpoint's size. Not safe to share between threads: :class:`audctl.providers.budget.Budget` is."""

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.size = min(FIRST, float(ceiling))
        self.flying = 0
        self.begun = 0
        self.refused = 0
        self._cut_at = 0
        """Number of the first call sent after the last halving."""
        self._paused_until_s = 0.0
        self._last_began_s: float | None = None
        self._lasts_s = 0.0
        self._share = SHARE

    def wait_s(self, now_s: float) -> float | None:
        """Return after how many seconds a call may begin, 0 for now; None: not before another one has ended."""
        if now_s < self._paused_until_s:
            return self._paused_until_s - now_s
        if self.flying >= max(1, int(self.size)):
            return None
        if self.size >= 1 or self._last_began_s is None:
            return 0.0
        return max(0.0, self._last_began_s + self._call_s / self.size - now_s)

    def paused_s(self, now_s: float) -> float:
        """Return how much is left of a break that the system asked for."""
        return max(0.0, self._paused_until_s - now_s)

    def begin(self, now_s: float) -> Permit:
        """Count a call in; only when :meth:`wait_s` is 0."""
        self.flying += 1
        self._last_began_s = now_s
        permit = Permit(self.begun, now_s, filled=self.flying >= int(self.size))
        self.begun += 1
        return permit

    def succeeded(self, permit: Permit, now_s: float) -> None:
        """Count a call out that was answered, and grow where it proves that there is room."""
        self.flying -= 1
        took_s = now_s - permit.began_s
        self._lasts_s += (took_s - self._lasts_s) * (_MEMORY if self._lasts_s else 1.0)
        if not permit.filled or permit.number < self._cut_at:
            return
        if not self._cut_at:
            grown = self.size + 1
        elif self.size < 1:
            grown = min(1.0, self.size * (1 + self._share * STRETCH))
        else:
            grown = self.size + self._share / self.size
        self.size = min(float(self.ceiling), grown)
        if self.size == self.ceiling:
            self._share = SHARE

    def failed(self) -> None:
        """Count a call out whose failure says nothing about how many there may be."""
        self.flying -= 1

    def throttled(self, permit: Permit, now_s: float, retry_after_s: float | None) -> None:
        """Count a call out that was refused because there were too many; nobody calls before the time it names."""
        self.flying -= 1
        self.refused += 1
        self._paused_until_s = max(self._paused_until_s, now_s + (retry_after_s or 0.0))
        if permit.number >= self._cut_at:
            self.size = max(self._call_s / LONGEST_GAP_S, self.size / 2)
            self._share = max(SMALLEST_SHARE, self._share / 2)
            self._cut_at = self.begun

    @property
    def _call_s(self) -> float:
        return self._lasts_s or UNKNOWN_S
