"""The way members take: audience → list through an import, list → audience through an export.

A circle never lets anybody go: exports only add, so whoever entered once would be imported and exported
again for ever, also after leaving the audience they came from.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec
from audctl.model.rules.segment_rule import parse_segment_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.kinds.kind import Surroundings

Graph = dict[Address, set[Address]]
"""Who members come from, by who gets them."""


def check_flow(around: Surroundings) -> Iterator[Finding]:
    """Yield one finding for each circle, at the first of its resources."""
    for circle in circles(around):
        yield _finding(around, circle)


def circles(around: Surroundings) -> Iterator[list[Address]]:
    """Yield the circles that share no resource, each with its first resource once more at its end."""
    graph = _graph(around)
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[Address] = error.args[1]
            yield circle
            for address in circle:
                graph.pop(address, None)
            for sources in graph.values():
                sources.difference_update(circle)
        else:
            return


def _graph(around: Surroundings) -> Graph:
    graph: Graph = {}
    for address, resource in around.resources.items():
        spec = resource.spec
        if isinstance(spec, ImportBindingSpec):
            graph.setdefault(address, set()).add(Address("Audience", spec.audience))
            graph.setdefault(Address("List", spec.list), set()).add(address)
        elif isinstance(spec, ExportBindingSpec):
            if isinstance(spec.source.list, str):
                graph.setdefault(address, set()).add(Address("List", spec.source.list))
            graph.setdefault(Address("Audience", spec.audience), set()).add(address)
    if any(around.exports):
        _add_rules(around, graph)
    return graph


def _add_rules(around: Surroundings, graph: Graph) -> None:
    """Add audiences whose rule names the trait of an export."""
    for address, resource in around.resources.items():
        spec = resource.spec
        if isinstance(spec, AudienceSpec) and isinstance(spec.rule, str):
            for name in parse_segment_rule(spec.rule).traits:
                binding = Address("ExportBinding", name)
                if binding in around.resources and Address("Trait", name) not in around.resources:
                    graph.setdefault(address, set()).add(binding)


def _finding(around: Surroundings, circle: list[Address]) -> Finding:
    nodes = circle[:-1]
    start = min(range(len(nodes)), key=lambda index: nodes[index])
    turned = [*nodes[start:], *nodes[:start], nodes[start]]
    resource = around.resources[turned[0]]
    return Finding(
        "AUD1304",
        Severity.ERROR,
        f"members would flow in a circle: {' → '.join(map(str, turned))}",
        resource.span("metadata.name"),
        "export another list, or into another audience",
        resource.address,
    )
