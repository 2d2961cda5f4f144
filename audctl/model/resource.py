"""Resources: decoded, valid manifests."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.span import Span


class DeletionPolicy(StrEnum):
    """What happens to an object whose manifest is gone."""

    PAUSE = "Pause"
    """Stop it without losing anything; where a type cannot be paused it is left and reported."""
    DELETE = "Delete"
    ORPHAN = "Orphan"
    """Forget it: it stays live, unmanaged."""


class Manage(StrEnum):
    """How far audctl goes with a resource's objects."""

    FULL = "full"
    """It makes them, owns them and keeps them as the manifest says."""
    OBSERVE = "observe"
    """It compares and reports; it never writes and never owns."""


DEFAULT_POLICIES: Mapping[str, DeletionPolicy] = MappingProxyType(
    {
        "Audience": DeletionPolicy.PAUSE,
        "ExportBinding": DeletionPolicy.PAUSE,
        "DataSource": DeletionPolicy.ORPHAN,
        "ExternalAccount": DeletionPolicy.ORPHAN,
    }
)
"""Policy of a kind whose manifest says none; every other kind: Delete."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """``spec.lifecycle``: how careful to be with a resource's objects."""

    protect: bool = False
    """Never deleted, paused or replaced; remembered in the ledger after the manifest is gone."""
    ignore: tuple[str, ...] = ()
    """Manifest paths whose live values are left to others, e.g. ``spec.description``."""
    allow_replace: bool = False
    deletion_policy: DeletionPolicy | None = None
    """None: the kind's default."""
    manage: Manage = Manage.FULL
    grace_days: int | None = None
    """Days between pausing and deleting an object whose manifest is gone; None: the project's."""


class Places(Protocol):
    """Where the parts of one manifest stand in its file."""

    def span(self, path: str) -> Span:
        """Return the place of a dotted path (``spec.rule``, ``spec.exportLabels[0]``).

        A path that is not in the file gives its nearest parent's place; ``""`` gives the document's start.
        """
        ...

    def inside(self, path: str, position: int) -> Span:
        """Return the place of a character inside the text at ``path``, counted from 0."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One valid manifest. ``spec`` is the kind's own frozen dataclass (:mod:`audctl.model.kinds`)."""

    address: Address
    spec: object
    places: Places
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    annotations: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    previous_names: tuple[str, ...] = ()
    lifecycle: Lifecycle = Lifecycle()

    def span(self, path: str = "") -> Span:
        """Return the place of a manifest path."""
        return self.places.span(path)

    @property
    def deletion_policy(self) -> DeletionPolicy:
        """The policy in effect: the manifest's own, else its kind's default."""
        return self.lifecycle.deletion_policy or DEFAULT_POLICIES.get(
            self.address.kind, DeletionPolicy.DELETE
        )

    @property
    def is_watched(self) -> bool:
        """Whether the manifest asks for no more than a look: differences are told, nothing is written."""
        return self.lifecycle.manage is Manage.OBSERVE

    @property
    def adopt(self) -> bool:
        """Whether the manifest itself asks to adopt what already exists."""
        return self.annotations.get("audctl.dev/adopt") == "true"
