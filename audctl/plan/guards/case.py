"""What every guard is given, and what it gives back."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.verdict import Judgement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.effect import Effect
    from audctl.model.finding import Finding
    from audctl.model.live import LiveState
    from audctl.model.match_rate import MatchRate
    from audctl.model.plan import PlanOptions
    from audctl.model.policy import PlanPolicy
    from audctl.model.resource import Resource
    from audctl.model.span import Span

_PLAIN_WORD = re.compile(r"[A-Za-z0-9@%+=:,./_-][A-Za-z0-9@%+=:,./_#-]*")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A finished plan before its judges."""

    steps: tuple[Step, ...]
    effects: tuple[Effect, ...]
    desired: tuple[DesiredObject, ...]
    live: LiveState
    owned: int
    """Entries of the ledger."""
    options: PlanOptions
    policy: PlanPolicy
    match_rates: tuple[MatchRate, ...] = ()
    """Of the bindings that the plan makes or changes, where they were measured."""
    recorded: Mapping[Address, str] = field(default_factory=lambda: MappingProxyType({}))
    """Live ids by address as the ledger has them: a partial plan has no steps of what it leaves out."""
    made: frozenset[Address] = frozenset()
    """What audctl itself made, or was about to make when a run was cut, as the ledger has it."""
    today: date | None
    """Of the live read; None: nobody knows, and no approval has expired."""

    @cached_property
    def step_of(self) -> Mapping[Address, Step]:
        """Steps by address."""
        return {each.address: each for each in self.steps}

    @cached_property
    def resources(self) -> Mapping[Address, Resource]:
        """Resources by address, those that only folders need left out."""
        found = {}
        for each in self.desired:
            if each.resource is not None:
                found[each.resource.address] = each.resource
        return found

    @cached_property
    def _selected(self) -> frozenset[Address]:
        return frozenset(each.address.resource for each in self.steps)

    def concerns(self, addresses: Iterable[Address]) -> bool:
        """Whether any of these resources is part of the plan; with a selection, only some are."""
        if not self.options.selection:
            return True
        return not self._selected.isdisjoint(addresses)

    def allows(self, guard: str, names: Iterable[str]) -> bool:
        """Whether ``--allow GUARD:NAME`` was given with one of the names."""
        return any(self.options.allows(guard, name) for name in names)

    def span(self, path: str) -> Span | None:
        """Return a place in the project file."""
        return None if self.policy.places is None else self.policy.places.span(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One guard's word on a case."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    names: frozenset[str] = frozenset()
    """Whatever ``--allow`` may name with this guard; an override of anything else does nothing."""


def names_of(*addresses: Address) -> tuple[str, ...]:
    """Return what ``--allow`` may call any of these: the object, or its resource."""
    return tuple(
        dict.fromkeys(name for each in addresses for name in (str(each), str(each.resource)))
    )


def allow_hint(guard: str, name: str) -> str:
    """Return the override as a shell takes it: folders have blanks, and most addresses need no quotes."""
    word = f"{guard}:{name}"
    return f"--allow {word if _PLAIN_WORD.fullmatch(word) else shlex.quote(word)}"


def verdict(  # noqa: PLR0913 - the parts of a verdict
    guard: str,
    *,
    limit: str,
    measured: str,
    over: Iterable[str] = (),
    unknown: Iterable[str] = (),
    allowed: Iterable[str] = (),
) -> Verdict:
    """Return the verdict that the names left over, left unknown and let through come to."""
    over, unknown, allowed = frozenset(over), frozenset(unknown), frozenset(allowed)
    if over:
        judgement = Judgement.OVER
    elif unknown:
        judgement = Judgement.UNKNOWN
    else:
        judgement = Judgement.ALLOWED if allowed else Judgement.PASSED
    return Verdict(
        guard=guard,
        judgement=judgement,
        limit=limit,
        measured=measured,
        names=tuple(sorted(over | unknown)),
        allowed=tuple(sorted(allowed)),
    )
