"""Changes and steps: what a plan would do to one object, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.effect import Impact
    from audctl.model.span import Span
    from audctl.model.value import DesiredValue, Plain, Unknown


class Change(StrEnum):
    """The closed list of what can happen to an object, untouched ones included."""

    CREATE = "create"
    """It does not exist and will."""
    UPDATE = "update"
    """It exists; some owned fields will be written."""
    REPLACE = "replace"
    """An immutable field differs: delete and create, only with lifecycle.allowReplace."""
    DELETE = "delete"
    PAUSE = "pause"
    """It stops, keeps what it has, and can be started again."""
    ADOPT = "adopt"
    """It exists and nobody owns it: the ledger takes it; differing fields are written."""
    FORGET = "forget"
    """The ledger lets go; nothing live is touched."""
    KEEP = "keep"
    """Nothing to do."""
    MANUAL = "manual"
    """Only a person can do it; later reads verify it."""


WRITES = frozenset(
    {Change.CREATE, Change.UPDATE, Change.REPLACE, Change.DELETE, Change.PAUSE, Change.ADOPT}
)
"""Changes that may write to a live system."""


class FieldReason(StrEnum):
    """Why one field is about to change (D desired, L live, A last-applied)."""

    INITIAL = "initial"
    """The object is new."""
    MANIFEST = "manifest changed"
    """D differs from A, L still equals A."""
    DRIFT = "changed outside audctl"
    """L differs from A, D still equals A."""
    CONFLICT = "changed in the manifest and outside audctl"
    FOLLOWS = "what it refers to is made anew"
    """D, L and A agree on which object, and that one gets another id."""
    TAKEOVER = "taken over"
    """There is no A: what stands live is overwritten by adoption."""
    RESET = "no longer in the manifest"
    """A had it, D does not: cleared, because only audctl had set it."""
    PAUSE = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of one step, in values fit to show (references by address or name, secrets masked)."""

    field: str
    before: Plain
    after: Plain | Unknown
    reason: FieldReason
    sensitive: bool = False
    """Values are masked; only the fact of the change is known."""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one object."""

    address: Address
    type: str
    change: Change
    reason: str
    """One phrase: ``not there yet``, ``deleted outside audctl``, ``manifest changed``, …"""
    label: str = ""
    """The object's human name, for readers; untrusted text."""
    fields: tuple[FieldChange, ...] = ()
    write: Mapping[str, DesiredValue] = field(default_factory=lambda: MappingProxyType({}))
    """What to write: all owned fields for a create, only differing ones otherwise. Holds secrets; never rendered."""
    owned: Mapping[str, DesiredValue] = field(default_factory=lambda: MappingProxyType({}))
    """All owned fields, as the ledger will record them once the step is done."""
    content: str = ""
    """Digest of ``write``, down to live ids and secrets, which ``fields`` do not show; empty for none."""
    live_id: str = ""
    fingerprint: str = ""
    """Of the live object the step was planned against; re-checked just before the write."""
    changed_at: datetime | None = None
    """When the live object last changed, if the system says."""
    changed_by: str = ""
    requires: tuple[Address, ...] = ()
    """Steps' addresses that must be done first."""
    span: Span | None = None
    direct: bool = True
    """False when it changes only because something it refers to does."""
    impact: Impact | None = None
    """None for objects that hold no people."""
    protect: bool = False
    """Recorded in the ledger, so that dropping the manifest does not drop the protection."""
    deletion_policy: str = ""
    """Effective policy, recorded in the ledger for the day the manifest is gone."""
    instructions: str = ""
    """For a Manual step: what a person has to do."""
    renamed_from: Address | None = None
    """The address under which the ledger still records the object (``metadata.previousNames``)."""
    after: tuple[Address, ...] = ()
    """Steps that must be done first although nothing refers to them: each gives up the key this one takes, or lets go
    of the object that this one replaces. Unlike ``requires`` the ledger does not record it."""
    interim: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Key fields that get this value first: objects exchange their keys, and no two may carry one at a time."""
    removed_at: datetime | None = None
    """The tombstone, recorded in the ledger: when the manifest was first found gone; None while there is one."""
    grace_days: int | None = None
    """The manifest's own days of grace, recorded in the ledger for the day the manifest is gone."""
    previous_names: tuple[str, ...] = ()
    """``metadata.previousNames``, recorded in the ledger as done."""

    @property
    def clears_first(self) -> bool:
        """Whether it is two acts, of which the first frees its object's key: by deleting it, or by an interim key."""
        return self.change is Change.REPLACE or bool(self.interim)
