"""The guard with a floor: a binding through which too few people are known on the other side.

A low rate mostly means that two systems do not speak of the same ids: a wrong data source, another hashing, leading
zeros lost on the way. It is judged for bindings that the plan makes or changes, by the lower end of the interval where
the rate comes from a sample. What nobody can tell counts as too low.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.finding import Finding, Severity
from audctl.plan.guards.case import Ruling, allow_hint, names_of, verdict
from audctl.plan.guards.limit import parse_limit
from audctl.plan.guards.movement import People

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.match_rate import MatchRate
    from audctl.plan.guards.case import Case

GUARD = "minMatchRate"
_CODE = "AUD2113"


def judge_match_rates(case: Case) -> Iterator[Ruling]:
    """Yield the guard's ruling, if the project has a floor anywhere."""
    limits = case.policy.limits
    if limits.min_match_rate is None and not any(
        isinstance(each.min_match_rate, str) for each in limits.labelled
    ):
        return
    people = People(limits, case.resources)
    low: list[str] = []
    unknown: list[str] = []
    allowed: list[str] = []
    findings = []
    for each in case.match_rates:
        floor = _floor(people, each)
        if floor is None or _passes(each, floor):
            continue
        name = str(each.address)
        if case.allows(GUARD, names_of(each.address)):
            allowed.append(name)
            continue
        (low if each.share is not None else unknown).append(name)
        resource = case.resources.get(each.address)
        findings.append(
            Finding(
                _CODE,
                Severity.ERROR,
                f"{GUARD}: {each.address} {_said(each)}, and may not go below {floor}%",
                resource.span() if resource is not None else None,
                allow_hint(GUARD, name),
                each.address,
            )
        )
    yield Ruling(
        verdict=verdict(
            GUARD,
            limit="off" if limits.min_match_rate is None else limits.min_match_rate,
            measured=_measured(case.match_rates, len(low), len(unknown)),
            over=low,
            unknown=unknown,
            allowed=allowed,
        ),
        findings=tuple(findings),
        names=frozenset(str(each.address) for each in case.match_rates),
    )


def _floor(people: People, rate: MatchRate) -> int | None:
    """Return the strictest floor that holds for a binding, in percent."""
    set_floors = [
        parse_limit(each).number
        for each in people.of("min_match_rate", rate.address)
        if isinstance(each, str)
    ]
    return max(set_floors, default=None)


def _passes(rate: MatchRate, floor: int) -> bool:
    share = rate.share
    if share is None:
        # Nobody is in it: there is no one to be missed.
        return rate.total == 0 or floor == 0
    return share.low * 100 >= floor


def _said(rate: MatchRate) -> str:
    share = rate.share
    if share is None:
        return f"has a match rate that nobody can tell ({rate.why})"
    if rate.is_small:
        return "knows too few of the people on the other side"
    if share.is_exact:
        return f"has a match rate of {share.value:.1%}"
    return f"has a match rate of {share.value:.1%}, at worst {share.low:.1%}"


def _measured(rates: tuple[MatchRate, ...], low: int, unknown: int) -> str:
    if not rates:
        return "no binding changes"
    parts = [f"{count} {word}" for count, word in ((low, "below"), (unknown, "unknown")) if count]
    return f"{', '.join(parts) or 'none below'}, of {len(rates)} binding{'s' * (len(rates) > 1)}"
