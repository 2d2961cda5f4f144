"""The order of steps: edges from references alone, ties broken by address.

::

    create   data source → trait → segment → mapping → shared list
    delete   shared list → mapping → segment → trait → data source

No table of kinds decides that: what a step refers to comes first, and what referred to a deleted object lets
go of it first. Steps that keep their object wait for nothing and nothing waits for them. Beside references, a key that
passes from one object to another is given up before it is taken.
"""

from __future__ import annotations

import heapq
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step


def order_steps(steps: Mapping[Address, Step]) -> tuple[tuple[Step, ...], tuple[Finding, ...]]:
    """Return all steps in execution order, untouched objects first; a cycle comes back as a finding.

    With a cycle the order is by address and must not be executed.
    """
    kept = sorted(address for address, step in steps.items() if step.change is Change.KEEP)
    acting = {address: step for address, step in steps.items() if step.change is not Change.KEEP}
    head = tuple(steps[address] for address in kept)
    graph: TopologicalSorter[Address] = TopologicalSorter(
        {
            address: [each for each in _before(step, acting) if each in acting and each != address]
            for address, step in acting.items()
        }
    )
    try:
        graph.prepare()
    except CycleError as error:
        return head + tuple(acting[each] for each in sorted(acting)), (
            _cycle(error.args[1], acting),
        )
    ordered: list[Step] = []
    ready = list(graph.get_ready())
    heapq.heapify(ready)
    while ready:
        address = heapq.heappop(ready)
        ordered.append(acting[address])
        graph.done(address)
        for each in graph.get_ready():
            heapq.heappush(ready, each)
    return head + tuple(ordered), ()


def _before(step: Step, acting: Mapping[Address, Step]) -> list[Address]:
    """Return what comes first; what gives its key up in a first act of its own does so in time anyhow."""
    givers = [each for each in step.after if each in acting and not acting[each].clears_first]
    return [*step.requires, *givers]


def _cycle(members: list[Address], acting: Mapping[Address, Step]) -> Finding:
    """Name a cycle, starting at its smallest address so that the same cycle reads the same."""
    ring = members[:-1]
    start = ring.index(min(ring))
    # graphlib lists each member before the one that needs it; readers think the other way round.
    turned = [*ring[start:], *ring[:start], ring[start]][::-1]
    return Finding(
        "AUD2011",
        Severity.ERROR,
        "no order is possible, each needs the next: " + " → ".join(map(str, turned)),
        acting[ring[start]].span,
        "take one of these references out",
        address=turned[0],
    )
