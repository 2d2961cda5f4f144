"""ExportBinding: people of a list or query who are added to a shared audience by a workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.kinds.audience import AudienceSpec
from audctl.model.kinds.inverse import (
    InexpressibleError,
    Inverse,
    audience_name_of,
    internal_name,
    label_of,
    number_of,
    said,
    text_of,
    unless,
)
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
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.rules.trait_rule import TraitRule, onboarded_rule
from audctl.model.substitution import trait_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.live import LiveObject
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


def _gather(root: LiveObject, tenant: Tenant) -> tuple[LiveObject, ...]:
    """Return the onboarded trait in which Audience Manager receives the people."""
    audience = text_of(root, "audience")
    if not audience:
        raise InexpressibleError("it is no export into a shared audience")
    segment = tenant.live("aam.segment", audience)
    source = tenant.live("campaign.dataSource", text_of(root, "dataSource"))
    rule = segment.fields.get("rule") if segment is not None else None
    if source is None or not isinstance(rule, SegmentRule):
        raise InexpressibleError("its audience or its data source is not there, or cannot be read")
    received_by = [
        trait
        for token in sorted(rule.traits)
        if (trait := tenant.live("aam.trait", trait_id(token) or "")) is not None
        and _receives(trait, text_of(source, "aamDataSource"))
    ]
    named = [
        each for each in received_by if text_of(each, "integrationCode") == text_of(root, "name")
    ]
    if len(named or received_by) != 1:
        raise InexpressibleError(
            f"the rule of segment {audience} has {len(received_by) or 'no'} onboarded trait(s) of its data source"
            " that could receive the people",
            "write the ExportBinding by hand",
        )
    return tuple(named or received_by)


def _receives(trait: LiveObject, data_source: str) -> bool:
    rule = trait.fields.get("rule")
    return (
        text_of(trait, "type") == "onboarded"
        and text_of(trait, "dataSource") == data_source
        and isinstance(rule, TraitRule)
        and rule.onboarded_code == text_of(trait, "integrationCode")
    )


def _express(found: Gathered, tenant: Tenant) -> ExportBindingSpec:
    root, (trait,) = found.root, found.parts
    segment = tenant.live("aam.segment", text_of(root, "audience"))
    label = label_of(segment) if segment is not None else ""
    schedule = _schedule(text_of(root, "schedule"))
    complement = root.fields.get("complement")
    listed = text_of(root, "sourceList")
    folder = tenant.folder("aam.traitFolder", text_of(trait, "folder"))
    return ExportBindingSpec(
        source=ExportSource(
            list=tenant.name("List", "campaign.list", listed) if listed else UNSET,
            query=said(root, "sourceQuery"),
        ),
        audience=tenant.name("Audience", "aam.segment", text_of(root, "audience")),
        data_source=tenant.name("DataSource", "campaign.dataSource", text_of(root, "dataSource")),
        label=unless(label_of(root), label),
        schedule=schedule,
        complement=complement if isinstance(complement, bool) else UNSET,
        complement_label=said(root, "complementLabel"),
        name=unless(text_of(root, "name"), found.name),
        folder=tenant.folder("campaign.folder", text_of(root, "folder")),
        trait=ExportedTrait(
            label=unless(label_of(trait), label),
            integration_code=unless(text_of(trait, "integrationCode"), found.name),
            folder=folder if isinstance(folder, str) else "/",
            ttl_days=number_of(trait, "ttlDays"),
        ),
        # Without a schedule a workflow that has run is not one that somebody stopped.
        paused=bool(schedule) and root.fields.get("running") is not True,
        audience_name=audience_name_of(root, label),
    )


def _schedule(text: str) -> Schedule | Unset:
    """Read what ``str`` of a Schedule writes; any other period belongs to another workflow than audctl's."""
    if text == "manual":
        return UNSET
    word, _, value = text.partition(" ")
    if word in {"daily", "weekly", "every"} and "(" not in value:
        return Schedule(**{word: value})
    raise InexpressibleError(
        f'its activities or its schedule are none that manifests have: "{text}"',
        "keep it as it is, or rebuild it as an ExportBinding",
    )


EXPORT_BINDING = Kind(
    name="ExportBinding",
    spec=ExportBindingSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(
        root="campaign.workflow", gather=_gather, express=_express, called=internal_name
    ),
)
