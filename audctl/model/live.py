"""Live objects, as providers read them, and the state a plan is made from."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from audctl.model.objects import OBJECT_TYPES
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from audctl.model.value import LiveValue


class Origin(StrEnum):
    """Who made a live object, as far as the system lets one tell."""

    CUSTOMER = "customer"
    """Made by a user or a tool of this tenant: may be adopted."""
    SERVER = "server"
    """Made by the system itself (folder traits, technical workflows): never owned, never counted."""
    READ_ONLY = "readOnly"
    """Comes from another product or company: may be referred to, never written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveObject:
    """One object as a live system shows it now, in canonical form."""

    type: str
    id: str
    """The system's own id, as text; opaque."""
    fields: Mapping[str, LiveValue]
    """By field name of the object type; server-owned fields are not here."""
    origin: Origin = Origin.CUSTOMER
    changed_at: datetime | None = None
    changed_by: str = ""
    """User id or login of the last writer; empty when the system does not say."""
    etag: str = ""
    members: int | None = None
    """People in it, when the read said so."""

    @property
    def key(self) -> tuple[str, ...]:
        """Values of the type's key fields, as text."""
        return tuple(str(self.fields.get(name) or "") for name in OBJECT_TYPES[self.type].key)

    def fingerprint(self) -> str:
        """Return a digest of the canonical fields, to notice a change between two reads.

        Fields that lists may leave out do not count: the same object gives the same digest however it was read.
        """
        kinds = OBJECT_TYPES[self.type].fields
        text = json.dumps(
            {
                name: _plain(value)
                for name, value in self.fields.items()
                if name not in kinds or kinds[name].listed
            },
            sort_keys=True,
            default=str,
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_LIVE_SALT = "live"
"""A fixed one: fingerprints of two reads must agree, and what is hashed here is hashed once more."""


def _plain(value: LiveValue) -> object:
    if isinstance(value, Secret):
        return value.fingerprint(_LIVE_SALT)
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class LiveState:
    """All objects of the types that were read; a type not in ``types_read`` is unknown, not empty."""

    objects: tuple[LiveObject, ...]
    types_read: frozenset[str]
    """Types whose read ended without a failure; deletes are computed for these only."""
    read_at: datetime | None = None
    calls: Mapping[str, int] = field(default_factory=dict)
    """HTTP calls the read took, by system."""
    looked_at: frozenset[str] = frozenset()
    """Segments, by id, all of whose mappings are among the objects: they were asked about one by one."""

    @cached_property
    def by_id(self) -> Mapping[tuple[str, str], LiveObject]:
        """Objects by (type, id)."""
        return {(each.type, each.id): each for each in self.objects}

    @cached_property
    def by_key(self) -> Mapping[tuple[str, tuple[str, ...]], tuple[LiveObject, ...]]:
        """Objects by (type, key): several where the live system tolerates duplicates."""
        found: defaultdict[tuple[str, tuple[str, ...]], list[LiveObject]] = defaultdict(list)
        for each in self.objects:
            found[each.type, each.key].append(each)
        return {key: tuple(values) for key, values in found.items()}


def merge_states(states: Iterable[LiveState]) -> LiveState:
    """Join what several providers read into one state."""
    parts = tuple(states)
    moments = [each.read_at for each in parts if each.read_at is not None]
    return LiveState(
        objects=tuple(each for part in parts for each in part.objects),
        types_read=frozenset().union(*(part.types_read for part in parts)),
        read_at=min(moments) if moments else None,
        calls={system: count for part in parts for system, count in part.calls.items()},
    )
