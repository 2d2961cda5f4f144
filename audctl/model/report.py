"""Reports that commands show, beside the plan and the outcome of applying it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.finding import Severity
from audctl.model.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.finding import Finding
    from audctl.model.resource import Resource
    from audctl.model.span import Span
    from audctl.model.value import Plain


@dataclass(frozen=True, kw_only=True)
class ValidateReport:
    """What reading the manifests gave, without a call to any live system."""

    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether no finding is an error."""
        return all(each.severity is not Severity.ERROR for each in self.findings)


class DriftKind(StrEnum):
    """Who left what audctl last applied, in one object or in one field of it."""

    CHANGED = "changed"
    """Somebody changed it live."""
    GONE = "gone"
    """It is not there any more; only objects."""
    BOTH = "both"
    """The live object and its manifest changed, in different fields; only objects."""
    CONFLICT = "conflict"
    """The live object and its manifest changed in the same field, to different values."""
    MANIFEST = "manifest"
    """Only the manifest changed: waits for an apply, and is nobody's doing behind audctl's back."""
    PENDING = "pending"
    """Nothing differs, and the platform may still be moving people after audctl's own write; only objects."""


class DriftResult(StrEnum):
    """The one answer of a comparison; what is not known is never "same"."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """Something could not be looked at, whatever else was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftField:
    """One field that live, the manifest and the ledger do not agree on; values fit to show."""

    field: str
    recorded: Plain
    """Last applied; of an object that is only observed, what its manifest says."""
    live: Plain
    sensitive: bool = False
    kind: DriftKind = DriftKind.CHANGED
    desired: Plain = None
    """What the manifest asks for, where that is neither the recorded nor the live value."""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftItem:
    """One object that is not what audctl last applied, or whose manifest is not."""

    address: Address
    type: str
    kind: DriftKind
    live_id: str
    label: str = ""
    """Untrusted text."""
    fields: tuple[DriftField, ...] = ()
    changed_at: datetime | None = None
    """When it last changed, if the system says."""
    changed_by: str = ""
    applied_at: datetime | None = None
    """When audctl last wrote it: the change happened after this."""
    span: Span | None = None
    observed: bool = False
    """audctl does not own it: it was compared with its manifest."""
    settled_by: datetime | None = None
    """For a pending one: when the platform has moved everybody, at the latest."""
    why: str = ""
    """For a pending one: what the platform is still doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailure:
    """One live system that could not be read, or not whole."""

    system: str
    message: str


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """Live compared with last-applied, sorted by address."""

    items: tuple[DriftItem, ...]
    """What differs live: changed, gone, both or conflict."""
    awaited: tuple[DriftItem, ...] = ()
    """What is no drift: changed in the manifest only, or pending."""
    checked: int = 0
    """Owned and observed objects that were compared."""
    unknown: tuple[Address, ...] = ()
    """Owned and observed objects that could not be read: neither drifted nor clean."""
    failures: tuple[ReadFailure, ...] = ()
    """Why."""
    live_as_of: datetime | None = None
    selection: Selection = EVERYTHING
    left_out: int = 0
    """Objects outside the selection: nothing is said about them."""
    since: datetime | None = None
    """Only what changed after this is in ``items``; None: everything."""
    older: int = 0
    """Objects that differ, and changed before ``since``."""

    @property
    def result(self) -> DriftResult:
        """Whether live is what audctl last applied; unknown beats different."""
        if self.unknown or self.failures:
            return DriftResult.UNKNOWN
        return DriftResult.DIFFERENT if self.items else DriftResult.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmanagedItem:
    """One live object that this project does not own."""

    type: str
    live_id: str
    label: str = ""
    """Untrusted text."""
    key: tuple[str, ...] = ()
    changed_at: datetime | None = None
    changed_by: str = ""
    owner: str = ""
    """Another project that owns it, in words; empty when nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of the tenant's own objects of one type are under management."""

    type: str
    """Empty for all types together."""
    here: int = 0
    """Owned by this project in this environment."""
    elsewhere: int = 0
    """Owned by other projects, or by this one's other environments."""
    nobody: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.here + self.elsewhere + self.nobody

    @property
    def percent(self) -> int | None:
        """How many of a hundred somebody manages, rounded down; None when there are none at all."""
        return (self.here + self.elsewhere) * 100 // self.total if self.total else None


@dataclass(frozen=True, kw_only=True)
class UnmanagedReport:
    """Live objects that this project does not own, sorted by type, then label."""

    items: tuple[UnmanagedItem, ...]
    """Those that nobody owns."""
    elsewhere: tuple[UnmanagedItem, ...] = ()
    """Those that somebody else owns."""
    shares: tuple[Share, ...] = ()
    """By type, sorted."""
    live_as_of: datetime | None = None

    @property
    def overall(self) -> Share:
        """All types together."""
        return Share(
            type="",
            here=sum(each.here for each in self.shares),
            elsewhere=sum(each.elsewhere for each in self.shares),
            nobody=sum(each.nobody for each in self.shares),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing ``doctor`` looked at."""

    name: str
    ok: bool | None
    """None: could not be looked at: an earlier check failed, or the live system has no way to tell."""
    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class DoctorReport:
    """All checks, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether no check failed. What could not be looked at hangs on a failed check, or on no API at all."""
        return all(each.ok is not False for each in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSummary:
    """One field below an explained one, in a line."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldExplanation:
    """What the JSON Schema of a kind says about the kind or one of its fields."""

    path: str
    """``Audience`` or ``Audience.spec.rule``."""
    type: str
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    """As JSON."""
    default: str | None = None
    """As JSON; None when there is none."""
    examples: tuple[str, ...] = ()
    """As JSON."""
    fields: tuple[FieldSummary, ...] = ()
