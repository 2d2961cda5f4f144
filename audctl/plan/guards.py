"""Guards: limits on the finished plan, on by default, small sets included.

A limit is a number (``5``) or a share of the objects audctl owns (``10%``). A share is rounded down, but lets
one step through as long as it is not nought: taking a single object away is the smallest change that can be
reviewed, and a guard that always says no teaches people to override it always. Two of five objects are over
``10%``, and so are nine of nine. ``0`` and ``0%`` mean none at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import PlanRefused, UsageError
from audctl.model.change import Change
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from audctl.model.change import Step
    from audctl.model.plan import Plan

GUARDED: Mapping[str, Change] = {
    "maxDeletes": Change.DELETE,
    "maxPauses": Change.PAUSE,
    "maxReplaces": Change.REPLACE,
}
"""Guard names, as in ``spec.guards``, and the steps each one counts."""

DEFAULT_LIMITS: Mapping[str, str] = {
    "maxDeletes": "10%",
    "maxPauses": "10%",
    "maxReplaces": "10%",
}

_LIMIT = re.compile(r"(\d{1,9})(%?)")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many steps of one kind a plan may have."""

    number: int
    is_share: bool = False
    """``number`` is a percentage of the owned objects."""

    def allowed(self, owned: int) -> int:
        """Return the number of steps let through when ``owned`` objects are owned."""
        if not self.is_share or not self.number:
            return self.number
        return max(1, owned * self.number // 100)

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_share else str(self.number)


def parse_limit(text: str | int) -> Limit:
    """Read ``5`` or ``10%``; raise ValueError for anything else."""
    found = _LIMIT.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(
            f"not a limit: {text!r} (expected a number such as 5, or a share such as 10%)"
        )
    return Limit(int(found[1]), is_share=bool(found[2]))


def check_guards(
    plan: Plan,
    *,
    owned: int,
    limits: Mapping[str, str | int] | None = None,
    allow: Collection[str] = (),
) -> None:
    """Let the plan through, or raise PlanRefused naming each step and the flag that would allow it.

    ``owned`` is the number of ledger entries. ``limits`` override the defaults by guard name; names of other
    guards are left to those. ``allow`` holds ``GUARD:ADDRESS`` texts, an address being an object's or its
    resource's; one that no step matches raises UsageError, for an override that does nothing is a mistake.
    """
    allowed = _allowed(plan, allow)
    refusals: list[str] = []
    for guard, change in GUARDED.items():
        limit = parse_limit((limits or {}).get(guard, DEFAULT_LIMITS[guard]))
        steps = [
            each
            for each in plan.steps
            if each.change is change and not allowed[guard].intersection(_names(each))
        ]
        if len(steps) > limit.allowed(owned):
            refusals.append(_refusal(guard, limit, owned, steps))
    if refusals:
        raise PlanRefused("\n".join(refusals))


def _allowed(plan: Plan, allow: Collection[str]) -> dict[str, set[str]]:
    allowed: dict[str, set[str]] = {guard: set() for guard in GUARDED}
    for each in allow:
        guard, colon, name = each.partition(":")
        if guard in {EMPTY_READ, EMPTY_PROJECT}:
            continue
        if guard not in GUARDED or not colon or not name:
            known = ", ".join([*GUARDED, EMPTY_READ, EMPTY_PROJECT])
            raise UsageError(f"--allow {each}: expected GUARD:ADDRESS with one of {known}")
        steps = (step for step in plan.steps if step.change is GUARDED[guard])
        if not any(name in _names(step) for step in steps):
            raise UsageError(f"--allow {each}: the plan has no {GUARDED[guard]} of {name}")
        allowed[guard].add(name)
    return allowed


def _names(step: Step) -> tuple[str, str]:
    return str(step.address), str(step.address.resource)


def _refusal(guard: str, limit: Limit, owned: int, steps: list[Step]) -> str:
    most = limit.allowed(owned)
    head = (
        f"{guard}: {len(steps)} {GUARDED[guard]} step(s), {most} allowed"
        f" ({limit} of {owned} owned objects)"
        if limit.is_share
        else f"{guard}: {len(steps)} {GUARDED[guard]} step(s), {most} allowed"
    )
    lines = [f"  {each.address}: allow it with --allow {guard}:{each.address}" for each in steps]
    return "\n".join([head, *lines])
