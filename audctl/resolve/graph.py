"""The resources of a project and what each refers to, also where that leads nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.graph import Edge, Node
from audctl.model.kinds import KINDS
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_rule import LIVE_ID, parse_segment_rule
from audctl.resolve.flow import circles
from audctl.resolve.index import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource


def reference_graph(
    resources: Iterable[Resource], *, has_circles: bool
) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Return all resources with what they refer to; of two with one address the first counts.

    A rule that does not parse refers to nothing. ``has_circles``: whether checks have found that members would flow in
    circles; only then are rules sound enough to look for them.
    """
    around = surroundings(resources)
    turning = {each for ring in circles(around) for each in ring} if has_circles else set()
    nodes = {
        address: Node(
            address=address,
            label=_label(resource),
            span=resource.span(),
            in_circle=address in turning,
        )
        for address, resource in around.resources.items()
    }
    edges: list[Edge] = []
    for resource in sorted(around.resources.values(), key=lambda each: each.address):
        for edge in _edges(resource, around):
            edges.append(edge)
            if edge.target not in nodes:
                live = edge.field == _RULE and LIVE_ID.fullmatch(edge.target.name) is not None
                nodes[edge.target] = Node(address=edge.target, is_missing=not live, is_live=live)
    return tuple(nodes[each] for each in sorted(nodes)), tuple(edges)


_RULE = "rule"


def _label(resource: Resource) -> str:
    label = getattr(resource.spec, "label", "")
    return label if isinstance(label, str) else ""


def _edges(resource: Resource, around: Surroundings) -> Iterator[Edge]:
    address = resource.address
    for mention in KINDS[address.kind].mentions(resource):
        field = mention.path.removeprefix("spec.")
        yield Edge(address, Address(mention.kind, mention.name), field)
    spec = resource.spec
    if isinstance(spec, AudienceSpec) and isinstance(spec.rule, str):
        try:
            names = sorted(parse_segment_rule(spec.rule).traits)
        except RuleError:
            return
        for name in names:
            export = Address("ExportBinding", name)
            trait = Address("Trait", name)
            is_export = export in around.resources and trait not in around.resources
            yield Edge(address, export if is_export else trait, _RULE)
