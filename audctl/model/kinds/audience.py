"""Audience: an Audience Manager segment that Campaign imports or exports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.kinds.inverse import (
    InexpressibleError,
    Inverse,
    code_or_label,
    label_of,
    number_of,
    said,
    text_of,
    unless,
    word_of,
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
from audctl.model.rules.boolean_tree import Or
from audctl.model.rules.segment_rule import SegmentRule, TraitTerm, parse_segment_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource
    from audctl.model.rules.segment_rule import SegmentNode


class Source(StrEnum):
    """Which product makes the audience."""

    AUDIENCE_MANAGER = "audienceManager"
    PEOPLE_CORE_SERVICE = "peopleCoreService"
    ANALYTICS = "analytics"
    CAMPAIGN = "campaign"


class Purpose(StrEnum):
    """What an audience is for: it decides which direction of change is dangerous."""

    TARGET = "target"
    SUPPRESS = "suppress"
    MEASURE = "measure"


class _Status(StrEnum):
    """Audience Manager's word for whether a segment evaluates."""

    ACTIVE = "active"
    PAUSED = "paused"


_MADE_ELSEWHERE = {
    Source.ANALYTICS: (
        "In Adobe Analytics, under Components > Segments, save the segment {label} and tick "
        "Experience Cloud publishing; Audience Manager shows it within a day, under {key}."
    ),
    Source.PEOPLE_CORE_SERVICE: (
        "In the Experience Cloud, under People > Audience library, make the audience {label}; "
        "Audience Manager shows it within a day, under {key}."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceSpec:
    """``spec`` of an Audience."""

    label: str
    description: str | Unset | None = UNSET
    data_source: str | Unset = UNSET
    """UNSET only when another product makes the audience."""
    folder: str | Unset = UNSET
    rule: str | Unset = UNSET
    source: Source = Source.AUDIENCE_MANAGER
    purpose: Purpose = Purpose.TARGET
    integration_code: str | Unset = UNSET
    id: int | Unset = UNSET
    """Live id, of audiences that another product makes."""
    merge_rule: int | Unset = UNSET
    paused: bool = False

    @property
    def is_observed(self) -> bool:
        """Whether another product makes it, so that audctl only looks."""
        return self.source in _MADE_ELSEWHERE


def _mentions(resource: Resource) -> Iterator[Mention]:
    spec = resource.spec
    assert isinstance(spec, AudienceSpec)
    if isinstance(spec.data_source, str):
        yield Mention("spec.dataSource", "DataSource", spec.data_source)


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, AudienceSpec)
    if isinstance(spec.id, int):
        yield Claim("aam.segment", (f"id {spec.id}",), "spec.id")
        return
    code = set_or(spec.integration_code, resource.address.name)
    path = "spec.integrationCode" if spec.integration_code else "metadata.name"
    yield Claim("aam.segment", (set_or(spec.data_source, ""), code), path)


def _desired(resource: Resource, surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, AudienceSpec)
    if spec.is_observed:
        yield _observed(resource, spec)
        return
    assert isinstance(spec.data_source, str)
    fields = OwnedFields()
    fields.own("label", spec.label, "spec.label")
    fields.own("description", spec.description, "spec.description")
    fields.own(
        "dataSource", reference("DataSource", spec.data_source, "aam.dataSource"), "spec.dataSource"
    )
    fields.own(
        "integrationCode",
        set_or(spec.integration_code, resource.address.name),
        "spec.integrationCode" if spec.integration_code else "metadata.name",
    )
    fields.own("folder", folder_reference(spec.folder, "aam.segmentFolder"), "spec.folder")
    if isinstance(spec.rule, str):
        fields.own("rule", parse_segment_rule(spec.rule), "spec.rule")
    else:
        fields.own("rule", _exported(surroundings.exports[resource.address.name]), "spec.source")
    fields.own("mergeRule", spec.merge_rule, "spec.mergeRule")
    fields.own("status", "paused" if spec.paused else "active", "spec.paused")
    yield fields.object(resource, "aam.segment")


def _exported(bindings: tuple[Resource, ...]) -> SegmentRule:
    """Return the rule of an audience that Campaign fills: whoever any of the exports sends."""
    return SegmentRule(_any_of(tuple(each.address.name for each in bindings)))


def _any_of(traits: tuple[str, ...]) -> SegmentNode:
    terms = tuple(map(TraitTerm, traits))
    return terms[0] if len(terms) == 1 else Or(terms)


def _observed(resource: Resource, spec: AudienceSpec) -> DesiredObject:
    fields = OwnedFields()
    fields.own("label", spec.label, "spec.label")
    if isinstance(spec.id, int):
        fields.own("id", str(spec.id), "spec.id")
        fields.own("integrationCode", spec.integration_code, "spec.integrationCode")
        key = f"id {spec.id}"
    else:
        code = set_or(spec.integration_code, resource.address.name)
        path = "spec.integrationCode" if spec.integration_code else "metadata.name"
        fields.own("integrationCode", code, path)
        key = f'integration code "{code}"'
    return fields.object(
        resource,
        "aam.segment",
        observed=True,
        manual=_MADE_ELSEWHERE[spec.source].format(label=f'"{spec.label}"', key=key),
    )


def _express(found: Gathered, tenant: Tenant) -> AudienceSpec:
    root = found.root
    rule = root.fields.get("rule")
    if not isinstance(rule, SegmentRule):
        raise InexpressibleError("its rule cannot be read", "see its expression in the console")
    fed_by = tenant.exported_traits(root.id)
    only_fed = bool(fed_by) and rule == SegmentRule(_any_of(fed_by))
    return AudienceSpec(
        label=label_of(root),
        description=said(root, "description"),
        data_source=tenant.name("DataSource", "aam.dataSource", text_of(root, "dataSource")),
        folder=tenant.folder("aam.segmentFolder", text_of(root, "folder")),
        rule=UNSET if only_fed else rule.rename(tenant.trait_names).text,
        source=Source.CAMPAIGN if fed_by else Source.AUDIENCE_MANAGER,
        integration_code=unless(text_of(root, "integrationCode"), found.name),
        merge_rule=number_of(root, "mergeRule"),
        paused=word_of(root, "status", _Status) is _Status.PAUSED,
    )


AUDIENCE = Kind(
    name="Audience",
    spec=AudienceSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(root="aam.segment", express=_express, called=code_or_label),
)
