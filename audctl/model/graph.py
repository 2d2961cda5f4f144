"""Resources and what they refer to, as a graph."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.finding import Finding
    from audctl.model.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One resource, or something that a resource refers to and that is none."""

    address: Address
    label: str = ""
    """What people call it; untrusted text."""
    span: Span | None = None
    """Place of its manifest; None without one."""
    is_missing: bool = False
    """No manifest defines it, although one should."""
    is_live: bool = False
    """A live object that a rule names by its id; it has no manifest and needs none."""
    in_circle: bool = False
    """Members would flow through it in a circle."""
    changes: tuple[str, ...] = ()
    """What a plan would do to its objects."""


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """One reference: ``source`` needs ``target``."""

    source: Address
    target: Address
    field: str
    """Where the manifest says so, without ``spec.``; in a plan's graph empty."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes by address, edges in the order of manifests' fields; the same input gives the same order."""

    project: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    findings: tuple[Finding, ...] = ()
    around: Address | None = None
    """The one node it is about; None for all."""

    @cached_property
    def by_address(self) -> Mapping[Address, Node]:
        """Nodes by address."""
        return {each.address: each for each in self.nodes}

    @cached_property
    def needs(self) -> Mapping[Address, tuple[Edge, ...]]:
        """Edges by the resource that refers."""
        return _grouped((each.source, each) for each in self.edges)

    @cached_property
    def needed_by(self) -> Mapping[Address, tuple[Edge, ...]]:
        """Edges by the resource that is referred to."""
        return _grouped((each.target, each) for each in self.edges)

    def near(
        self, address: Address, *, upstream: bool, downstream: bool, depth: int | None
    ) -> Graph:
        """Return one node with what it needs (upstream) and what needs it (downstream).

        ``depth``: as many references away from it; None: all.
        """
        kept = {address}
        edges: set[Edge] = set()
        if upstream:
            edges |= _walked(address, self.needs, kept, depth)
        if downstream:
            edges |= _walked(address, self.needed_by, kept, depth)
        return replace(
            self,
            nodes=tuple(each for each in self.nodes if each.address in kept),
            edges=tuple(each for each in self.edges if each in edges),
            around=address,
        )


def _grouped(pairs: Iterable[tuple[Address, Edge]]) -> Mapping[Address, tuple[Edge, ...]]:
    found: defaultdict[Address, list[Edge]] = defaultdict(list)
    for address, edge in pairs:
        found[address].append(edge)
    return {address: tuple(edges) for address, edges in found.items()}


def _walked(
    start: Address,
    ways: Mapping[Address, tuple[Edge, ...]],
    kept: set[Address],
    depth: int | None,
) -> set[Edge]:
    """Return the edges that lead away from a node, and add what they lead to."""
    edges: set[Edge] = set()
    seen = {start}
    left = deque([(start, 0)])
    while left:
        address, steps = left.popleft()
        if steps == depth:
            continue
        for edge in ways.get(address, ()):
            edges.add(edge)
            other = edge.target if edge.source == address else edge.source
            if other not in seen:
                seen.add(other)
                left.append((other, steps + 1))
    kept |= seen
    return edges
