"""Numbers of people as every report words them: small ones hidden, unknown ones said to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.effect import SMALL_COUNT, CountSource, shown_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.effect import Impact
    from audctl.model.plan import Plan

_WHOLE = 100


def impact_text(impact: Impact) -> str:
    """Return ``812,000 -> 203,000 (190,000 to 217,000), -75%``, as far as it is known."""
    if impact.moves_nobody:
        return f"{shown_count(impact.before)}, nobody moves"
    text = f"{shown_count(impact.before)} -> {_after(impact)}"
    if impact.source is CountSource.BOUND:
        return text
    if impact.low is not None and impact.high is not None:
        text += f" ({shown_count(impact.low)} to {shown_count(impact.high)})"
    elif impact.source is CountSource.ESTIMATE:
        text += " (an estimate)"
    share = share_text(impact)
    return f"{text}, {share}" if share else text


def _after(impact: Impact) -> str:
    """Return the number afterwards, or what bounds it."""
    if impact.source is CountSource.BOUND and impact.after is None:
        ends = []
        if impact.low is not None:
            ends.append(f"at least {shown_count(impact.low)}")
        if impact.high is not None:
            ends.append(f"at most {shown_count(impact.high)}")
        return " and ".join(ends) or shown_count(None)
    return shown_count(impact.after)


def moves(impact: Impact) -> bool:
    """Whether people may come or go, as far as anybody knows."""
    is_same = impact.before is not None and impact.before == impact.after
    return not (impact.moves_nobody or (is_same and impact.low is None and impact.high is None))


def share_text(impact: Impact) -> str:
    """Return ``-75%`` or ``+3%``, rounded towards nought; empty where it is unknown or would tell a small count."""
    before, after = impact.before, impact.after
    if before is None or after is None or before < SMALL_COUNT or before == after:
        return ""
    if 0 < after < SMALL_COUNT:
        return ""
    sign = "+" if after > before else "-"
    percent = abs(after - before) * _WHOLE // before
    return f"{sign}{percent:,}%" if percent else f"{sign}<1%"


def total_text(counts: Iterable[int]) -> str:
    """Return the sum of known numbers of people, without the small ones: they could be subtracted out of it."""
    listed = list(counts)
    total = sum(count for count in listed if count >= SMALL_COUNT)
    small = sum(0 < count < SMALL_COUNT for count in listed)
    return f"{total:,}" if total or not small else f"<{small * SMALL_COUNT:,}"


def impacts_of(plan: Plan) -> Mapping[Address, Impact]:
    """Return what moves in each audience and list: the plan's effects, and steps without one."""
    impacts = {
        step.address: step.impact
        for step in plan.steps
        if step.impact is not None and step.change is not Change.KEEP
    }
    return impacts | {each.address: each.impact for each in plan.effects}
