"""ExportBinding: people of a list or query who are added to a shared audience by a workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.kind import (
    Claim,
    Kind,
    Mention,
    OwnedFields,
    folder_reference,
    reference,
    set_or,
)
from audctl.model.kinds.unset import UNSET, Unset
from audctl.model.rules.trait_rule import onboarded_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSource:
    """``spec.source``: exactly one of the two is set."""

    list: str | Unset = UNSET
    query: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """``spec.schedule``: exactly one of the three is set."""

    daily: str | Unset = UNSET
    weekly: str | Unset = UNSET
    every: str | Unset = UNSET

    def __str__(self) -> str:
        for word, value in (("daily", self.daily), ("weekly", self.weekly), ("every", self.every)):
            if isinstance(value, str):
                return f"{word} {value}"
        return "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTrait:
    """``spec.trait``: where Audience Manager receives the people."""

    label: str | Unset = UNSET
    integration_code: str | Unset = UNSET
    folder: str = "/"
    ttl_days: int | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportBindingSpec:
    """``spec`` of an ExportBinding."""

    source: ExportSource
    audience: str
    data_source: str
    label: str | Unset = UNSET
    schedule: Schedule | Unset = UNSET
    complement: bool | Unset = UNSET
    complement_label: str | Unset | None = UNSET
    name: str | Unset = UNSET
    folder: str | Unset = UNSET
    trait: ExportedTrait = ExportedTrait()
    paused: bool = False
    audience_name: str | Unset = UNSET
    """UNSET: the audience's label."""


def _mentions(resource: Resource) -> Iterator[Mention]:
    spec = resource.spec
    assert isinstance(spec, ExportBindingSpec)
    if isinstance(spec.source.list, str):
        yield Mention("spec.source.list", "List", spec.source.list)
    yield Mention("spec.audience", "Audience", spec.audience)
    yield Mention("spec.dataSource", "DataSource", spec.data_source)


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, ExportBindingSpec)
    name = resource.address.name
    code = spec.trait.integration_code
    path = "spec.trait.integrationCode" if code else "metadata.name"
    yield Claim("aam.trait", (spec.data_source, set_or(code, name)), path)
    path = "spec.name" if spec.name else "metadata.name"
    yield Claim("campaign.workflow", (set_or(spec.name, name),), path)


def _desired(resource: Resource, surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, ExportBindingSpec)
    audience = surroundings.resources[Address("Audience", spec.audience)].spec
    assert isinstance(audience, AudienceSpec)
    trait = _trait(resource, spec, audience.label)
    yield trait

    fields = OwnedFields()
    fields.own(
        "name",
        set_or(spec.name, resource.address.name),
        "spec.name" if spec.name else "metadata.name",
    )
    fields.own(
        "label", set_or(spec.label, audience.label), "spec.label" if spec.label else "spec.audience"
    )
    fields.own("folder", folder_reference(spec.folder, "campaign.folder"), "spec.folder")
    if spec.schedule:
        fields.own("schedule", str(spec.schedule), "spec.schedule")
    if isinstance(spec.source.list, str):
        fields.own(
            "sourceList", reference("List", spec.source.list, "campaign.list"), "spec.source.list"
        )
    fields.own("sourceQuery", spec.source.query, "spec.source.query")
    fields.own("audience", reference("Audience", spec.audience, "aam.segment"), "spec.audience")
    fields.own(
        "audienceName",
        set_or(spec.audience_name, audience.label),
        "spec.audienceName" if spec.audience_name else "spec.audience",
    )
    fields.own(
        "dataSource",
        reference("DataSource", spec.data_source, "campaign.dataSource"),
        "spec.dataSource",
    )
    fields.own("complement", spec.complement, "spec.complement")
    fields.own("complementLabel", spec.complement_label, "spec.complementLabel")
    if spec.schedule or spec.paused:
        # Without a schedule a workflow ends once it has run: owned, every apply would run it again.
        fields.own("running", not spec.paused, "spec.paused")
    yield fields.object(resource, "campaign.workflow", requires=(trait.address,))


def _trait(resource: Resource, spec: ExportBindingSpec, audience_label: str) -> DesiredObject:
    part = spec.trait
    code = set_or(part.integration_code, resource.address.name)
    code_path = "spec.trait.integrationCode" if part.integration_code else "metadata.name"
    fields = OwnedFields()
    fields.own(
        "label",
        set_or(part.label, audience_label),
        "spec.trait.label" if part.label else "spec.audience",
    )
    fields.own("type", "onboarded", "metadata.name")
    fields.own(
        "dataSource", reference("DataSource", spec.data_source, "aam.dataSource"), "spec.dataSource"
    )
    fields.own("integrationCode", code, code_path)
    fields.own("folder", folder_reference(part.folder, "aam.traitFolder"), "spec.trait.folder")
    fields.own("rule", onboarded_rule(code), code_path)
    fields.own("ttlDays", part.ttl_days, "spec.trait.ttlDays")
    return fields.object(resource, "aam.trait")


EXPORT_BINDING = Kind(
    name="ExportBinding",
    spec=ExportBindingSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
)
