"""Reports that commands show, beside the plan and the outcome of applying it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.finding import Severity

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
    """How an owned object left the state audctl gave it."""

    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftField:
    """One owned field whose live value is not what audctl last wrote; values fit to show."""

    field: str
    recorded: Plain
    live: Plain
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftItem:
    """One owned object that someone else changed or removed."""

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


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """Live compared with last-applied, sorted by address."""

    items: tuple[DriftItem, ...]
    checked: int = 0
    """Owned objects that were compared."""
    unknown: tuple[Address, ...] = ()
    """Owned objects that could not be read: neither drifted nor clean."""
    live_as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmanagedItem:
    """One live object nobody owns."""

    type: str
    live_id: str
    label: str = ""
    """Untrusted text."""
    key: tuple[str, ...] = ()
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class UnmanagedReport:
    """Live objects nobody owns, sorted by type, then label."""

    items: tuple[UnmanagedItem, ...]
    live_as_of: datetime | None = None


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
