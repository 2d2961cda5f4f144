"""A graph as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.findings_json import findings

if TYPE_CHECKING:
    from audctl.model.graph import Graph, Node


def graph_to_json(graph: Graph) -> dict[str, object]:
    """Give ``{project, around, nodes, edges, findings}``."""
    return {
        "project": graph.project,
        "around": None if graph.around is None else str(graph.around),
        "nodes": [_node(each) for each in graph.nodes],
        "edges": [
            {"from": str(each.source), "to": str(each.target), "field": each.field or None}
            for each in graph.edges
        ],
        "findings": findings(graph.findings),
    }


def _node(node: Node) -> dict[str, object]:
    return {
        "address": str(node.address),
        "kind": node.address.kind,
        "name": node.address.name,
        "label": node.label or None,
        "place": None if node.span is None else str(node.span),
        "missing": node.is_missing,
        "live": node.is_live,
        "inCircle": node.in_circle,
        "changes": list(node.changes),
    }
