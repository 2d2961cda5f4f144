"""Which audiences and lists a plan moves, which way, and through which objects.

A motion only says that people may come in, or go out, or both; how many is another question. It starts at a step
that writes and travels along :mod:`audctl.plan.flow`: an import passes it on both ways, an export only lets people in,
and nothing passes a paused audience or a workflow that stands still.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Flag, auto
from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldReason, Step
from audctl.model.rules.boolean_tree import And, Not, Or
from audctl.model.rules.containment import Relation, compare_rules
from audctl.model.rules.segment_rule import Frequency, SegmentRule
from audctl.model.substitution import TRAIT
from audctl.plan.flow import DATA_SOURCE, LIST, MAPPING, SEGMENT, SHARED_LIST, WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.address import Address
    from audctl.model.rules.segment_rule import SegmentNode
    from audctl.plan.flow import Flow

_MATCHING = frozenset(
    {"targetingDimension", "reconciliationKey", "hashAlgorithm", "aamDataSource", "aamDestination"}
)
"""Fields of a Campaign data source that decide which recipient an id is."""

_EXPORTED = frozenset({"sourceList", "sourceQuery", "audience", "dataSource"})
"""Fields of an export that decide who is sent where."""

_EXISTING = frozenset({Change.UPDATE, Change.ADOPT, Change.PAUSE})


class Motion(Flag):
    """What may happen to the people of one object."""

    NONE = 0
    """Everybody stays: it is paused, or nothing feeds it any more."""
    IN = auto()
    OUT = auto()


BOTH = Motion.IN | Motion.OUT


@dataclass(slots=True)
class Moved:
    """One object on the way; only audiences and lists hold people themselves."""

    address: Address
    chain: tuple[Address, ...]
    """From the object whose step starts it to this one."""
    motion: Motion
    rebound: bool = False
    """Of a list and its import: who is imported, or how people are matched, changes, so that nothing can be said of
    its share in the audience."""


def rule_relation(flow: Flow, step: Step) -> Relation | None:
    """Return how a step's new rule stands to the live one; None when it writes none, or only new ids into it."""
    if step.type != SEGMENT or step.change not in _EXISTING or "rule" not in step.write:
        return None
    if any(each.field == "rule" and each.reason is FieldReason.FOLLOWS for each in step.fields):
        return None
    standing = flow.live(step.address)
    old = standing.fields.get("rule") if standing is not None else None
    new = step.write["rule"]
    if not isinstance(old, SegmentRule) or not isinstance(new, SegmentRule):
        return Relation.UNKNOWN
    return compare_rules(old, new)


def trace(flow: Flow) -> dict[Address, Moved]:
    """Return everything the steps move, the nearest cause first; linear in the edges that people take."""
    found: dict[Address, Moved] = {}
    waiting: deque[Address] = deque()
    for address in sorted(flow.steps):
        motion = _START.get(address.object, _never)(flow, flow.steps[address])
        if motion is not None:
            rebound = address.object in _REBINDING and motion is not Motion.NONE
            found[address] = Moved(address, (address,), motion, rebound)
            waiting.append(address)
    while waiting:
        source = found[waiting.popleft()]
        for user in flow.next_of(source.address):
            motion = _passed(flow, source, user)
            if motion is None:
                continue
            known = found.get(user)
            if known is None:
                found[user] = Moved(user, (*source.chain, user), motion, _rebinds(source, user))
                waiting.append(user)
                continue
            both, rebound = known.motion | motion, known.rebound or _rebinds(source, user)
            if (both, rebound) != (known.motion, known.rebound):
                known.motion, known.rebound = both, rebound
                waiting.append(user)
    return found


# --- where motions start ------------------------------------------------------------------------------


def _never(_flow: Flow, _step: Step) -> Motion | None:
    return None


def _of_trait(flow: Flow, step: Step) -> Motion | None:
    if step.change is Change.CREATE:
        return Motion.IN
    if step.change not in _EXISTING:
        return BOTH
    motion = Motion.NONE
    if "rule" in step.write:
        motion = BOTH
    if "ttlDays" in step.write:
        standing = flow.live(step.address)
        before = _days(standing.fields.get("ttlDays") if standing is not None else None)
        after = _days(step.write["ttlDays"])
        motion |= BOTH if before is None or after is None else _longer(before, after)
    return motion or None


