"""Audience Manager's data export controls against the labels of destinations, over the whole graph.

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
from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.import_binding import ImportBindingSpec, carrier
from audctl.model.policy import Unlabelled
from audctl.plan.guards.case import Ruling, allow_hint, verdict
from audctl.plan.law.landscape import LIVE, Landscape, Origin, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.span import Span
    from audctl.plan.guards.case import Case

GUARD = "exportControls"


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


def landscape_of(case: Case) -> Landscape:
    """Return what a plan knows: manifests, with everything live that it read."""
    ids = {each.address: each.live_id for each in case.steps if each.live_id}
    return Landscape(resources=case.resources, live=case.live, ids=ids)


def judge_export_controls(case: Case) -> Ruling:
    """Return the guard's word on every flow; what the platform blocks is refused, since apply would fail there."""
    strict = case.policy.limits.export_controls is Unlabelled.STRICT
    land = landscape_of(case)
    opinions = list(opinions_on(land))
    over: list[str] = []
    allowed: list[str] = []
    findings: list[Finding] = []
    for each in opinions:
        if each.passage is Passage.ALLOWED:
            continue
        name = str(each.flow.name)
        refuses = _refuses(each, strict=strict) and not _stands_already(case, each.flow)
        if refuses and case.allows(GUARD, [name]):
            allowed.append(name)
            continue
        if refuses:
            over.append(name)
        findings.append(_finding(each, error=refuses))
    findings += powerless_controls(land, [each.flow for each in opinions])
    counts = {
        passage: sum(1 for each in opinions if each.passage is passage) for passage in Passage
    }
    return Ruling(
        verdict=verdict(
            GUARD,
            limit=str(case.policy.limits.export_controls),
            measured=", ".join(f"{count} {passage}" for passage, count in counts.items()),
            over=over,
            allowed=allowed,
        ),
        findings=tuple(findings),
        names=frozenset(
            str(each.flow.name) for each in opinions if each.passage is not Passage.ALLOWED
        ),
    )


def check_export_controls(land: Landscape, *, strict: bool) -> Iterator[Finding]:
    """Yield what manifests alone show to be blocked, or to pass unlabelled."""
    opinions = list(opinions_on(land))
    for each in opinions:
        if each.passage is not Passage.ALLOWED:
            yield _finding(each, error=_refuses(each, strict=strict))
    yield from powerless_controls(land, [each.flow for each in opinions])


def opinions_on(land: Landscape) -> Iterator[Opinion]:
    """Yield what becomes of each flow, sorted by audience and destination."""
    for flow in sorted(_flows(land), key=lambda each: (each.audience, each.destination, each.name)):
        yield _opinion(land, flow)


def powerless_controls(land: Landscape, flows: Iterable[Flow]) -> Iterator[Finding]:
    """Yield a warning for each audience whose own data source has controls that none of its traits' has."""
    for audience in sorted({each.audience for each in flows}):
        spec = land.resources[audience].spec if audience in land.resources else None
        if not isinstance(spec, AudienceSpec) or not isinstance(spec.data_source, str):
            continue
        own = land.controls(Address("DataSource", spec.data_source)) or frozenset()
        effective = {
            control
            for each in land.traits(audience)
            for control in land.controls(each.source) or ()
        }
        if powerless := sorted(own - effective):
            yield Finding(
                "AUD2153",
                Severity.WARNING,
                f"{GUARD}: {', '.join(powerless)} of DataSource/{spec.data_source} does nothing for {audience}: only "
                "the data sources of its traits count",
                land.resources[audience].span("spec.dataSource"),
                "set the control at the data sources of the traits in its rule",
                audience,
            )


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
            destination = _destination(land, str(each.fields.get("destination")))
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


def _destination(land: Landscape, live_id: str) -> Address:
    return land.address_of("aam.destination", live_id)


def _opinion(land: Landscape, flow: Flow) -> Opinion:
    origins = land.traits(flow.audience)
    labels = land.labels(flow.destination)
    declared = {each.source: land.controls(each.source) for each in origins}
    for each in origins:
        if blocked := sorted((declared[each.source] or frozenset()) & (labels or frozenset())):
            uses = ", ".join(blocked)
            return Opinion(
                flow,
                Passage.BLOCKED,
                "AUD2150",
                f"{GUARD}: Audience Manager refuses {flow.audience} for {shown(flow.destination)}: "
                f"{shown(each.source)} forbids {uses}, which the destination is labelled with ({flow.way(each)})",
                "leave the trait out, take the control off its data source, or use another destination",
            )
    controlled = next((each for each in origins if declared[each.source]), None)
    if labels is None and controlled is not None:
        uses = ", ".join(sorted(declared[controlled.source] or ()))
        return Opinion(
            flow,
            Passage.UNLABELLED,
            "AUD2151",
            f"{GUARD}: {shown(controlled.source)} forbids {uses}, but nobody says what {shown(flow.destination)} does "
            f"with data, so Audience Manager lets it through ({flow.way(controlled)})",
            "give the destination its export labels, [] if it does none of that",
        )
    undeclared = next((each for each in origins if declared[each.source] is None), None)
    if labels and undeclared is not None:
        return Opinion(
            flow,
            Passage.UNLABELLED,
            "AUD2151",
            f"{GUARD}: {shown(flow.destination)} is labelled {', '.join(sorted(labels))}, but nobody says what "
            f"{shown(undeclared.source)} forbids, so Audience Manager lets it through ({flow.way(undeclared)})",
            "give the data source its export controls, [] if nothing is forbidden",
        )
    resource = land.resources.get(flow.audience)
    spec = resource.spec if resource is not None else None
    if labels and isinstance(spec, AudienceSpec) and isinstance(spec.merge_rule, int):
        return Opinion(
            flow,
            Passage.UNLABELLED,
            "AUD2152",
            f"{GUARD}: {flow.audience} uses profile merge rule {spec.merge_rule}, whose own controls no API tells; "
            f"{shown(flow.destination)} is labelled {', '.join(sorted(labels))}",
            "look at the merge rule and its data sources in Audience Manager",
        )
    return Opinion(flow, Passage.ALLOWED)


def _refuses(opinion: Opinion, *, strict: bool) -> bool:
    return opinion.passage is Passage.BLOCKED or strict


def _stands_already(case: Case, flow: Flow) -> bool:
    """Whether a flow is only there live, and the plan leaves its audience alone: nothing new goes that way."""
    step = case.step_of.get(flow.audience.of("aam.segment"))
    return flow.binding is None and (step is None or step.change is Change.KEEP)


def _finding(opinion: Opinion, *, error: bool) -> Finding:
    hint = opinion.hint
    if error:
        hint += f"; or {allow_hint(GUARD, str(opinion.flow.name))}"
    return Finding(
        opinion.code,
        Severity.ERROR if error else Severity.WARNING,
        opinion.message,
        opinion.flow.span,
        hint,
        opinion.flow.name,
    )
