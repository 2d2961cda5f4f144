"""Object types of the two live systems, with the semantics of every field audctl may own.

Field names are audctl's own words; the providers translate them to each system's wire names. A field
that is not listed here is never compared, never shown and never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Form(StrEnum):
    """How a field's value looks and when two values are equal."""

    TEXT = "text"
    """A string; absent, null and empty are the same."""
    NUMBER = "number"
    FLAG = "flag"
    SET = "set"
    """Strings without order or repetition; held as a sorted tuple."""
    REFERENCE = "reference"
    """Another object's live id, as text; desired as a Reference until it is known."""
    SEGMENT_RULE = "segmentRule"
    TRAIT_RULE = "traitRule"
    SECRET = "secret"  # noqa: S105 - the name of a form
    """Never shown, never stored in clear: compared by a salted fingerprint kept in the ledger, and with what is live
    where the live system gives it back at all (as a Secret)."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field of an object type."""

    name: str
    form: Form = Form.TEXT
    immutable: bool = False
    """Changing it needs a Replace."""
    create_only: bool = False
    """Sent when the object is created, not compared afterwards (the server owns it from then on)."""
    to: tuple[str, ...] = ()
    """Object types a REFERENCE may point to: ids of different types are different number spaces."""
    listed: bool = True
    """False: lists may leave it out, so a fingerprint, which must agree between list and single read, does too."""


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One type of object: which system holds it, how it is found, what can be said about it."""

    name: str
    system: str
    """``aam`` or ``campaign``."""
    key: tuple[str, ...]
    """Fields that identify an object across runs; unique in a well-kept tenant."""
    fields: Mapping[str, FieldType]
    paused: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Field values that pause it without losing anything; empty when it cannot be paused."""
    observed: bool = False
    """audctl only reads it: what is missing or different is a step for a person."""
    shared: bool = False
    """May exist beforehand and be used without being owned (folders)."""


def _type(
    name: str,
    key: tuple[str, ...],
    *fields: FieldType,
    paused: Mapping[str, object] | None = None,
    observed: bool = False,
    shared: bool = False,
) -> ObjectType:
    return ObjectType(
        name=name,
        system=name.partition(".")[0],
        key=key,
        fields=MappingProxyType({each.name: each for each in fields}),
        paused=MappingProxyType(dict(paused or {})),
        observed=observed,
        shared=shared,
    )


