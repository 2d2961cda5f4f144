"""A graph for programs that draw: DOT for Graphviz, Mermaid for pages that show it.

Labels are anybody's text. Nodes get names of audctl's own, so that text stands nowhere but between quotes; and there
everything with a meaning to either language is written as an escape.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.graph import Graph, Node

_HARMLESS: Final = re.compile(r"[^A-Za-z0-9 _./,\u00a0-\U0010ffff-]")
"""Of Mermaid: it looks for directives and entities in quotes, too, and draws with HTML."""


def dot(graph: Graph) -> Iterator[str]:
    """Give a digraph; an arrow leads from what refers to what it refers to."""
    names = _names(graph)
    yield "digraph audctl {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize=10];'
    for node in graph.nodes:
        yield f'  n{names[node.address]} [label="{_dot_lines(node)}"{_dot_style(node, graph)}];'
    for edge in graph.edges:
        field = f' [label="{_dot(edge.field)}"]' if edge.field else ""
        yield f"  n{names[edge.source]} -> n{names[edge.target]}{field};"
    yield "}"


def mermaid(graph: Graph) -> Iterator[str]:
    """Give a flowchart, the same as :func:`dot`."""
    names = _names(graph)
    yield "flowchart LR"
    for node in graph.nodes:
        text = "<br/>".join(map(_mermaid, _lines(node)))
        yield f'  n{names[node.address]}["{text}"]{_mermaid_class(node, graph)}'
    for edge in graph.edges:
        field = f'|"{_mermaid(edge.field)}"|' if edge.field else ""
        yield f"  n{names[edge.source]} -->{field} n{names[edge.target]}"
    yield "  classDef missing stroke:#c00,stroke-dasharray:4"
    yield "  classDef circle stroke:#c00"
    yield "  classDef around stroke-width:3px"


def _names(graph: Graph) -> dict[object, int]:
    return {each.address: number for number, each in enumerate(graph.nodes)}


def _lines(node: Node) -> list[str]:
    """Return the lines of a node's text: address, label, and what is to be known."""
    remarks = [*node.changes]
    if node.is_missing:
        remarks.append("no manifest defines it")
    if node.is_live:
        remarks.append("live")
    if node.in_circle:
        remarks.append("in a circle")
    return [each for each in (str(node.address), node.label, ", ".join(remarks)) if each]


def _dot_lines(node: Node) -> str:
    return r"\n".join(map(_dot, _lines(node)))


def _dot(text: str) -> str:
    # Graphviz reads the entities of HTML in every text.
    text = printable(text).replace("&", "&amp;")
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _dot_style(node: Node, graph: Graph) -> str:
    style = ', color=red, style="dashed"' if node.is_missing else ""
    style += ", color=red" if node.in_circle else ""
    return style + (", penwidth=3" if node.address == graph.around else "")


def _mermaid(text: str) -> str:
    return _HARMLESS.sub(lambda found: f"#{ord(found[0])};", printable(text))


def _mermaid_class(node: Node, graph: Graph) -> str:
    if node.is_missing:
        return ":::missing"
    if node.in_circle:
        return ":::circle"
    return ":::around" if node.address == graph.around else ""
