"""Destination: where Audience Manager sends audiences; made by Adobe, only looked at here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.kinds.data_source import ExportControl
from audctl.model.kinds.inverse import Inverse, code_or_label, said, word_of
from audctl.model.kinds.kind import Claim, Kind, Mention, OwnedFields, sorted_set
from audctl.model.kinds.unset import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.inverse import Gathered, Tenant
    from audctl.model.kinds.kind import Surroundings
    from audctl.model.resource import Resource


class DestinationType(StrEnum):
    """How audiences leave."""

    SERVER_TO_SERVER = "serverToServer"
    URL = "url"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSpec:
    """``spec`` of a Destination."""

    type: DestinationType
    id: int
    label: str | Unset = UNSET
    export_labels: tuple[ExportControl, ...] | Unset = UNSET


def _mentions(_resource: Resource) -> tuple[Mention, ...]:
    return ()


def _claims(resource: Resource, _surroundings: Surroundings) -> Iterator[Claim]:
    spec = resource.spec
    assert isinstance(spec, DestinationSpec)
    yield Claim("aam.destination", (str(spec.id),), "spec.id")


def _desired(resource: Resource, _surroundings: Surroundings) -> Iterator[DesiredObject]:
    spec = resource.spec
    assert isinstance(spec, DestinationSpec)
    fields = OwnedFields()
    fields.own("id", str(spec.id), "spec.id")
    fields.own("label", spec.label, "spec.label")
    fields.own("type", str(spec.type), "spec.type")
    fields.own("exportLabels", sorted_set(spec.export_labels), "spec.exportLabels")
    if spec.type is DestinationType.SERVER_TO_SERVER:
        manual = (
            f"Ask Adobe to set up server-to-server destination {spec.id} as the manifest says, or "
            "correct spec.id; nobody can make one through the API."
        )
    else:
        manual = (
            f"In Audience Manager, under Audience Data > Destinations, make destination {spec.id} "
            "what the manifest says, or correct spec.id."
        )
    yield fields.object(resource, "aam.destination", observed=True, manual=manual)


def _express(found: Gathered, _tenant: Tenant) -> DestinationSpec:
    root = found.root
    labels = root.fields.get("exportLabels")
    return DestinationSpec(
        type=word_of(root, "type", DestinationType),
        id=int(root.id),
        label=said(root, "label"),
        export_labels=tuple(map(ExportControl, labels))
        if isinstance(labels, tuple) and labels
        else UNSET,
    )


DESTINATION = Kind(
    name="Destination",
    spec=DestinationSpec,
    mentions=_mentions,
    claims=_claims,
    desired=_desired,
    inverse=Inverse(root="aam.destination", express=_express, called=code_or_label, on_demand=True),
)
