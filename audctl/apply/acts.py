"""The graph of acts: what a worker does in one go, and what has to be over before."""

from __future__ import annotations

from enum import IntEnum
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.change import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger


class Phase(IntEnum):
    """A Replace is two acts: what refers to the old object may have to go between them."""

    REMOVE = 0
    WRITE = 1


class Act(NamedTuple):
    """A node of the graph."""

    address: Address
    phase: Phase


def acts_of(steps: Mapping[Address, Step], ledger: Ledger) -> TopologicalSorter[Act]:
    """Return the acts and what each waits for.

    A replaced object is removed after everything replaced or deleted that refers to the old one.
    """
    replaced = {address for address, step in steps.items() if step.change is Change.REPLACE}
    graph: TopologicalSorter[Act] = TopologicalSorter()
    for address, step in steps.items():
        graph.add(
            Act(address, Phase.WRITE),
            *(
                Act(each, Phase.WRITE)
                for each in step.requires
                if each in steps and each != address
            ),
        )
        if address in replaced:
            graph.add(Act(address, Phase.WRITE), Act(address, Phase.REMOVE))
        if not replaced or step.change not in {Change.REPLACE, Change.DELETE}:
            continue
        phase = Phase.REMOVE if step.change is Change.REPLACE else Phase.WRITE
        entry = ledger.entries.get(address)
        for each in {*step.requires, *(entry.requires if entry is not None else ())}:
            if each in replaced and each != address:
                graph.add(Act(each, Phase.REMOVE), Act(address, phase))
    return graph
