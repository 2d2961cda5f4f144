"""ImportBinding: an audience that fills a Campaign list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.data_source import DataSourceSpec
from audctl.model.kinds.inverse import (
    InexpressibleError,
    Inverse,
    audience_name_of,
    said,
    text_of,
    unless,
)
from audctl.model.kinds.kind import Claim, Kind, Mention, OwnedFields, reference, set_or
from audctl.model.kinds.unset import UNSET, Unset
from audctl.model.value import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.live import LiveObject
    from audctl.model.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBindingSpec:
    """``spec`` of an ImportBinding."""

    audience: str
    list: str
    data_source: str
    destination: str | Unset = UNSET
    alias: str | Unset = UNSET
    start_date: str | Unset = UNSET
    end_date: str | Unset | None = UNSET
    freshness: str | Unset = UNSET
    """How old imported data may be; written nowhere."""
    audience_name: str | Unset = UNSET
    """UNSET: the audience's label."""


def carrier(
    spec: ImportBindingSpec, resources: Mapping[Address, Resource]
) -> tuple[str, str] | None:
    """Return the destination that carries the audience, and the path that says so.

    The binding's own one, else its data source's; None when neither names one.
    """
    if isinstance(spec.destination, str):
        return spec.destination, "spec.destination"
    source = resources[Address("DataSource", spec.data_source)].spec
    if (
        isinstance(source, DataSourceSpec)
        and source.campaign
        and isinstance(source.campaign.destination, str)
    ):
        return source.campaign.destination, "spec.dataSource"
    return None


def _mentions(resource: Resource) -> Iterator[Mention]:
    spec = resource.spec
    assert isinstance(spec, ImportBindingSpec)
    yield Mention("spec.audience", "Audience", spec.audience)
    yield Mention("spec.list", "List", spec.list)
    yield Mention("spec.dataSource", "DataSource", spec.data_source)
    if isinstance(spec.destination, str):
        yield Mention("spec.destination", "Destination", spec.destination)


def _claims(resource: Resource, surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, ImportBindingSpec)
    destination = carrier(spec, surroundings.resources)
    assert destination is not None
    alias = alias_in_files(spec, surroundings.resources)
    yield Claim("aam.mapping", (destination[0], spec.audience, alias), "spec.audience")
    yield Claim("campaign.sharedList", (spec.list,), "spec.list")


def alias_in_files(spec: ImportBindingSpec, resources: Mapping[Address, Resource]) -> str:
    """Return what Audience Manager sends for the audience."""
    if isinstance(spec.alias, str):
        return spec.alias
    audience = resources[Address("Audience", spec.audience)].spec
    assert isinstance(audience, AudienceSpec)
    return set_or(audience.integration_code, spec.audience)


def _desired(resource: Resource, surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, ImportBindingSpec)
    audience = surroundings.resources[Address("Audience", spec.audience)].spec
    assert isinstance(audience, AudienceSpec)
    destination = carrier(spec, surroundings.resources)
    assert destination is not None
    segment = reference("Audience", spec.audience, "aam.segment")

    mapping = OwnedFields()
    name, path = destination
    mapping.own("destination", reference("Destination", name, "aam.destination"), path)
    mapping.own("segment", segment, "spec.audience")
    mapping.own(
        "alias",
        alias_in_files(spec, surroundings.resources),
        "spec.alias" if spec.alias else "spec.audience",
    )
    mapping.own("startDate", spec.start_date, "spec.startDate")
    mapping.own("endDate", spec.end_date, "spec.endDate")
    mapped = mapping.object(resource, "aam.mapping")
    yield mapped

    by_mapping = surroundings.audience_identifier == "mapping"
    shared = OwnedFields()
    shared.own("list", reference("List", spec.list, "campaign.list"), "spec.list")
    shared.own("audience", Reference(mapped.address) if by_mapping else segment, "spec.audience")
    shared.own(
        "audienceName",
        set_or(spec.audience_name, audience.label),
        "spec.audienceName" if spec.audience_name else "spec.audience",
    )
    shared.own(
        "dataSource",
        reference("DataSource", spec.data_source, "campaign.dataSource"),
        "spec.dataSource",
    )
    yield shared.object(
        resource, "campaign.sharedList", requires=() if by_mapping else (mapped.address,)
    )


def _gather(root: LiveObject, tenant: Tenant) -> tuple[LiveObject, ...]:
    """Return the mapping through which the audience reaches the list."""
    audience = text_of(root, "audience")
    if not audience:
        raise InexpressibleError(
            "it names no audience", "choose one in Campaign, or unshare the list"
        )
    if tenant.audience_identifier == "mapping":
        found = tenant.live("aam.mapping", audience)
        if found is None:
            raise InexpressibleError(
                f"its audience is mapping {audience}, which no destination has",
                "choose another audience in Campaign, or unshare the list",
            )
        return (found,)
    carried_by = _own_destination(root, tenant)
    mappings = tenant.referring("aam.mapping", "segment", audience)
    ways = [each for each in mappings if text_of(each, "destination") == carried_by] or mappings
    if len(ways) != 1:
        raise InexpressibleError(
            f"segment {audience} is mapped {len(ways)} times, so nobody can tell which mapping fills the list"
            if ways
            else f"segment {audience} is mapped to no destination that was read",
            "map it once to the destination that Campaign reads",
        )
    return tuple(ways)


def _own_destination(root: LiveObject, tenant: Tenant) -> str:
    """Return the id of the destination that the list's data source names, empty for none."""
    source = tenant.live("campaign.dataSource", text_of(root, "dataSource"))
    return text_of(source, "aamDestination") if source is not None else ""


def _express(found: Gathered, tenant: Tenant) -> ImportBindingSpec:
    root, (mapping,) = found.root, found.parts
    segment = tenant.live("aam.segment", text_of(mapping, "segment"))
    if segment is None:
        raise InexpressibleError(
            f"its audience is segment {text_of(mapping, 'segment')}, which is not there",
            "choose another audience in Campaign, or unshare the list",
        )
    audience = tenant.name("Audience", "aam.segment", segment.id)
    destination = text_of(mapping, "destination")
    way = tenant.name("Destination", "aam.destination", destination)
    return ImportBindingSpec(
        audience=audience,
        list=tenant.name("List", "campaign.list", text_of(root, "list")),
        data_source=tenant.name("DataSource", "campaign.dataSource", text_of(root, "dataSource")),
        destination=UNSET if destination == _own_destination(root, tenant) else way,
        alias=unless(text_of(mapping, "alias"), text_of(segment, "integrationCode")),
        end_date=said(mapping, "endDate"),
        audience_name=audience_name_of(root, text_of(segment, "label")),
    )


def _called(root: LiveObject, tenant: Tenant) -> str:
    target = tenant.live("campaign.list", text_of(root, "list"))
    return f"{text_of(target, 'name')}-import" if target is not None else ""


IMPORT_BINDING = Kind(
    name="ImportBinding",
    spec=ImportBindingSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(root="campaign.sharedList", gather=_gather, express=_express, called=_called),
)
