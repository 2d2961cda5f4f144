"""The ledger's content: what audctl owns, what it last wrote, and what it was about to create."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.lock import LockRecord
    from audctl.model.value import Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One owned object."""

    address: Address
    type: str
    live_id: str
    fields: Mapping[str, Plain]
    """Last-applied values: references as live ids, rules as canonical text over live ids; no secrets."""
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Salted fingerprint of each secret field."""
    requires: tuple[Address, ...] = ()
    """Objects it referred to, so that deletes run in the right order when the manifests are gone."""
    protect: bool = False
    deletion_policy: str = ""
    created: bool = True
    """False when it was adopted: someone else made it."""
    label: str = ""
    applied_at: datetime | None = None
    removed_at: datetime | None = None
    """The tombstone: when a plan first found its manifest gone and let go of it; None while the manifest is there.
    Days of grace are counted from here."""
    grace_days: int | None = None
    """The manifest's own ``lifecycle.graceDays``; None: the project's."""
    previous_names: tuple[str, ...] = ()
    """``metadata.previousNames`` as last applied: what they say has been done."""
    leaving: bool = False
    """A run was about to delete it, and may have been killed while it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A create that was about to happen. Whatever carries its key live was made by that run: claim it."""

    address: Address
    type: str
    key: tuple[str, ...]
    run: str
    begun_at: datetime


KEPT_OVERRIDES = 50
"""Of the runs that let something through: enough to look back, and a bound on what is saved each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What one run let through its guards, noted before it wrote anything."""

    run: str
    at: datetime
    allowed: tuple[str, ...]
    """``GUARD:NAME`` as given, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """What can be seen of the lock."""

    held: LockRecord | None = None
    trouble: str = ""
    """Why nobody can tell who holds it."""


NOBODY = LockState()
"""Nobody holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerExcerpt:
    """What a ledger knows of one resource or object."""

    project: str
    serial: int
    entries: tuple[LedgerEntry, ...] = ()
    """By address."""
    intents: tuple[Intent, ...] = ()
    lock: LockState = NOBODY


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Everything audctl remembers about one project in one environment."""

    project: str
    serial: int = 0
    """Grows by one with every write."""
    salt: str = ""
    """Random, per ledger: secret fingerprints of two ledgers cannot be compared."""
    entries: Mapping[Address, LedgerEntry] = field(default_factory=lambda: MappingProxyType({}))
    intents: Mapping[Address, Intent] = field(default_factory=lambda: MappingProxyType({}))
    overrides: tuple[Override, ...] = ()
    """The latest ones, oldest first."""

    @property
    def departing(self) -> frozenset[Address]:
        """Objects that an interrupted run was about to delete, some to make them anew: they may be gone by now."""
        leaving = (each.address for each in self.entries.values() if each.leaving)
        return frozenset(leaving) | (self.entries.keys() & self.intents.keys())

    @property
    def made(self) -> frozenset[Address]:
        """Objects that audctl itself made, or was about to make when its run was cut."""
        created = (each.address for each in self.entries.values() if each.created)
        return frozenset(created) | (self.intents.keys() - self.entries.keys())

    def with_override(self, override: Override) -> Ledger:
        """Return the same ledger with one more override, and without the oldest when there are many."""
        return replace(self, overrides=(*self.overrides, override)[-KEPT_OVERRIDES:])

    def with_changes(
        self,
        *,
        recorded: Iterable[LedgerEntry] = (),
        forgotten: Iterable[Address] = (),
        intended: Iterable[Intent] = (),
        settled: Iterable[Address] = (),
    ) -> Ledger:
        """Return the next ledger: entries recorded or forgotten, intents added or settled."""
        entries = dict(self.entries)
        intents = dict(self.intents)
        for entry in recorded:
            entries[entry.address] = entry
        for address in forgotten:
            entries.pop(address, None)
        for intent in intended:
            intents[intent.address] = intent
        for address in settled:
            intents.pop(address, None)
        return replace(
            self,
            serial=self.serial + 1,
            entries=MappingProxyType(entries),
            intents=MappingProxyType(intents),
        )

    def with_moves(self, moves: Mapping[Address, Address]) -> Ledger:
        """Return the same ledger with entries under new addresses (new by old), and references to them adjusted.

        All at once: objects may exchange their addresses. What stood under a new address and moves nowhere is lost.
        Each old name is noted as done: a run that is killed after this must not exchange them once more.
        """
        if not moves:
            return self
        entries = {
            address: entry for address, entry in self.entries.items() if address not in moves
        }
        for old, new in moves.items():
            if (entry := self.entries.get(old)) is not None:
                names = (*entry.previous_names, old.name)
                entries[new] = replace(entry, address=new, previous_names=names)
        for address, entry in entries.items():
            if not moves.keys().isdisjoint(entry.requires):
                requires = tuple(sorted(moves.get(each, each) for each in entry.requires))
                entries[address] = replace(entry, requires=requires)
        return replace(self, entries=MappingProxyType(entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """A ledger as it was found, and its lock."""

    ledger: Ledger
    lock: LockState = NOBODY
