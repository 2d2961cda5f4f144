"""Limits as the project file writes them: a number, or a share of what there is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LIMIT = re.compile(r"(\d{1,9})(%?)")


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something a plan may do.

    A share is rounded down, but lets one through as long as it is not nought: a single step, a single person, is the
    smallest change that can be reviewed, and a guard that always says no teaches people to override it always. Two of
    five are over ``10%``, and so are nine of nine. ``0`` and ``0%`` mean none at all.
    """

    number: int
    is_share: bool = False
    """``number`` is a percentage."""

    def allowed(self, whole: int) -> int:
        """Return how many are let through out of ``whole``."""
        if not self.is_share or not self.number:
            return self.number
        return max(1, whole * self.number // 100)

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_share else f"{self.number:,}"


def parse_limit(text: str | int) -> Limit:
    """Read ``5`` or ``10%``; raise ValueError for anything else."""
    found = _LIMIT.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(
            f"not a limit: {text!r} (expected a number such as 5, or a share such as 10%)"
        )
    return Limit(int(found[1]), is_share=bool(found[2]))
