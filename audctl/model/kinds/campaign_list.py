"""List: a list of people in Campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.kinds.inverse import (
    Inverse,
    internal_name,
    label_of,
    said,
    text_of,
    unless,
)
from audctl.model.kinds.kind import Claim, Kind, Mention, OwnedFields, folder_reference, set_or
from audctl.model.kinds.unset import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec:
    """``spec`` of a List."""

    label: str
    description: str | Unset | None = UNSET
    name: str | Unset = UNSET
    folder: str | Unset = UNSET


def _mentions(_resource: Resource) -> tuple[Mention, ...]:
    return ()


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, ListSpec)
    path = "spec.name" if spec.name else "metadata.name"
    yield Claim("campaign.list", (set_or(spec.name, resource.address.name),), path)


def _desired(resource: Resource, _surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, ListSpec)
    fields = OwnedFields()
    fields.own(
        "name",
        set_or(spec.name, resource.address.name),
        "spec.name" if spec.name else "metadata.name",
    )
    fields.own("label", spec.label, "spec.label")
    fields.own("description", spec.description, "spec.description")
    fields.own("folder", folder_reference(spec.folder, "campaign.folder"), "spec.folder")
    yield fields.object(resource, "campaign.list")


def _express(found: Gathered, tenant: Tenant) -> ListSpec:
    root = found.root
    return ListSpec(
        label=label_of(root),
        description=said(root, "description"),
        name=unless(text_of(root, "name"), found.name),
        folder=tenant.folder("campaign.folder", text_of(root, "folder")),
    )


LIST = Kind(
    name="List",
    spec=ListSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(root="campaign.list", express=_express, called=internal_name),
)
