"""Graphs: every reference is shown once, whatever shape they have, and no name says anything to who draws them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audctl.model.address import Address
from audctl.model.graph import Edge, Graph, Node
from audctl.render.graph_pictures import dot, mermaid
from audctl.render.paint import PLAIN
from audctl.render.printable import printable
from audctl.render.to_terminal.graph import graph as to_terminal

HOSTILE = (
    '"];\n  evil -> n0 [label="x',
    '"]\n  click n0 "https://example.com"',
    "%%{init: {'securityLevel': 'loose'}}%%",
    "#quot;]; end",
    "`**bold**`",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &#34;",
    "\\",
    '\\"',
    "\\N \\G \\n",
    "\x1b[31mred\u202e",
    "\u2028---\ntitle: x\n---",
    "|label| --> n1",
)
DOT_NODE = re.compile(r'  n\d+ \[label="((?:[^"\\\n]|\\.)*)"(?:, [a-z]+=(?:\w+|"\w+"))*\];')
DOT_EDGE = re.compile(r'  n\d+ -> n\d+(?: \[label="((?:[^"\\\n]|\\.)*)"\])?;')
MERMAID_NODE = re.compile(r'  n\d+\["([^"`%{}<>&\n]*(?:<br/>[^"`%{}<>&\n]*)*)"\](?::::\w+)?')
MERMAID_EDGE = re.compile(r'  n\d+ -->(?:\|"([^"`%{}<>&\n]*)"\|)? n\d+')


def at(name: object) -> Address:
    return Address("Audience", str(name))


def graph_of(pairs: list[tuple[int, int]], nodes: int = 0, label: str = "") -> Graph:
    numbers = {*range(nodes), *(each for pair in pairs for each in pair)}
    return Graph(
        project="any",
        nodes=tuple(Node(address=at(each), label=label) for each in sorted(numbers)),
        edges=tuple(Edge(at(a), at(b), "rule") for a, b in pairs),
    )


graphs = st.builds(
    lambda pairs, nodes: graph_of(sorted(pairs), nodes),
    st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20),
    st.integers(0, 8),
)


@given(graphs)
def test_a_tree_shows_every_resource_and_every_reference_once_circles_too(graph: Graph) -> None:
    *lines, numbers = to_terminal(graph, PLAIN)
    below = [each for each in lines if "─ " in each]
    assert len(below) == len(graph.edges)
    assert {each.split()[-1 if each[-1] != "…" else -2] for each in lines} == {
        str(each.address) for each in graph.nodes
    }
    starts = [each for each in lines if each not in below]
    assert len(starts) == len(set(starts))
    assert numbers.startswith(f"{len(graph.nodes)} resource")


@given(graphs, st.integers(0, 7), st.integers(1, 8), st.booleans(), st.booleans())
def test_what_is_near_is_what_so_many_references_lead_to(
    graph: Graph, start: int, depth: int, upstream: bool, downstream: bool
) -> None:
    if at(start) not in graph.by_address:
        return
    found = graph.near(at(start), upstream=upstream, downstream=downstream, depth=depth)
    expected = {at(start)}
    for way, wanted in ((1, upstream), (-1, downstream)):
        reached = {at(start)}
        for _ in range(depth if wanted else 0):
            pairs = [(each.source, each.target)[::way] for each in graph.edges]
            reached |= {to for source, to in pairs if source in reached}
        expected |= reached
    assert {each.address for each in found.nodes} == expected
    assert set(found.edges) <= set(graph.edges)
    whole = graph.near(at(start), upstream=True, downstream=True, depth=None)
    deep = graph.near(at(start), upstream=True, downstream=True, depth=100)
    assert (whole.nodes, whole.edges) == (deep.nodes, deep.edges)


def test_a_plan_may_be_as_deep_as_it_likes() -> None:
    graph = graph_of([(each, each + 1) for each in range(5000)])
    lines = list(to_terminal(graph, PLAIN))
    assert len(lines) == 5002
    near = graph.near(at(0), upstream=True, downstream=False, depth=None)
    assert len(near.nodes) == 5001


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30)), st.text(max_size=8))
@example('a"b\\', "rule")
def test_no_text_leaves_its_quotes(label: str, field: str) -> None:
    graph = Graph(
        project="any",
        nodes=(
            Node(address=at("x"), label=label),
            Node(address=Address("Trait", label or "t"), is_missing=True),
            Node(address=at("z"), label=label, in_circle=True, changes=("create",)),
        ),
        edges=(Edge(at("x"), Address("Trait", label or "t"), field), Edge(at("z"), at("x"), "")),
        around=at("z"),
    )
    head, *_, end = drawn = list(dot(graph))
    assert (head, end, len(drawn)) == ("digraph audctl {", "}", 10)
    nodes = [DOT_NODE.fullmatch(each) for each in drawn[4:7]]
    assert all(nodes)
    assert all(DOT_EDGE.fullmatch(each) for each in drawn[7:9])
    if label and nodes[0]:
        shown = re.sub(r"\\(.)", r"\1", nodes[0][1].partition(r"\n")[2])
        assert not re.search(r"&(?!amp;)", shown)
        assert shown.replace("&amp;", "&") == printable(label)
    drawn = list(mermaid(graph))
    assert (drawn[0], len(drawn)) == ("flowchart LR", 9)
    nodes = [MERMAID_NODE.fullmatch(each) for each in drawn[1:4]]
    assert all(nodes)
    assert all(MERMAID_EDGE.fullmatch(each) for each in drawn[4:6])
    if label and nodes[0]:
        text = nodes[0][1].partition("<br/>")[2]
        assert not re.search(r"#(?!\d+;)", text)
        assert re.sub(r"#(\d+);", lambda each: chr(int(each[1])), text) == printable(label)
    lines = list(to_terminal(graph, PLAIN))
    assert all(printable(each) == each for each in lines)


@pytest.mark.parametrize("draw", [dot, mermaid], ids=["dot", "mermaid"])
def test_nothing_to_draw_is_an_empty_picture(draw) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    assert not [each for each in draw(graph_of([])) if "n0" in each]
