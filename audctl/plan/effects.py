"""What a plan does to people: audiences and lists before and after, direct and further down.

Two steps, because counting and estimating cost calls: :class:`Movements` says whom a draft moves and what has to be
asked, and ``weigh`` puts the answers into effects. A plan that moves nobody asks nothing.

How many afterwards, from the most certain source to the least: a deleted audience has nobody; a paused one keeps
everybody; an estimate, held against the live count; a list's share in its audience as it is today; a bound, where the
change lets people only in or only out; unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.effect import CountSource, Effect, Impact
from audctl.model.estimate import Question
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.rules.containment import Relation
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.substitution import trait_id
from audctl.plan.flow import LIST, MAPPING, SEGMENT, SHARED_LIST, Flow
from audctl.plan.motion import Motion, Moved, is_paused, rule_relation, trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.desired import DesiredObject
    from audctl.model.estimate import Estimate
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState

HOLDERS = frozenset({SEGMENT, LIST})
"""Types whose objects hold people."""

_AUDIENCE = (MAPPING, SEGMENT)
_NO_ANSWERS: Mapping[Address, Estimate] = MappingProxyType({})
_NO_COUNTS: Mapping[tuple[str, str], int] = MappingProxyType({})


@dataclass(frozen=True)
class Movements:
    """Whom a draft moves, before anybody is counted."""

    flow: Flow
    moved: Mapping[Address, Moved]
    desired: tuple[DesiredObject, ...]

    @cached_property
    def holders(self) -> tuple[Moved, ...]:
        """Audiences and lists that are moved or stopped, sorted by address."""
        return tuple(
            each for address, each in sorted(self.moved.items()) if address.object in HOLDERS
        )

    @cached_property
    def to_count(self) -> Mapping[str, tuple[str, ...]]:
        """Live ids to count the people of, by object type; of a list's audience too, for its share."""
        found: dict[str, set[str]] = {}
        for each in self.holders:
            for address in (each.address, self._audience_of(each.address)):
                standing = self.flow.live(address) if address is not None else None
                if standing is not None:
                    found.setdefault(standing.type, set()).add(standing.id)
        return {name: tuple(sorted(ids)) for name, ids in sorted(found.items())}

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What only an estimator can tell, sorted by address."""
        found = (self._question(each) for each in self.holders if each.address.object == SEGMENT)
        return tuple(each for each in found if each is not None)

    def weigh(
        self,
        counts: Mapping[tuple[str, str], int] = _NO_COUNTS,
        estimates: Mapping[Address, Estimate] = _NO_ANSWERS,
    ) -> tuple[Effect, ...]:
        """Return the effects, sorted by address. ``counts`` by (type, live id) win over what the read told."""
        impacts: dict[Address, Impact] = {}
        for each in self.holders:
            if each.address.object == SEGMENT:
                before = self._before(each.address, counts)
                impacts[each.address] = self._of_audience(each, before, estimates)
        for each in self.holders:
            if each.address.object == LIST:
                impacts[each.address] = self._of_list(each, counts, impacts)
        return tuple(
            Effect(
                address=each.address,
                label=self._label(each.address),
                purpose=self._purpose(each.address),
                impact=impacts[each.address],
                chain=each.chain,
            )
            for each in self.holders
        )

    # --- audiences --------------------------------------------------------------------------------

    def _question(self, moved: Moved) -> Question | None:
        flow = self.flow
        rule = flow.terms_of(moved.address)
        step = flow.steps.get(moved.address)
        if rule is None or not moved.motion or flow.is_gone(moved.address):
            return None
        if is_paused(flow, moved.address) or (step is not None and _new_merge_rule(step)):
            return None
        standing = flow.live(moved.address)
        old = standing.fields.get("rule") if standing is not None else None
        was_paused = standing is not None and standing.fields.get("status") == "paused"
        return Question(
            address=moved.address,
            by_name=rule.rename(self._names(rule)),
            by_id=rule if self._answers(rule) else None,
            standing=old if isinstance(old, SegmentRule) and not was_paused else None,
        )

    def _answers(self, rule: SegmentRule) -> bool:
        """Whether the live system's traits are those of the rule: none is new, none changes with the plan."""
        for token in rule.traits:
            trait = self.flow.trait_of(token)
            if trait_id(token) is None or (trait is not None and trait in self.moved):
                return False
        return True

    def _names(self, rule: SegmentRule) -> dict[str, str]:
        found = {}
        for token in rule.traits:
            trait = self.flow.trait_of(token)
            if trait is not None and self.flow.traits.get(trait.name) == trait:
                found[token] = trait.name
        return found

    def _of_audience(
        self, moved: Moved, before: int | None, estimates: Mapping[Address, Estimate]
    ) -> Impact:
        if self.flow.is_gone(moved.address):
            return Impact(before=before, after=0, source=CountSource.CERTAIN)
        if moved.motion is Motion.NONE:
            return _staying(before)
        estimate = estimates.get(moved.address)
        if estimate is not None:
            return _bounded(_calibrated(estimate, before), moved.motion)
        return _bound(before, moved.motion)

    # --- lists ------------------------------------------------------------------------------------

    def _of_list(
        self,
        moved: Moved,
        counts: Mapping[tuple[str, str], int],
        impacts: Mapping[Address, Impact],
    ) -> Impact:
        before = self._before(moved.address, counts)
        if self.flow.is_gone(moved.address):
            return Impact(before=before, after=0, source=CountSource.CERTAIN)
        if moved.motion is Motion.NONE:
            return _staying(before)
        audience = self._audience_of(moved.address)
        there = impacts.get(audience) if audience is not None else None
        if not moved.rebound and there is not None and before is not None and there.before:
            share = before / there.before
            if there.after is not None:
                return _bounded(
                    Impact(
                        before=before,
                        after=round(there.after * share),
                        low=None if there.low is None else round(there.low * share),
                        high=None if there.high is None else round(there.high * share),
                        source=CountSource.ESTIMATE,
                    ),
                    moved.motion,
                )
        return _bound(before, moved.motion)

    def _audience_of(self, address: Address) -> Address | None:
        """Return the audience that feeds a list once the plan is done; an audience is fed by none."""
        through = self._imports.get(address, ())
        fed = (
            self.flow.segment_of(self.flow.target(each, "audience", _AUDIENCE)) for each in through
        )
        return next((each for each in fed if each is not None), None)

    @cached_property
    def _imports(self) -> Mapping[Address, tuple[Address, ...]]:
        """Imports that move or stop, by the list they fill; one owns a list, unless something is amiss."""
        found: dict[Address, tuple[Address, ...]] = {}
        for address in sorted(self.moved):
            if address.object == SHARED_LIST:
                fed = self.flow.target(address, "list", (LIST,))
                if fed is not None:
                    found[fed] = (*found.get(fed, ()), address)
        return found

    # --- both -------------------------------------------------------------------------------------

    def _before(self, address: Address, counts: Mapping[tuple[str, str], int]) -> int | None:
        step = self.flow.steps.get(address)
        standing = self.flow.live(address)
        if standing is None:
            return 0 if step is not None and step.change is Change.CREATE else None
        return counts.get((standing.type, standing.id), standing.members)

    def _label(self, address: Address) -> str:
        step = self.flow.steps.get(address)
        if step is not None and step.label:
            return step.label
        standing = self.flow.live(address)
        label = standing.fields.get("label") if standing is not None else None
        return label if isinstance(label, str) else ""

    def _purpose(self, address: Address) -> str:
        if address.object == SEGMENT:
            return self._purposes.get(address, "")
        flow = self.flow
        found = set()
        for shared in self._imports.get(address, ()):
            after = flow.segment_of(flow.target(shared, "audience", _AUDIENCE))
            for each in (after, flow.segment_before(shared)):
                if each is not None:
                    found.add(self._purposes.get(each, ""))
        # Of two purposes neither says which direction is harmless: guards then watch both.
        return found.pop() if len(found) == 1 else ""

    @cached_property
    def _purposes(self) -> Mapping[Address, str]:
        return {
            each.address: str(each.resource.spec.purpose)
            for each in self.desired
            if each.type == SEGMENT
            and each.resource is not None
            and isinstance(each.resource.spec, AudienceSpec)
        }


