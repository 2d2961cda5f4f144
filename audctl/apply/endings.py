"""How steps end that could not be carried out whole, and because of which other one."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from audctl.model.outcome import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Collection

    from audctl.apply.acts import Act, Acts
    from audctl.model.address import Address
    from audctl.model.change import Step


def half_done(
    step: Step,
    message: str,
    *,
    may_have_happened: bool = False,
    blocked_by: Address | None = None,
) -> Outcome:
    """Return the end of a Replace that got no further than its first half: a failure, never "not tried"."""
    standing = "may be made or not" if may_have_happened else "is not made"
    return Outcome(
        step=step,
        result=Result.FAILED,
        message=f"the old object is deleted, the new one {standing}: {message}",
        may_have_happened=may_have_happened,
        blocked_by=blocked_by,
    )


def half_renamed(
    step: Step, message: str, *, may_have_happened: bool = False, blocked_by: Address | None = None
) -> Outcome:
    """Return the end of a step that left its object under an interim key: a failure that the next plan repairs."""
    shown = ", ".join(f'{name} "{value}"' for name, value in sorted(step.interim.items()))
    return Outcome(
        step=step,
        result=Result.FAILED,
        live_id=step.live_id,
        message=f"it has an interim {shown} now, until the next plan is applied: {message}",
        may_have_happened=may_have_happened,
        blocked_by=blocked_by,
    )


def blocked_by(acts: Acts, broken: Collection[Act]) -> dict[Address, Address]:
    """Return the failed step at the root of each that had to wait for it, by address."""
    if not broken:
        return {}
    roots = {act: act.address for act in broken}
    blocked: dict[Address, Address] = {}
    for act in TopologicalSorter(acts).static_order():
        root = next((roots[each] for each in sorted(acts[act]) if each in roots), None)
        if act in roots or root is None:
            continue
        roots[act] = root
        if root != act.address:
            blocked.setdefault(act.address, root)
    return blocked
