"""ExternalAccount: a bucket through which audiences travel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.kinds.inverse import (
    Inverse,
    internal_name,
    label_of,
    said,
    text_of,
    unless,
    word_of,
)
from audctl.model.kinds.kind import Claim, Kind, Mention, OwnedFields, set_or
from audctl.model.kinds.unset import UNSET, Unset
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource


class AccountType(StrEnum):
    """Protocol of the account."""

    S3 = "s3"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAccountSpec:
    """``spec`` of an ExternalAccount."""

    label: str
    type: AccountType = AccountType.S3
    name: str | Unset = UNSET
    enabled: bool = True
    server: str | Unset = UNSET
    region: str | Unset = UNSET
    access_key_id: str | Unset = UNSET
    secret_access_key: Secret | Unset = UNSET
    server_side_encryption: bool | Unset = UNSET


def _mentions(_resource: Resource) -> tuple[Mention, ...]:
    return ()


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, ExternalAccountSpec)
    path = "spec.name" if spec.name else "metadata.name"
    yield Claim("campaign.externalAccount", (set_or(spec.name, resource.address.name),), path)


def _desired(resource: Resource, _surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, ExternalAccountSpec)
    fields = OwnedFields()
    fields.own(
        "name",
        set_or(spec.name, resource.address.name),
        "spec.name" if spec.name else "metadata.name",
    )
    fields.own("label", spec.label, "spec.label")
    fields.own("type", str(spec.type), "spec.type")
    fields.own("enabled", spec.enabled, "spec.enabled")
    fields.own("server", spec.server, "spec.server")
    fields.own("region", spec.region, "spec.region")
    key = spec.access_key_id
    # One half of a credential: shown nowhere, though the live system gives it back.
    fields.own("accessKeyId", Secret(key) if isinstance(key, str) else key, "spec.accessKeyId")
    fields.own("secretAccessKey", spec.secret_access_key, "spec.secretAccessKey")
    fields.own("serverSideEncryption", spec.server_side_encryption, "spec.serverSideEncryption")
    yield fields.object(resource, "campaign.externalAccount")


def _express(found: Gathered, _tenant: Tenant) -> ExternalAccountSpec:
    """Say everything but the credentials: what a manifest does not set stays as it is live."""
    root = found.root
    encrypted = root.fields.get("serverSideEncryption")
    return ExternalAccountSpec(
        label=label_of(root),
        type=word_of(root, "type", AccountType),
        name=unless(text_of(root, "name"), found.name),
        enabled=root.fields.get("enabled") is True,
        server=said(root, "server"),
        region=said(root, "region"),
        server_side_encryption=encrypted if isinstance(encrypted, bool) else UNSET,
    )


EXTERNAL_ACCOUNT = Kind(
    name="ExternalAccount",
    spec=ExternalAccountSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(root="campaign.externalAccount", express=_express, called=internal_name),
)
