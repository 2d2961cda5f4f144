"""The graph of acts: what a worker does in one go, and what has to be over before."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.change import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger


class Phase(IntEnum):
    """Most steps are one act.

    A Replace is two: what refers to the old object may have to go between them. A step with an interim key is two:
    others take the key it had between them.
    """

    CLEAR = 0
    """Delete the object that is replaced, or write the interim key."""
    WRITE = 1


class Act(NamedTuple):
    """A node of the graph."""

    address: Address
    phase: Phase


Acts = dict[Act, set[Act]]
"""Every act with the acts it waits for."""


def acts_of(steps: Mapping[Address, Step], ledger: Ledger) -> Acts:
    """Return the acts and what each waits for.

    ::

        a replaced, needs b      CLEAR a ───────────────→ WRITE a
                                    ↑                        ↑
        b created or updated     WRITE b ────────────────────┘

        a replaced, needs c      CLEAR a → CLEAR c → WRITE c → WRITE a
        c replaced

        a and b exchange keys    CLEAR a → WRITE b → WRITE a

    A replaced object is removed as late as possible: after all that the new one needs is there, and after everything
    replaced or deleted that refers to the old one. A deleted object goes once a replaced user of it is removed.
    """
    acts: Acts = {}
    replaced = {address for address, step in steps.items() if step.change is Change.REPLACE}
    for address, step in steps.items():
        lets_go = step.change is Change.DELETE
        acts[Act(address, Phase.WRITE)] = {
            Act(each, Phase.CLEAR if lets_go and each in replaced else Phase.WRITE)
            for each in step.requires
            if each in steps and each != address
        }
        if step.interim:
            acts[Act(address, Phase.CLEAR)] = set()
            acts[Act(address, Phase.WRITE)].add(Act(address, Phase.CLEAR))
        acts[Act(address, Phase.WRITE)].update(_givers(step, steps))
    if replaced:
        for address in replaced:
            acts[Act(address, Phase.WRITE)].add(Act(address, Phase.CLEAR))
            acts[Act(address, Phase.CLEAR)] = {
                Act(each, Phase.WRITE)
                for each in steps[address].after
                if each in steps and steps[each].change is Change.DELETE
            }
        _remove_users_first(acts, steps, ledger, replaced)
        _remove_late(acts, steps, replaced)
    return acts


def _givers(step: Step, steps: Mapping[Address, Step]) -> set[Act]:
    """Return the acts after which the key is free that this step takes."""
    return {
        Act(each, Phase.CLEAR if steps[each].clears_first else Phase.WRITE)
        for each in step.after
        if each in steps
    }


def _remove_users_first(
    acts: Acts, steps: Mapping[Address, Step], ledger: Ledger, replaced: set[Address]
) -> None:
    for address, step in steps.items():
        entry = ledger.entries.get(address)
        refers_to = set(entry.requires) if entry is not None else set()
        if step.change is Change.REPLACE:
            act = Act(address, Phase.CLEAR)
            refers_to |= set(step.requires)
        elif step.change is Change.DELETE:
            # What a delete requires are its users: they go first, it does not refer to them.
            act = Act(address, Phase.WRITE)
        else:
            continue
        for each in (refers_to & replaced) - {address}:
            acts[Act(each, Phase.CLEAR)].add(act)


def _remove_late(acts: Acts, steps: Mapping[Address, Step], replaced: set[Address]) -> None:
    """Let each removal wait for what the new object needs, unless that itself waits for the removal."""
    after: dict[Act, list[Act]] = {}
    for act, before in acts.items():
        for each in before:
            after.setdefault(each, []).append(act)
    doubtful = _reach(after, (Act(each, Phase.CLEAR) for each in replaced))
    for address in sorted(replaced):
        removal = Act(address, Phase.CLEAR)
        needed = {Act(each, Phase.WRITE) for each in _needs(steps, address)}
        if not needed.isdisjoint(doubtful):
            needed -= _reach(after, [removal])
        acts[removal] |= needed
        for each in needed:
            after.setdefault(each, []).append(removal)


def _needs(steps: Mapping[Address, Step], address: Address) -> set[Address]:
    """Return what has to be written before the new object, through other replaced objects."""
    found: set[Address] = set()
    seen, left = {address}, [address]
    while left:
        for each in steps[left.pop()].requires:
            if each not in steps or each in seen:
                continue
            seen.add(each)
            if steps[each].change is Change.REPLACE:
                left.append(each)
            else:
                found.add(each)
    return found


def _reach(after: Mapping[Act, Iterable[Act]], starts: Iterable[Act]) -> set[Act]:
    """Return every act that, directly or not, waits for one of these."""
    found: set[Act] = set()
    left = list(starts)
    while left:
        for each in after.get(left.pop(), ()):
            if each not in found:
                found.add(each)
                left.append(each)
    return found
