"""DataSource: how people are recognised, in Audience Manager and in Campaign."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.kinds.inverse import (
    InexpressibleError,
    Inverse,
    code_or_label,
    label_of,
    said,
    text_of,
    unless,
    word_of,
)
from audctl.model.kinds.kind import Claim, Kind, Mention, OwnedFields, reference, set_or, sorted_set
from audctl.model.kinds.unset import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.live import LiveObject
    from audctl.model.resource import Resource


class IdType(StrEnum):
    """Who is recognised."""

    VISITOR_ID = "visitorId"
    """Browsers, by Experience Cloud visitor ID."""
    DECLARED_ID = "declaredId"
    """People, by an identifier of the customer's own."""


class AamType(StrEnum):
    """Audience Manager's word for it."""

    COOKIE = "cookie"
    CROSS_DEVICE = "crossDevice"


class ExportControl(StrEnum):
    """A use of data: forbidden by a control, declared by a label."""

    PII = "pii"
    ONSITE_PERSONALIZATION = "onsitePersonalization"
    ONSITE_AD_TARGETING = "onsiteAdTargeting"
    OFFSITE_AD_TARGETING = "offsiteAdTargeting"


class HashAlgorithm(StrEnum):
    """How Campaign hashes the identifier."""

    NONE = "none"
    MD5 = "md5"
    SHA256 = "sha256"


class DataClass(StrEnum):
    """How near the data is to a person."""

    ANONYMOUS = "anonymous"
    PSEUDONYMOUS = "pseudonymous"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


