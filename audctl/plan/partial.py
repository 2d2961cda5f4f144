"""The part of a plan that was selected, and what it cannot go without.

What a selected step needs is never pulled in by itself: a person who writes ``--only`` says what may be written, and a
plan that writes more than that would not be theirs. It is refused with the very options that would take it in. The
one exception are folders, which nobody writes manifests for.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldReason
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.plan.selection import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.plan.selection import Scope

_SHOWN = 5
_NEW = frozenset({Change.CREATE, Change.REPLACE})
_ACTING = frozenset({Change.UPDATE, Change.REPLACE, Change.DELETE})
_REFERRING = frozenset({Change.CREATE, Change.UPDATE, Change.REPLACE, Change.ADOPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """Selected steps; all of them when there is no selection."""

    steps: Mapping[Address, Step]
    left_out: int = 0
    """Steps other than Keep that were not selected."""
    findings: tuple[Finding, ...] = ()


def select_steps(scope: Scope, steps: Mapping[Address, Step]) -> Partial:
    """Return the selected steps as they are, and an error for each that needs one left out."""
    if not scope.selection:
        return Partial(steps=steps)
    chosen = _Choice(scope, steps)
    return Partial(
        steps={address: step for address, step in steps.items() if address in chosen.inside},
        left_out=sum(
            address not in chosen.inside and step.change is not Change.KEEP
            for address, step in steps.items()
        ),
        findings=(*scope.findings(), *chosen.findings()),
    )


def about_selected(
    findings: Iterable[Finding], scope: Scope, partial: Partial
) -> Iterator[Finding]:
    """Yield the findings that concern a partial plan: everybody's, its own, and errors of what its steps refer to."""
    if not scope.selection:
        yield from findings
        return
    needed = {
        each
        for step in partial.steps.values()
        if step.change is not Change.KEEP
        for each in step.requires
    }
    for each in findings:
        if (
            each.address is None
            or each.address in partial.steps
            or scope.place(each.address) is Place.INSIDE
            or (each.severity is Severity.ERROR and each.address in needed)
        ):
            yield each


class _Choice:
    def __init__(self, scope: Scope, steps: Mapping[Address, Step]) -> None:
        self.scope = scope
        self.steps = steps
        self.followers = _followers(steps)
        self.takers = {
            each.renamed_from: address
            for address, each in steps.items()
            if each.renamed_from is not None
        }
        places = {address: scope.place(address) for address in steps}
        self.inside = {each for each, place in places.items() if place is Place.INSIDE}
        self._take_folders({each for each, place in places.items() if place is Place.FOLLOWS})
        self._leave_folders()

    def _take_folders(self, folders: set[Address]) -> None:
        """Take in the folders that selected steps need, and with ``--exclude`` alone those nobody needs."""
        if not folders:
            return
        wanted = {
            each
            for step in self.steps.values()
            if step.change is not Change.KEEP
            for each in step.requires
        }
        if not self.scope.selection.only:
            self.inside |= folders - wanted
        left = [each for each in self.inside if self.steps[each].change is not Change.KEEP]
        while left:
            for each in self.steps[left.pop()].requires:
                if each in folders and each not in self.inside:
                    self.inside.add(each)
                    left.append(each)

    def _leave_folders(self) -> None:
        """Leave a folder that nobody named where it is while something in it is left out: it is not empty."""
        folders = [
            each
            for each in self.inside
            if OBJECT_TYPES[self.steps[each].type].shared
            and self.steps[each].change is Change.DELETE
            and self.scope.place(each) is Place.FOLLOWS
        ]
        # Inner ones first: the outer one waits for them.
        for each in sorted(folders, key=lambda address: -address.name.count("/")):
            if any(self._missing(self.steps[each])):
                self.inside.discard(each)

    def findings(self) -> Iterator[Finding]:
        """Yield an error for each selected step that needs one left out."""
        for address in sorted(self.inside):
            step = self.steps[address]
            missing = sorted(set(self._missing(step)))
            if not missing:
                continue
            named = ", ".join(f"{each} ({self.steps[each].change})" for each in missing[:_SHOWN])
            more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
            yield Finding(
                "AUD2502",
                Severity.ERROR,
                f"{address}: its {step.change} cannot go without {named}{more}, which the selection leaves out",
                step.span,
                self._way_out(address, missing),
                address,
            )

    def _missing(self, step: Step) -> Iterator[Address]:
        return (each for each in self._needed_by(step) if each not in self.inside)

    def _needed_by(self, step: Step) -> Iterator[Address]:
        """Yield the steps without which one would fail, or leave others broken."""
        for each in (*step.requires, *step.after):
            other = self.steps.get(each)
            if other is None or each == step.address:
                continue
            if step.change is Change.DELETE or each in step.after:
                needed = other.change in _ACTING
            else:
                needed = step.change in _REFERRING and other.change in _NEW
            if needed:
                yield each
        if step.change is Change.REPLACE:
            yield from self.followers.get(step.address, ())
        if step.renamed_from is not None and (taker := self.takers.get(step.address)):
            # The ledger's entry under the new name belongs to somebody who has to take it first.
            yield taker

    def _way_out(self, address: Address, missing: list[Address]) -> str:
        """Return the options that make the selection whole."""
        needed, left = set(missing), list(missing)
        while left:
            for each in self._missing(self.steps[left.pop()]):
                if each not in needed:
                    needed.add(each)
                    left.append(each)
        excluded = {pattern for each in needed for pattern in self.scope.excluding(each)}
        leave = f"--exclude {shlex.quote(str(address.resource))}"
        if excluded:
            take = " ".join(f"--exclude {shlex.quote(each)}" for each in sorted(excluded))
            return f"take {take} away, or leave this out as well: {leave}"
        if not self.scope.selection.only:
            return f"leave this out as well: {leave}"
        named = {each for each in needed if self.scope.place(each) is not Place.FOLLOWS}
        return "add " + " ".join(f"--only {shlex.quote(each)}" for each in self._names(named))

    def _names(self, needed: set[Address]) -> list[str]:
        """Return resources where all their steps are meant anyhow, single objects otherwise."""
        others = {
            address.resource
            for address, step in self.steps.items()
            if step.change is not Change.KEEP and address not in needed | self.inside
        }
        return sorted({str(each if each.resource in others else each.resource) for each in needed})


def _followers(steps: Mapping[Address, Step]) -> dict[Address, list[Address]]:
    """Return, for each object that is replaced, the updates that turn to the new one."""
    replaced = {address for address, step in steps.items() if step.change is Change.REPLACE}
    found: dict[Address, list[Address]] = {}
    for address, step in steps.items() if replaced else ():
        if any(each.reason is FieldReason.FOLLOWS for each in step.fields):
            for each in replaced.intersection(step.requires):
                found.setdefault(each, []).append(address)
    return found
