"""How many people a plan moves in all: sums of shown counts only, so that no sum gives a small one away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.effect import SMALL_COUNT
from audctl.render.people import impacts_of, moves

if TYPE_CHECKING:
    from audctl.model.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """People over all audiences and lists that a plan moves; one who is in two counts twice."""

    before: int = 0
    after: int = 0
    known: int = 0
    """Audiences and lists behind the sums."""
    small: int = 0
    """Those with a count too small to show: in no sum."""
    unknown: int = 0

    @property
    def delta(self) -> str:
        """The sum of what is gained and lost, signed; ``unknown`` when it is that, or would tell a small count."""
        if self.unknown or self.small:
            return "unknown"
        change = self.after - self.before
        return f"{change:+d}" if change else "0"


def moved_by(plan: Plan) -> Moved:
    """Add up what is known of the plan's effects, and of its steps that hold people."""
    before = after = known = small = unknown = 0
    for each in impacts_of(plan).values():
        if not moves(each):
            continue
        if each.before is None or each.after is None:
            unknown += 1
        elif _small(each.before) or _small(each.after):
            small += 1
        else:
            before, after, known = before + each.before, after + each.after, known + 1
    return Moved(before=before, after=after, known=known, small=small, unknown=unknown)


def moved_text(moved: Moved) -> str:
    """Return the sums as one phrase; empty when nobody moves."""
    parts = []
    if moved.known:
        parts.append(f"{moved.before:,} -> {moved.after:,} in {_holders(moved.known)}")
    if moved.small:
        parts.append(f"under {SMALL_COUNT} before or after in {_holders(moved.small)}")
    if moved.unknown:
        parts.append(f"unknown for {_holders(moved.unknown)}")
    return "; ".join(parts)


def _holders(number: int) -> str:
    return "1 audience or list" if number == 1 else f"{number} audiences and lists"


def _small(count: int) -> bool:
    return 0 < count < SMALL_COUNT
