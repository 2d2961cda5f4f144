"""Names that lead nowhere or to two things, and what only shows when all resources are seen together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.finding import Finding, Severity
from audctl.model.kinds import KINDS
from audctl.model.kinds.audience import AudienceSpec, Source
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.import_binding import ImportBindingSpec, carrier
from audctl.model.kinds.spelling import spec_paths
from audctl.model.suggestion import did_you_mean
from audctl.resolve.claims import check_claims
from audctl.resolve.flow import check_flow
from audctl.resolve.index import surroundings
from audctl.resolve.rules import RuleCheck

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.kinds.kind import Mention, Surroundings
    from audctl.model.resource import Resource


def check_references(resources: Iterable[Resource]) -> tuple[Finding, ...]:
    """Return what is wrong with the resources of a project as a whole, in file order.

    Circles and double claims are looked for only when every name leads somewhere.
    """
    everything = tuple(resources)
    around = surroundings(everything)
    findings = [*_duplicates(everything, around), *_previous_names(everything, around)]
    rules = RuleCheck(around)
    for resource in around.resources.values():
        lost = [
            mention
            for mention in KINDS[resource.address.kind].mentions(resource)
            if Address(mention.kind, mention.name) not in around.resources
        ]
        findings += [_lost(resource, mention, around) for mention in lost]
        if not lost:
            findings += _binding(resource, around)
        findings += rules.findings(resource)
        if resource.lifecycle.ignore:
            findings += _ignored(resource)
    if not findings:
        findings = [*check_flow(around), *check_claims(around)]
    return tuple(sorted(findings, key=lambda each: each.sort_key))


def _finding(resource: Resource, code: str, message: str, path: str, hint: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, resource.span(path), hint, resource.address)


def _duplicates(everything: Iterable[Resource], around: Surroundings) -> Iterator[Finding]:
    for resource in everything:
        first = around.resources[resource.address]
        if first is not resource:
            yield _finding(
                resource, "AUD1301",
                f"{resource.address} is defined twice; first at {first.span('metadata.name')}",
                "metadata.name", "rename or remove one of the two",
            )  # fmt: skip


def _previous_names(everything: Iterable[Resource], around: Surroundings) -> Iterator[Finding]:
    taken: dict[Address, Resource] = {}
    for resource in everything:
        for index, name in enumerate(resource.previous_names):
            old = Address(resource.address.kind, name)
            path = f"metadata.previousNames[{index}]"
            other = around.resources.get(old) or taken.get(old)
            if old == resource.address:
                message = f"{resource.address} lists its present name among its previous ones"
                yield _finding(resource, "AUD1305", message, path, "remove it")
            elif other is not None and other is not resource and not _moves_on(other, old):
                whose = "bears" if other.address == old else "had it too, says its manifest"
                message = (
                    f'{resource.address} was called "{name}" before, but {other.address} {whose}'
                    f" ({other.span('metadata.name')})"
                )
                hint = "one live object cannot go to two resources; remove one of the two"
                yield _finding(resource, "AUD1305", message.replace("bears", "bears that name now"),
                               path, hint)  # fmt: skip
            taken.setdefault(old, resource)


def _moves_on(other: Resource, old: Address) -> bool:
    """Whether the bearer of a name was renamed itself: then its own object may have got another name too."""
    return other.address == old and bool(other.previous_names)


def _lost(resource: Resource, mention: Mention, around: Surroundings) -> Finding:
    names = [address.name for address in around.resources if address.kind == mention.kind]
    hint = did_you_mean(mention.name, names)
    if not hint:
        other = next((each for each in around.resources if each.name == mention.name), None)
        hint = f"{other} is of another kind" if other else f"define {mention.kind}/{mention.name}"
    return _finding(
        resource, "AUD1302",
        f'{resource.address} refers to {mention.kind} "{mention.name}", which no manifest defines',
        mention.path, hint,
    )  # fmt: skip


def _binding(resource: Resource, around: Surroundings) -> Iterator[Finding]:
    """Yield what is missing at the other end of a reference that does lead somewhere."""
    spec = resource.spec
    if isinstance(spec, (ImportBindingSpec, ExportBindingSpec)):
        source = around.resources[Address("DataSource", spec.data_source)]
        assert isinstance(source.spec, DataSourceSpec)
        if not source.spec.campaign:
            yield _finding(
                resource, "AUD1306",
                f"{source.address} has no campaign block, so Campaign cannot match people by it",
                "spec.dataSource", f"add spec.campaign to {source.address} ({source.span()})",
            )  # fmt: skip
    if isinstance(spec, ImportBindingSpec):
        yield from _import(resource, spec, around)
    elif isinstance(spec, ExportBindingSpec):
        yield from _export(resource, spec, around)
    elif isinstance(spec, AudienceSpec):
        yield from _filled(resource, spec, around)


def _filled(resource: Resource, spec: AudienceSpec, around: Surroundings) -> Iterator[Finding]:
    has_members = isinstance(spec.rule, str) or resource.address.name in around.exports
    if spec.source is Source.CAMPAIGN and not has_members:
        yield _finding(
            resource, "AUD1308",
            f"{resource.address} has source campaign, but no rule, and no export feeds it",
            "spec.source", "add an ExportBinding into it, or a rule",
        )  # fmt: skip


def _import(resource: Resource, spec: ImportBindingSpec, around: Surroundings) -> Iterator[Finding]:
    if carrier(spec, around.resources) is None:
        yield _finding(
            resource, "AUD1306",
            f"{resource.address} has no destination: neither it nor DataSource/{spec.data_source} "
            "names one", "spec.dataSource",
            "set spec.destination here, or spec.campaign.destination at the data source",
        )  # fmt: skip


def _export(resource: Resource, spec: ExportBindingSpec, around: Surroundings) -> Iterator[Finding]:
    audience = around.resources[Address("Audience", spec.audience)].spec
    assert isinstance(audience, AudienceSpec)
    if audience.source is not Source.CAMPAIGN:
        yield _finding(
            resource, "AUD1306",
            f"Audience/{spec.audience} has source {audience.source}; only one of source campaign "
            "receives exports", "spec.audience", "set its spec.source to campaign",
        )  # fmt: skip


def _ignored(resource: Resource) -> Iterator[Finding]:
    """Yield the paths of lifecycle.ignore that the kind does not have."""
    known = spec_paths(type(resource.spec))  # type: ignore[arg-type]  # mypy doubts that classes are hashable
    for index, path in enumerate(resource.lifecycle.ignore):
        if path not in known:
            yield _finding(
                resource, "AUD1309",
                f"spec.lifecycle.ignore names {path}, which a {resource.address.kind} does not have",
                f"spec.lifecycle.ignore[{index}]", did_you_mean(path, known),
            )  # fmt: skip