_ALL = (
    _type(
        "aam.dataSource",
        ("integrationCode",),
        FieldType("label"),
        FieldType("description"),
        FieldType("integrationCode"),
        FieldType("type", immutable=True),  # cookie | crossDevice
        FieldType("inbound", Form.FLAG),
        FieldType("outbound", Form.FLAG),
        FieldType("exportControls", Form.SET),  # pii, onsitePersonalization, …
    ),
    _type(
        "aam.traitFolder",
        ("path",),
        FieldType("path"),  # from the tree's root, without the root's name: /Web/Commerce
        FieldType("parent", Form.REFERENCE, to=("aam.traitFolder",)),  # "0" is the root
        shared=True,
    ),
    _type(
        "aam.segmentFolder",
        ("path",),
        FieldType("path"),
        FieldType("parent", Form.REFERENCE, to=("aam.segmentFolder",)),
        shared=True,
    ),
    _type(
        "aam.trait",
        ("dataSource", "integrationCode"),
        FieldType("label"),
        FieldType("description"),
        FieldType("type", immutable=True),  # ruleBased | onboarded
        FieldType("dataSource", Form.REFERENCE, to=("aam.dataSource",), immutable=True),
        FieldType("integrationCode"),
        FieldType("folder", Form.REFERENCE, to=("aam.traitFolder",)),
        FieldType("rule", Form.TRAIT_RULE),
        FieldType("ttlDays", Form.NUMBER),
        FieldType("comments"),
    ),
    _type(
        "aam.segment",
        ("dataSource", "integrationCode"),
        FieldType("label"),
        FieldType("description"),
        FieldType("dataSource", Form.REFERENCE, to=("aam.dataSource",), immutable=True),
        FieldType("integrationCode"),
        FieldType("folder", Form.REFERENCE, to=("aam.segmentFolder",)),
        FieldType("rule", Form.SEGMENT_RULE),
        FieldType("mergeRule", Form.NUMBER, listed=False),
        FieldType("status"),  # active | paused
        paused={"status": "paused"},
    ),
    _type(
        "aam.destination",
        ("id",),
        FieldType("id"),
        FieldType("label"),
        FieldType("type"),  # serverToServer | url | cookie
        FieldType("exportLabels", Form.SET, listed=False),
        observed=True,
    ),
    _type(
        "aam.mapping",
        ("destination", "segment", "alias"),
        FieldType("destination", Form.REFERENCE, to=("aam.destination",), immutable=True),
        FieldType("segment", Form.REFERENCE, to=("aam.segment",), immutable=True),
        FieldType("alias", immutable=True),
        FieldType(
            "startDate", create_only=True
        ),  # yyyy-mm-dd; read back a day early by the live system
        FieldType("endDate"),
    ),
    _type(
        "campaign.folder",
        ("path",),
        FieldType("path"),  # /Profiles and Targets/Lists/Shared
        FieldType("parent", Form.REFERENCE, to=("campaign.folder",)),
        shared=True,
    ),
    _type(
        "campaign.dataSource",
        ("name",),
        FieldType("name"),
        FieldType("label"),
        FieldType("targetingDimension"),
        FieldType("reconciliationKey"),
        FieldType("hashAlgorithm"),
        FieldType("aamDataSource", Form.REFERENCE, to=("aam.dataSource",)),
        FieldType("aamDestination", Form.REFERENCE, to=("aam.destination",)),
    ),
    _type(
        "campaign.list",
        ("name",),
        FieldType("name"),
        FieldType("label"),
        FieldType("description"),
        FieldType("folder", Form.REFERENCE, to=("campaign.folder",)),
    ),
    # The shared-audience side of a list: same row as campaign.list, its own object because another
    # resource (the binding) owns these fields. It exists when the list is marked as a shared audience.
    _type(
        "campaign.sharedList",
        ("list",),
        FieldType("list", Form.REFERENCE, to=("campaign.list",), immutable=True),
        FieldType("audience", Form.REFERENCE, to=("aam.mapping", "aam.segment")),
        FieldType("audienceName"),
        FieldType("dataSource", Form.REFERENCE, to=("campaign.dataSource",)),
    ),
    _type(
        "campaign.workflow",
        ("name",),
        FieldType("name"),
        FieldType("label"),
        FieldType("folder", Form.REFERENCE, to=("campaign.folder",)),
        FieldType("schedule"),  # "daily 03:00" | "every 6h" | "weekly monday 03:00" | "manual"
        FieldType("sourceList", Form.REFERENCE, to=("campaign.list",)),
        FieldType("sourceQuery"),  # an XTK condition
        FieldType("audience", Form.REFERENCE, to=("aam.segment", "aam.mapping")),
        FieldType("audienceName"),
        FieldType("dataSource", Form.REFERENCE, to=("campaign.dataSource",)),
        FieldType("complement", Form.FLAG),
        FieldType("complementLabel"),
        FieldType("running", Form.FLAG),
        paused={"running": False},
    ),
    _type(
        "campaign.externalAccount",
        ("name",),
        FieldType("name"),
        FieldType("label"),
        FieldType("type"),  # s3
        FieldType("enabled", Form.FLAG),
        FieldType("server"),
        FieldType("region"),
        FieldType("accessKeyId", Form.SECRET),  # readable, and still no one's business
        FieldType("secretAccessKey", Form.SECRET),
        FieldType("serverSideEncryption", Form.FLAG),
    ),
)

OBJECT_TYPES: Mapping[str, ObjectType] = MappingProxyType({each.name: each for each in _ALL})
"""Every object type by name, in an order in which each refers only to earlier ones (or its own tree)."""