class LegalBasis(StrEnum):
    """Why the data may be used."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGITIMATE_INTEREST = "legitimateInterest"
    LEGAL_OBLIGATION = "legalObligation"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceManagerPart:
    """``spec.audienceManager``."""

    integration_code: str | Unset = UNSET
    type: AamType | Unset = UNSET
    inbound: bool | Unset = UNSET
    outbound: bool | Unset = UNSET
    export_controls: tuple[ExportControl, ...] | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPart:
    """``spec.campaign``."""

    name: str | Unset = UNSET
    label: str | Unset = UNSET
    """UNSET: the same as in Audience Manager."""
    targeting_dimension: str | Unset = UNSET
    reconciliation_key: str | Unset = UNSET
    hash_algorithm: HashAlgorithm | Unset = UNSET
    destination: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """``spec.governance``: read by guards and policies, written nowhere."""

    data_classes: tuple[DataClass, ...] = ()
    legal_basis: LegalBasis | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSourceSpec:
    """``spec`` of a DataSource."""

    label: str
    id_type: IdType
    description: str | Unset | None = UNSET
    audience_manager: AudienceManagerPart = AudienceManagerPart()
    campaign: CampaignPart | Unset = UNSET
    """UNSET: Campaign has no such data source."""
    governance: Governance = Governance()


def _mentions(resource: Resource) -> Iterator[Mention]:
    spec = resource.spec
    assert isinstance(spec, DataSourceSpec)
    if spec.campaign and isinstance(spec.campaign.destination, str):
        yield Mention("spec.campaign.destination", "Destination", spec.campaign.destination)


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, DataSourceSpec)
    name = resource.address.name
    code = spec.audience_manager.integration_code
    path = "spec.audienceManager.integrationCode" if code else "metadata.name"
    yield Claim("aam.dataSource", (set_or(code, name),), path)
    if spec.campaign:
        path = "spec.campaign.name" if spec.campaign.name else "metadata.name"
        yield Claim("campaign.dataSource", (set_or(spec.campaign.name, name),), path)


def _desired(resource: Resource, _surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, DataSourceSpec)
    name = resource.address.name
    part = spec.audience_manager
    declared = AamType.COOKIE if spec.id_type is IdType.VISITOR_ID else AamType.CROSS_DEVICE
    fields = OwnedFields()
    fields.own("label", spec.label, "spec.label")
    fields.own("description", spec.description, "spec.description")
    fields.own(
        "integrationCode",
        set_or(part.integration_code, name),
        "spec.audienceManager.integrationCode" if part.integration_code else "metadata.name",
    )
    fields.own(
        "type", str(part.type or declared),
        "spec.audienceManager.type" if part.type else "spec.idType",
    )  # fmt: skip
    fields.own("inbound", part.inbound, "spec.audienceManager.inbound")
    fields.own("outbound", part.outbound, "spec.audienceManager.outbound")
    fields.own(
        "exportControls", sorted_set(part.export_controls), "spec.audienceManager.exportControls"
    )
    yield fields.object(resource, "aam.dataSource")
    if spec.campaign:
        yield _in_campaign(resource, spec, spec.campaign)


def _in_campaign(resource: Resource, spec: DataSourceSpec, part: CampaignPart) -> DesiredObject:
    name = resource.address.name
    fields = OwnedFields()
    fields.own(
        "name", set_or(part.name, name), "spec.campaign.name" if part.name else "metadata.name"
    )
    fields.own(
        "label",
        set_or(part.label, spec.label),
        "spec.campaign.label" if part.label else "spec.label",
    )
    fields.own("targetingDimension", part.targeting_dimension, "spec.campaign.targetingDimension")
    fields.own("reconciliationKey", part.reconciliation_key, "spec.campaign.reconciliationKey")
    if part.hash_algorithm:
        fields.own("hashAlgorithm", str(part.hash_algorithm), "spec.campaign.hashAlgorithm")
    fields.own("aamDataSource", reference("DataSource", name, "aam.dataSource"), "metadata.name")
    if isinstance(part.destination, str):
        fields.own(
            "aamDestination",
            reference("Destination", part.destination, "aam.destination"),
            "spec.campaign.destination",
        )
    return fields.object(resource, "campaign.dataSource")


def _gather(root: LiveObject, tenant: Tenant) -> tuple[LiveObject, ...]:
    """Return its Campaign side; of several the one of the same code, else the oldest."""
    sides = tenant.referring("campaign.dataSource", "aamDataSource", root.id)
    code = text_of(root, "integrationCode")
    return tuple(sorted(sides, key=lambda each: text_of(each, "name") != code)[:1])


def _express(found: Gathered, tenant: Tenant) -> DataSourceSpec:
    root = found.root
    label = label_of(root)
    aam_type = word_of(root, "type", AamType)
    controls = root.fields.get("exportControls")
    return DataSourceSpec(
        label=label,
        id_type=IdType.VISITOR_ID if aam_type is AamType.COOKIE else IdType.DECLARED_ID,
        description=said(root, "description"),
        audience_manager=AudienceManagerPart(
            integration_code=unless(text_of(root, "integrationCode"), found.name),
            inbound=root.fields.get("inbound") is True,
            outbound=root.fields.get("outbound") is True,
            export_controls=tuple(map(ExportControl, controls))
            if isinstance(controls, tuple) and controls
            else UNSET,
        ),
        campaign=_campaign_part(found.parts[0], found.name, label, tenant)
        if found.parts
        else UNSET,
    )


def _campaign_part(side: LiveObject, name: str, label: str, tenant: Tenant) -> CampaignPart:
    if not text_of(side, "label"):
        raise InexpressibleError("its Campaign side has no label", "give it a label in Campaign")
    hashed = text_of(side, "hashAlgorithm")
    destination: str | Unset = UNSET
    if tenant.live("aam.destination", text_of(side, "aamDestination")) is not None:
        destination = tenant.name("Destination", "aam.destination", text_of(side, "aamDestination"))
    return CampaignPart(
        name=unless(text_of(side, "name"), name),
        label=unless(text_of(side, "label"), label),
        targeting_dimension=said(side, "targetingDimension"),
        reconciliation_key=said(side, "reconciliationKey"),
        # A word that manifests do not have stays as it is live: a field left out is not owned.
        hash_algorithm=HashAlgorithm(hashed) if hashed in set(HashAlgorithm) else UNSET,
        destination=destination,
    )


DATA_SOURCE = Kind(
    name="DataSource",
    spec=DataSourceSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(
        root="aam.dataSource",
        gather=_gather,
        express=_express,
        called=code_or_label,
        does_without=True,
    ),
)
