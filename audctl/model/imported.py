"""What an import of live objects came to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.finding import Severity

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """One live object that no manifest was written for."""

    type: str
    live_id: str
    label: str = ""
    """Untrusted text."""
    reason: str
    """Why, in words that may hold untrusted text."""
    hint: str = ""
    """What a person can do about it."""


class FileChange(StrEnum):
    """What happened to a file, or would."""

    WRITTEN = "written"
    UPDATED = "updated"
    """Some of its values were replaced by live ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """One file of manifests and what it is about."""

    path: str
    """Relative to the project's root, ``/`` separated."""
    address: Address
    change: FileChange
    fields: tuple[str, ...] = ()
    """Manifest paths that were updated."""


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """Files, what was left out, and what planning with the new manifests says."""

    files: tuple[ImportedFile, ...]
    """Sorted by path."""
    skipped: tuple[Skipped, ...]
    """Sorted by type, reason, label and id."""
    managed: int
    """Live objects that manifests or the ledger stand for already."""
    adopt: int
    """Live objects of the new manifests that applying would take over as they are."""
    observed: int = 0
    """Live objects of the new manifests that are only looked at."""
    change: int
    """Those that applying would change: none, or the import is not faithful."""
    findings: tuple[Finding, ...] = ()
    dry_run: bool = False
    live_as_of: datetime | None = None

    @property
    def is_faithful(self) -> bool:
        """Whether planning finds nothing but what is to be adopted or observed."""
        return not self.change and all(
            each.severity is not Severity.ERROR for each in self.findings
        )