def find_movements(
    steps: Sequence[Step],
    *,
    live: LiveState,
    ledger: Ledger,
    desired: Iterable[DesiredObject],
) -> Movements:
    """Return whom these steps move."""
    wanted = tuple(desired)
    flow = Flow(live, ledger, steps, wanted)
    return Movements(flow, trace(flow) if flow.steps else {}, wanted)


def with_impacts(
    steps: Iterable[Step], movements: Movements, effects: Iterable[Effect]
) -> tuple[Step, ...]:
    """Return the steps with what each does to the people of its own object, and to its rule's reach."""
    own = {each.address: each.impact for each in effects}
    return tuple(_told(each, movements.flow, own.get(each.address)) for each in steps)


def _told(step: Step, flow: Flow, impact: Impact | None) -> Step:
    if step.address not in flow.steps:
        return step if step.impact is None else replace(step, impact=None)
    relation = rule_relation(flow, step)
    reason = step.reason
    if relation is not None and relation is not Relation.UNKNOWN:
        reason = f"{reason}; the rule is {relation}"
    return replace(step, impact=impact, reason=reason)


def _new_merge_rule(step: Step) -> bool:
    """Whether a step changes whose devices count together, which no estimator takes into account."""
    return step.change is not Change.CREATE and "mergeRule" in step.write


def _staying(before: int | None) -> Impact:
    return Impact(before=before, after=before, source=CountSource.LIVE)


def _calibrated(estimate: Estimate, before: int | None) -> Impact:
    """Return an estimate as the live count sees it.

    Estimators ignore merge rules, and count what is in reach rather than what was counted last: off by several times,
    but alike for the old rule and the new one. So their ratio is taken wherever both are known.
    """
    scale = before / estimate.standing if before is not None and estimate.standing else 1.0
    return Impact(
        before=before,
        after=round(estimate.people * scale),
        low=None if estimate.low is None else round(estimate.low * scale),
        high=None if estimate.high is None else round(estimate.high * scale),
        source=CountSource.ESTIMATE,
    )


def _bounded(impact: Impact, motion: Motion) -> Impact:
    """Cut an estimate where it claims what the change cannot do."""
    before = impact.before
    assert impact.after is not None
    least = before if before is not None and Motion.OUT not in motion else 0
    most = before if before is not None and Motion.IN not in motion else None

    def cut(count: int | None) -> int | None:
        if count is None:
            return None
        count = max(count, least)
        return count if most is None else min(count, most)

    return replace(impact, after=cut(impact.after), low=cut(impact.low), high=cut(impact.high))


def _bound(before: int | None, motion: Motion) -> Impact:
    """Return what is certain when nobody can tell how many."""
    if before is None or motion is (Motion.IN | Motion.OUT):
        return Impact(before=before)
    if Motion.OUT in motion:
        if before == 0:
            return Impact(before=0, after=0, source=CountSource.CERTAIN)
        return Impact(before=before, low=0, high=before, source=CountSource.BOUND)
    if before == 0:
        return Impact(before=0)
    return Impact(before=before, low=before, source=CountSource.BOUND)