def _days(value: object) -> float | None:
    """Return how long a trait lasts; nought days are for ever."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value or float("inf")


def _longer(before: float, after: float) -> Motion:
    if before == after:
        return Motion.NONE
    return Motion.IN if after > before else Motion.OUT


def _of_segment(flow: Flow, step: Step) -> Motion | None:
    if step.change is Change.DELETE:
        return Motion.OUT
    paused = is_paused(flow, step.address)
    if step.change is Change.CREATE:
        return Motion.NONE if paused else Motion.IN
    if step.change is Change.REPLACE:
        return BOTH
    standing = flow.live(step.address)
    was_paused = standing is not None and standing.fields.get("status") == "paused"
    if paused:
        return None if was_paused else Motion.NONE
    if was_paused or "mergeRule" in step.write:
        return BOTH
    return _BY_RELATION[rule_relation(flow, step)]


_BY_RELATION: Mapping[Relation | None, Motion | None] = {
    None: None,
    Relation.EQUIVALENT: None,
    Relation.NARROWER: Motion.OUT,
    Relation.WIDER: Motion.IN,
    Relation.INCOMPARABLE: BOTH,
    Relation.UNKNOWN: BOTH,
}


def _of_list(_flow: Flow, step: Step) -> Motion | None:
    if step.change is Change.DELETE:
        return Motion.OUT
    return Motion.NONE if step.change is Change.CREATE else None


def _of_import(flow: Flow, step: Step) -> Motion | None:
    if step.change is Change.DELETE:
        return Motion.NONE  # its list keeps whom it has
    if step.change not in _EXISTING or "dataSource" in step.write:
        return BOTH
    if "audience" not in step.write:
        return None
    audience = flow.target(step.address, "audience", (MAPPING, SEGMENT))
    before = flow.segment_before(step.address)
    return None if before is not None and flow.segment_of(audience) == before else BOTH


def _of_mapping(_flow: Flow, step: Step) -> Motion | None:
    if step.change is Change.DELETE:
        return Motion.NONE
    return BOTH if step.change in {Change.CREATE, Change.REPLACE} else None


def _of_export(_flow: Flow, step: Step) -> Motion | None:
    if step.change in {Change.DELETE, Change.PAUSE}:
        return Motion.NONE
    if step.write.get("running") is False:
        return None if step.change is Change.CREATE else Motion.NONE
    if step.change not in _EXISTING:
        return Motion.IN
    moving = _EXPORTED.intersection(step.write) or step.write.get("running") is True
    return Motion.IN if moving else None


def _of_data_source(_flow: Flow, step: Step) -> Motion | None:
    if step.change is Change.CREATE or step.change is Change.DELETE:
        return None  # whoever uses it is a step of its own
    return BOTH if _MATCHING.intersection(step.write) else None


_START: Mapping[str, Callable[[Flow, Step], Motion | None]] = {
    TRAIT: _of_trait,
    SEGMENT: _of_segment,
    LIST: _of_list,
    SHARED_LIST: _of_import,
    MAPPING: _of_mapping,
    WORKFLOW: _of_export,
    DATA_SOURCE: _of_data_source,
}

_REBINDING = frozenset({SHARED_LIST, MAPPING, DATA_SOURCE})


# --- how motions travel -------------------------------------------------------------------------------


def _passed(flow: Flow, source: Moved, user: Address) -> Motion | None:
    """Return what one object's motion does to the next one; None when it ends there."""
    if flow.is_gone(user):
        return None
    motion = source.motion
    if user.object == SEGMENT:
        return _into_segment(flow, source, user)
    if user.object == WORKFLOW:
        still = flow.field(user, "running") is False
        return None if still or Motion.IN not in motion else Motion.IN
    if user.object == TRAIT:
        return motion & Motion.IN or None
    # An import, or the list behind it. Where everybody stays only what stands next to the cause is worth a word.
    first_hand = len(source.chain) == 1 or source.address.object in _REBINDING
    return motion if motion is not Motion.NONE or first_hand else None


def _into_segment(flow: Flow, source: Moved, user: Address) -> Motion | None:
    if is_paused(flow, user):
        return None
    if source.address.object == WORKFLOW:
        return source.motion & Motion.IN
    rule = flow.terms_of(user)
    if rule is None or (_is_new(flow, source.address) and _takes_up(flow, user)):
        return None
    found = Motion.NONE
    for token in rule.traits:
        if flow.trait_of(token) == source.address:
            found |= _through(rule.tree, token, source.motion)
    return found or None


def _is_new(flow: Flow, trait: Address) -> bool:
    step = flow.steps.get(trait)
    return step is not None and step.change is Change.CREATE


def _takes_up(flow: Flow, segment: Address) -> bool:
    """Whether a segment's own step brings a new trait in, and so answers for what that does to its people."""
    step = flow.steps.get(segment)
    if step is None or "rule" not in step.write:
        return False
    return step.change not in _EXISTING or rule_relation(flow, step) is not None


def _through(node: SegmentNode, token: str, motion: Motion) -> Motion:
    """Return what a trait's motion does to those for whom a rule holds."""
    if isinstance(node, (And, Or)):
        found = Motion.NONE
        for each in node.operands:
            found |= _through(each, token, motion)
        return found
    if isinstance(node, Not):
        return _turned(_through(node.operand, token, motion))
    if not isinstance(node, Frequency):
        return motion if node.trait == token else Motion.NONE
    if token not in node.traits:
        return Motion.NONE
    if node.operator == ">=":
        return motion
    return _turned(motion) if node.operator == "<=" else motion | _turned(motion)


def _turned(motion: Motion) -> Motion:
    turned = Motion.NONE
    if Motion.IN in motion:
        turned |= Motion.OUT
    if Motion.OUT in motion:
        turned |= Motion.IN
    return turned


def _rebinds(source: Moved, user: Address) -> bool:
    if user.object == SHARED_LIST:
        return source.address.object in _REBINDING and source.motion is not Motion.NONE
    return user.object == LIST and source.rebound


def is_paused(flow: Flow, segment: Address) -> bool:
    """Whether an audience stands still once the plan is done: it keeps its people and sends nobody."""
    return flow.field(segment, "status") == "paused"
