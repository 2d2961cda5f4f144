"""Guards on reach: how many people may newly be contactable, over all target lists together.

Each list counts with what it may gain. Whoever enters two lists is counted twice, for nobody tells how far lists
overlap: the sum is the most it can be. An audience that no import feeds into a list reaches nobody here. Lists that
exist already and lists that the plan makes have a limit each, because only for the former a delivery may be waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.effect import shown_count
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.unset import Unset
from audctl.plan.guards.case import Ruling, allow_hint, verdict
from audctl.plan.guards.movement import GROWTH_MATTERS, People
from audctl.plan.guards.people import UNKNOWN_IMPACT, Docket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.plan.guards.case import Case
    from audctl.plan.guards.movement import Movement

_GUARDS = (
    ("maxReach", "max_reach", "AUD2108", False),
    ("maxNewReach", "max_new_reach", "AUD2109", True),
)


def judge_reach(case: Case, moving: Iterable[Movement]) -> list[tuple[Docket, Ruling]]:
    """Return what ``maxReach`` and ``maxNewReach`` make of the lists that may gain people."""
    gaining = [
        each
        for each in moving
        if each.effect.address.object == "campaign.list"
        and each.effect.purpose in GROWTH_MATTERS
        and _gain(each) != 0
    ]
    people = People(case.policy.limits, case.resources)
    found = []
    for guard, name, code, new in _GUARDS:
        docket = Docket(guard, code)
        lists = [each for each in gaining if each.is_new is new]
        pools = _pools(people, name, lists)
        findings = [
            finding for limit, pool in pools for finding in _judge(case, docket, limit, pool)
        ]
        own = getattr(people.limits, name)
        found.append((docket, _ruling(docket, own, lists, findings)))
    return found


def _pools(
    people: People, name: str, lists: Iterable[Movement]
) -> list[tuple[int | None, list[Movement]]]:
    """Return lists with the limit on their sum: those of each label together, and all that no label takes out."""
    rest: list[Movement] = []
    by_label: dict[int, list[Movement]] = {}
    for each in lists:
        taken = [
            index
            for index, limits in enumerate(people.limits.labelled)
            if not isinstance(getattr(limits, name), Unset)
            and any(limits is other for other in people.matching(each.effect.address))
        ]
        for index in taken:
            by_label.setdefault(index, []).append(each)
        if not taken:
            rest.append(each)
    labelled = [
        (getattr(people.limits.labelled[index], name), by_label[index])
        for index in sorted(by_label)
    ]
    return [*labelled, (getattr(people.limits, name), rest)]


def _judge(
    case: Case, docket: Docket, limit: int | None, pool: Iterable[Movement]
) -> Iterable[Finding]:
    """Sort one pool into the docket and return what is said of it."""
    if limit is None:
        return []
    counted: list[Movement] = []
    passed: list[Movement] = []
    for each in pool:
        docket.names.update(each.names)
        unknown = _gain(each) is None
        if case.allows(docket.guard, each.names) or (
            unknown and case.allows(UNKNOWN_IMPACT, each.names)
        ):
            passed.append(each)
        elif unknown:
            docket.unknown.append(each)
        else:
            counted.append(each)
    total = sum(_gain(each) or 0 for each in counted)
    if (
        any(_gain(each) is None for each in passed)
        or total + sum(_gain(each) or 0 for each in passed) > limit
    ):
        docket.allowed.extend(passed)
    if total <= limit:
        return []
    words = f"would newly reach {_people(total, counted)}, and may reach {limit:,}"
    docket.over.extend((each, words) for each in counted)
    return [
        Finding(
            docket.code,
            Severity.ERROR,
            f"{docket.guard}: {each} is one of {len(counted)} target lists through which the plan {words}",
            each.span,
            allow_hint(docket.guard, str(each.cause)),
            each.effect.address,
        )
        for each in counted
    ]


def _ruling(
    docket: Docket, limit: int | None, lists: list[Movement], findings: Iterable[Finding]
) -> Ruling:
    unknown = sum(1 for each in lists if _gain(each) is None)
    measured = _people(sum(_gain(each) or 0 for each in lists), lists)
    if unknown:
        measured += f", unknown for {unknown} of {len(lists)} lists"
    return Ruling(
        verdict=verdict(
            docket.guard,
            limit="off" if limit is None else f"{limit:,} people",
            measured=measured,
            over=[str(each.cause) for each, _ in docket.over],
            unknown=[str(each.cause) for each in docket.unknown],
            allowed=[str(each.cause) for each in docket.allowed],
        ),
        findings=tuple(findings),
        names=frozenset(docket.names),
    )


def _gain(movement: Movement) -> int | None:
    """Return how many people a list may gain at most; None when nobody knows."""
    most = movement.effect.impact.most
    if most is None:
        return None
    # Whoever is in it now is not new; when nobody knows how many that are, all of them may be.
    return max(0, most - (movement.effect.impact.before or 0))


def _people(count: int, lists: list[Movement]) -> str:
    """Say that a sum over lists is a bound."""
    several = sum(1 for each in lists if _gain(each)) > 1
    return f"{'at most ' if several else ''}{shown_count(count)} people"
