"""The graph of a project's resources, or of the steps of a plan file; no call to any live system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.errors import FindingsError, UsageError
from audctl.model.address import Address, parse_address
from audctl.model.change import Change
from audctl.model.graph import Edge, Graph, Node
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.operations.context import Context

_CIRCLE = "AUD1304"


@dataclass(frozen=True, kw_only=True)
class Around:
    """Which part of a graph is wanted."""

    address: str
    upstream: bool
    """What it needs."""
    downstream: bool
    """What needs it."""
    depth: int | None
    """References to follow; None: all."""


def project_graph(context: Context, around: Around | None) -> Graph:
    """Return the resources and what they refer to; raise FindingsError when the manifests give none.

    What is wrong with references is among the findings, and the graph shows it.
    """
    from audctl.operations.load import load  # noqa: PLC0415 - a plan file needs no manifests
    from audctl.resolve.graph import reference_graph  # noqa: PLC0415

    loaded = load(context)
    if loaded.has_errors and not loaded.resources:
        raise FindingsError(loaded.findings)
    nodes, edges = reference_graph(
        loaded.resources, has_circles=any(each.code == _CIRCLE for each in loaded.findings)
    )
    graph = Graph(project=loaded.project.name, nodes=nodes, edges=edges, findings=loaded.findings)
    return _near(graph, around)


def plan_graph(file: Path, around: Around | None) -> Graph:
    """Return what a plan would touch, and what of it comes after what; raises as reading a plan file does."""
    from audctl.plan.plan_file import read_plan  # noqa: PLC0415 - a project needs no plan file

    plan = read_plan(file)
    acting = [each for each in plan.steps if each.change is not Change.KEEP]
    changes: dict[Address, dict[str, None]] = {}
    labels: dict[Address, str] = {}
    edges: dict[Edge, None] = {}
    for step in acting:
        changes.setdefault(step.address.resource, {}).setdefault(step.change.value)
        labels[step.address.resource] = labels.get(step.address.resource) or step.label
    for step in sorted(acting, key=lambda each: each.address):
        for first in sorted((*step.requires, *step.after)):
            source, target = step.address.resource, first.resource
            if source != target and target in changes:
                edges.setdefault(Edge(source, target, ""))
    nodes = tuple(
        Node(address=address, label=labels[address], changes=tuple(changes[address]))
        for address in sorted(changes)
    )
    return _near(Graph(project=plan.project, nodes=nodes, edges=tuple(edges)), around)


def _near(graph: Graph, around: Around | None) -> Graph:
    if around is None:
        return graph
    try:
        address = parse_address(around.address).resource
    except ValueError:
        address = Address("", around.address)
    if address not in graph.by_address:
        known = [str(each) for each in graph.by_address]
        hint = did_you_mean(around.address, known) or "an address is Kind/name"
        raise UsageError(f'--around "{around.address}": there is no such resource; {hint}')
    return graph.near(
        address, upstream=around.upstream, downstream=around.downstream, depth=around.depth
    )
