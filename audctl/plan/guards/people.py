"""Guards on how many people an audience or list loses or gains, by what it is for.

==========  ===========  ===========  ===========
purpose     maxShrink    toZero       maxGrowth
==========  ===========  ===========  ===========
target      guarded      guarded      guarded
suppress    guarded      guarded      free
measure     free         free         free
not said    guarded      guarded      guarded
==========  ===========  ===========  ===========

An estimate counts by the end of its interval that is worse: the lower one for a loss, the upper one for a gain.
What nobody can foresee counts as over. It is refused once for all guards that would have to know, and
``--allow unknownImpact:ADDRESS`` lets it through them all; naming a guard instead lets it through that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from audctl.model.effect import shown_count
from audctl.model.finding import Finding, Severity
from audctl.model.policy import ToZero
from audctl.plan.guards.case import Ruling, allow_hint, verdict
from audctl.plan.guards.limit import parse_limit
from audctl.plan.guards.movement import GROWTH_MATTERS, SHRINK_MATTERS, People

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audctl.model.address import Address
    from audctl.plan.guards.case import Case
    from audctl.plan.guards.limit import Limit
    from audctl.plan.guards.movement import Movement

UNKNOWN_IMPACT = "unknownImpact"
"""Not a limit of its own: the override for whatever nobody can foresee."""


@dataclass(slots=True)
class Docket:
    """One guard's sorting of movements, while they are looked at."""

    guard: str
    code: str
    over: list[tuple[Movement, str]] = field(default_factory=list)
    """What is over, with the words for it."""
    unknown: list[Movement] = field(default_factory=list)
    allowed: list[Movement] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def ruling(self, limit: str) -> Ruling:
        """Return the guard's word; what is unknown is told apart, once for all guards."""
        return Ruling(
            verdict=verdict(
                self.guard,
                limit=limit,
                measured=self._measured(),
                over=[str(each.cause) for each, _ in self.over],
                unknown=[str(each.cause) for each in self.unknown],
                allowed=[str(each.cause) for each in self.allowed],
            ),
            findings=tuple(
                Finding(
                    self.code,
                    Severity.ERROR,
                    f"{self.guard}: {each} {words}",
                    each.span,
                    allow_hint(self.guard, str(each.cause)),
                    each.effect.address,
                )
                for each, words in self.over
            ),
            names=frozenset(self.names),
        )

    def _measured(self) -> str:
        parts = [
            f"{len(count)} {word}"
            for word, count in (
                ("over", self.over),
                ("unknown", self.unknown),
                ("let through", self.allowed),
            )
            if count
        ]
        return ", ".join(parts) or "none over"


def judge_people(case: Case, moving: Iterable[Movement]) -> list[Docket]:
    """Return what ``maxShrink``, ``maxGrowth`` and ``toZero`` make of the movements."""
    people = People(case.policy.limits, case.resources)
    shrink, growth, zero = (
        Docket("maxShrink", "AUD2105"),
        Docket("maxGrowth", "AUD2106"),
        Docket("toZero", "AUD2107"),
    )
    for each in moving:
        purpose = each.effect.purpose
        if purpose in SHRINK_MATTERS:
            where = each.effect.address
            refuses_zero = ToZero.REFUSE in people.of("to_zero", where)
            if refuses_zero:
                _enter(case, zero, each, _zero(each))
            if not (refuses_zero and each.effect.impact.after == 0):
                # What is emptied is told once: by the guard that is about nothing else.
                limits = people.of("max_shrink", where)
                _enter(case, shrink, each, _worst(limits, partial(_shrink, each)))
        if purpose in GROWTH_MATTERS:
            limits = people.of("max_growth", each.effect.address)
            _enter(case, growth, each, _worst(limits, partial(_growth, each)))
    return [shrink, growth, zero]


def unknown_findings(case: Case, dockets: Iterable[Docket]) -> Iterator[Finding]:
    """Yield one error for each movement that nobody can foresee, naming the guards that would have to know."""
    found: dict[tuple[Address, ...], tuple[Movement, list[str]]] = {}
    for docket in dockets:
        for each in docket.unknown:
            key = (each.effect.address, *each.effect.chain)
            found.setdefault(key, (each, []))[1].append(docket.guard)
    for each, guards in found.values():
        impact = each.effect.impact
        yield Finding(
            "AUD2104",
            Severity.ERROR,
            f"{each} would go from {shown_count(impact.before)} to {shown_count(impact.after)} people, "
            f"so nobody can hold it to {_listed(guards)}",
            each.span or case.span("spec.guards"),
            allow_hint(UNKNOWN_IMPACT, str(each.cause)),
            each.effect.address,
        )


def _enter(case: Case, docket: Docket, movement: Movement, words: str | None) -> None:
    """Put a movement where it belongs; ``words`` are empty for passed, None for unknown."""
    docket.names.update(movement.names)
    if words == "":
        return
    if case.allows(docket.guard, movement.names) or (
        words is None and case.allows(UNKNOWN_IMPACT, movement.names)
    ):
        docket.allowed.append(movement)
    elif words is None:
        docket.unknown.append(movement)
    else:
        docket.over.append((movement, words))


def _worst(limits: Iterable[object], judge: Callable[[Limit], str | None]) -> str | None:
    """Return what the strictest of the limits that hold together says."""
    said = [judge(parse_limit(str(each))) for each in limits if each is not None]
    return next((each for each in said if each), None if None in said else "")


def _shrink(movement: Movement, limit: Limit) -> str | None:
    before, after = movement.effect.impact.before, movement.effect.impact.fewest
    if before == 0:
        return ""
    if before is None or after is None:
        return None
    return (
        _too_far(movement, after, limit, "lose") if before - after > limit.allowed(before) else ""
    )


def _growth(movement: Movement, limit: Limit) -> str | None:
    before, after = movement.effect.impact.before, movement.effect.impact.most
    if after == 0 or (limit.is_share and before == 0):
        return ""
    if after is None:
        return None
    if before is None:
        # At most everybody in it is new: a number may be kept all the same, a share says nothing.
        return "" if not limit.is_share and after <= limit.number else None
    return (
        _too_far(movement, after, limit, "gain") if after - before > limit.allowed(before) else ""
    )


def _zero(movement: Movement) -> str | None:
    impact = movement.effect.impact
    if impact.before == 0 or (impact.after or movement.effect.impact.fewest or 0) > 0:
        return ""
    if impact.before is None or impact.after is None:
        return None
    return f"has {shown_count(impact.before)} people and would have none"


def _too_far(movement: Movement, after: int, limit: Limit, verb: str) -> str:
    """Say both counts rather than their difference, which would give a small one away."""
    before = movement.effect.impact.before
    end = "" if after == movement.effect.impact.after else ", at worst"
    return (
        f"would go from {shown_count(before)} to {shown_count(after)} people{end}, "
        f"and may {verb} {limit}{'' if limit.is_share else ' people'}"
    )


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
