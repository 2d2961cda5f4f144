"""The ways from audiences to destinations, and what Audience Manager does with each.

The controls of an audience are those of the data source of *every trait* in its rule; the audience's own data source
plays no part. A control blocks where the destination carries the same label, and nowhere else: a control whose
destination was never labelled stops nothing, and neither does a label when a data source was never given controls.
An empty list in a manifest is a declaration; an empty answer of the live system is not, for that is how it shows
what nobody ever thought about. Controls of a profile merge rule count as well, but no API tells them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.import_binding import ImportBindingSpec, carrier
from audctl.plan.law.landscape import LIVE, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.span import Span
    from audctl.plan.law.landscape import Landscape, Origin


class Passage(StrEnum):
    """What Audience Manager does with an audience on its way to a destination."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    """It refuses the mapping, and sends nothing."""
    UNLABELLED = "passes unlabelled"
    """One side objects, but the other was never labelled, so the platform lets it through."""


@dataclass(frozen=True, slots=True)
class Flow:
    """An audience mapped to a destination, by a binding or by what is live."""

    audience: Address
    destination: Address
    binding: Address | None
    """None: only a live mapping says so."""
    span: Span | None

    @property
    def name(self) -> Address:
        """What ``--allow`` calls it."""
        return self.binding or self.audience

    def nodes(self, land: Landscape) -> Iterator[Address]:
        """Yield every resource on the way, from data sources to the destination."""
        yield from (self.name, self.audience, self.destination)
        for each in land.traits(self.audience):
            yield from (each.source, *each.way)

    def way(self, origin: Origin) -> str:
        """Return the whole way of some data, from its source to the destination."""
        ends = (self.binding, self.destination) if self.binding else (self.destination,)
        return " → ".join([str(origin), *(shown(each) for each in ends)])


@dataclass(frozen=True, slots=True)
class Opinion:
    """One flow, judged."""

    flow: Flow
    passage: Passage
    code: str = ""
    message: str = ""
    hint: str = ""


def opinions_on(land: Landscape) -> Iterator[Opinion]:
    """Yield what becomes of each flow, sorted by audience and destination."""
    for flow in sorted(_flows(land), key=lambda each: (each.audience, each.destination, each.name)):
        yield _opinion(land, flow)


def _flows(land: Landscape) -> Iterator[Flow]:
    seen = set()
    for address, resource in land.resources.items():
        spec = resource.spec
        if not isinstance(spec, ImportBindingSpec) or not _is_complete(land, spec):
            continue
        found = carrier(spec, land.resources)
        if found is not None:
            destination = Address("Destination", found[0])
            audience = Address("Audience", spec.audience)
            seen.add((audience, destination))
            yield Flow(audience, destination, address, resource.span("spec.audience"))
    for each in land.live.objects if land.live is not None else ():
        if each.type == "aam.mapping":
            audience = land.address_of("aam.segment", str(each.fields.get("segment")))
            destination = land.address_of("aam.destination", str(each.fields.get("destination")))
            # Whatever is sent between objects that no manifest describes is nobody's business here.
            if (
                audience.kind != LIVE
                and audience in land.resources
                and (audience, destination) not in seen
            ):
                seen.add((audience, destination))
                yield Flow(
                    audience, destination, None, land.resources[audience].span("metadata.name")
                )


def _is_complete(land: Landscape, spec: ImportBindingSpec) -> bool:
    source = land.resources.get(Address("DataSource", spec.data_source))
    return source is not None and isinstance(source.spec, DataSourceSpec)


def _opinion(land: Landscape, flow: Flow) -> Opinion:
    labels = land.labels(flow.destination)
    if not labels and not land.has_controls:
        return Opinion(flow, Passage.ALLOWED)
    origins = land.traits(flow.audience)
    return (
        _blocked(land, flow, origins, labels or frozenset())
        or _unlabelled(land, flow, origins, labels)
        or _out_of_sight(land, flow, origins, labels or frozenset())
        or Opinion(flow, Passage.ALLOWED)
    )


def _blocked(
    land: Landscape, flow: Flow, origins: list[Origin], labels: frozenset[str]
) -> Opinion | None:
    for each in origins:
        if blocked := sorted((land.controls(each.source) or frozenset()) & labels):
            return Opinion(
                flow,
                Passage.BLOCKED,
                "AUD2150",
                f"Audience Manager refuses {flow.audience} for {shown(flow.destination)}: {shown(each.source)} "
                f"forbids {', '.join(blocked)}, which the destination is labelled with ({flow.way(each)})",
                "leave the trait out, take the control off its data source, or use another destination",
            )
    return None


def _unlabelled(
    land: Landscape, flow: Flow, origins: list[Origin], labels: frozenset[str] | None
) -> Opinion | None:
    """Return what is said of a flow of which one side was never labelled."""
    if labels is None:
        controlled = next((each for each in origins if land.controls(each.source)), None)
        if controlled is None:
            return None
        uses = ", ".join(sorted(land.controls(controlled.source) or ()))
        return Opinion(
            flow,
            Passage.UNLABELLED,
            "AUD2151",
            f"{shown(controlled.source)} forbids {uses}, but nobody says what {shown(flow.destination)} does with "
            f"data, so Audience Manager lets it through ({flow.way(controlled)})",
            "give the destination its export labels, [] if it does none of that",
        )
    undeclared = next((each for each in origins if land.controls(each.source) is None), None)
    if not labels or undeclared is None:
        return None
    return Opinion(
        flow,
        Passage.UNLABELLED,
        "AUD2151",
        f"{shown(flow.destination)} is labelled {', '.join(sorted(labels))}, but nobody says what "
        f"{shown(undeclared.source)} forbids, so Audience Manager lets it through ({flow.way(undeclared)})",
        "give the data source its export controls, [] if nothing is forbidden",
    )


def _out_of_sight(
    land: Landscape, flow: Flow, origins: list[Origin], labels: frozenset[str]
) -> Opinion | None:
    """Return what is said of a flow that a labelled destination gets and nobody can look into."""
    resource = land.resources.get(flow.audience)
    spec = resource.spec if resource is not None else None
    if labels and not origins and land.live_object(flow.audience, "aam.segment") is not None:
        return Opinion(
            flow,
            Passage.UNLABELLED,
            "AUD2151",
            f"{shown(flow.destination)} is labelled {', '.join(sorted(labels))}, but nobody says what "
            f"{flow.audience} is made of",
            "look at it where it is made",
        )
    if labels and isinstance(spec, AudienceSpec) and isinstance(spec.merge_rule, int):
        return Opinion(
            flow,
            Passage.UNLABELLED,
            "AUD2152",
            f"{flow.audience} uses profile merge rule {spec.merge_rule}, whose own controls no API tells; "
            f"{shown(flow.destination)} is labelled {', '.join(sorted(labels))}",
            "look at the merge rule and its data sources in Audience Manager",
        )
    return None
