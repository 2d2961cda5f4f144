"""People on the move, as guards look at them: who moves, by what step, within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.effect import Effect
from audctl.model.kinds.audience import AudienceSpec, Purpose
from audctl.model.kinds.unset import Unset
from audctl.plan.guards.case import names_of
from audctl.plan.guards.counts import pauses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.policy import LabelledLimits, Limits
    from audctl.model.resource import Resource
    from audctl.model.span import Span
    from audctl.plan.guards.case import Case

SHRINK_MATTERS = frozenset({"", Purpose.TARGET, Purpose.SUPPRESS})
"""Losing targets is lost business, losing suppressed people is mail to those who must not get any."""

GROWTH_MATTERS = frozenset({"", Purpose.TARGET})
"""More targets are more people who hear from somebody; more suppressed people are fewer."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One effect, and what causes it."""

    effect: Effect
    cause: Address
    """Of the step at the beginning of the chain."""
    span: Span | None
    is_new: bool
    """Whether the plan itself makes the object, or goes on with what an earlier apply began to make."""

    @property
    def names(self) -> tuple[str, ...]:
        """What ``--allow`` may call it: the object, its resource, or the step that causes it."""
        return names_of(self.effect.address, self.cause)

    def __str__(self) -> str:
        """Return the object, with what causes the effect when that is another one."""
        own = str(self.effect.address)
        return own if self.effect.direct else f"{own} (because of {self.cause})"


def movements(case: Case) -> tuple[Movement, ...]:
    """Return every effect of the case but those that leave everybody where they are, such as a pause.

    A step that says it moves people, and of which no effect speaks, speaks for itself: silence is no yes.
    """
    found = [*case.effects, *_unspoken(case)]
    return tuple(_movement(case, each) for each in found if not _stays(case, each))


def _movement(case: Case, effect: Effect) -> Movement:
    cause = effect.chain[0]
    step = case.step_of.get(cause)
    own = case.step_of.get(effect.address)
    return Movement(effect, cause, step.span if step else None, _is_new(case, effect, own))


def _is_new(case: Case, effect: Effect, step: Step | None) -> bool:
    """Tell new objects from those that have a history.

    A list that audctl made, that is empty and that nothing has filled yet is as new as one that the plan makes. Were it
    not, an apply cut between a list and its binding would need an override to go on with what was approved.
    """
    if step is not None and step.change is Change.CREATE:
        return True
    if effect.address not in case.made or effect.impact.before != 0 or len(effect.chain) < 2:  # noqa: PLR2004
        return False
    feeder = effect.chain[-2]
    feeding = case.step_of.get(feeder)
    return (
        feeding is not None
        and feeding.change is Change.CREATE
        and feeding.type == "campaign.sharedList"
        and feeder not in case.recorded
    )


def _unspoken(case: Case) -> Iterator[Effect]:
    spoken = {each.address for each in case.effects}
    for step in case.steps:
        if (
            step.impact is not None
            and step.change is not Change.KEEP
            and step.address not in spoken
        ):
            yield Effect(
                address=step.address,
                purpose=_purpose(case.resources.get(step.address.resource)),
                impact=step.impact,
                chain=(step.address,),
            )


def _purpose(resource: Resource | None) -> str:
    if resource is not None and isinstance(resource.spec, AudienceSpec):
        return str(resource.spec.purpose)
    return ""


def _stays(case: Case, effect: Effect) -> bool:
    if effect.impact.moves_nobody:
        return True
    step = case.step_of.get(effect.chain[0])
    return step is not None and pauses(step) and "rule" not in step.write


class People:
    """The limits on people, for each object: those of its labels, where it has any that match."""

    def __init__(self, limits: Limits, resources: Mapping[Address, Resource]) -> None:
        self.limits = limits
        self._resources = resources

    def of(self, name: str, address: Address) -> list[object]:
        """Return the values that hold together for one object; all of them have to be kept."""
        found = [
            value
            for each in self.matching(address)
            if not isinstance(value := getattr(each, name), Unset)
        ]
        return found or [getattr(self.limits, name)]

    def matching(self, address: Address) -> Iterator[LabelledLimits]:
        """Yield the limits by label that are meant for an object's resource."""
        if not self.limits.labelled:
            return
        resource = self._resources.get(address.resource)
        if resource is None:
            return
        for each in self.limits.labelled:
            if all(resource.labels.get(key) == value for key, value in each.match.items()):
                yield each
