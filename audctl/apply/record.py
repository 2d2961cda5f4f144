"""The ledger while a plan is carried out: what happened is gathered, and saved at bounded intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.apply.late import to_record
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.ledger import Intent, LedgerEntry, Override
from audctl.model.objects import OBJECT_TYPES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from audctl.apply.work import Done
    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.ports import Clock, Lease, LedgerStore, WriteValue

SAVE_AFTER_S = 15.0
"""Seconds from one save to the next while steps are being done."""

SAVES_SHARE = 20
"""A ledger that takes long to save is saved less often: at most one part in so many of a run goes into it.

What a crash leaves unsaved costs the next run one call for each object made meanwhile: it is found by its intent."""


class Recorder:
    """Pending changes of one run. Used by the coordinating thread only."""

    def __init__(self, ledger: Ledger, store: LedgerStore, lease: Lease, clock: Clock) -> None:
        self.ledger = ledger
        """As last saved, with entries moved."""
        self._store = store
        self._lease = lease
        self._clock = clock
        self._recorded: dict[Address, LedgerEntry] = {}
        self._forgotten: set[Address] = set()
        self._intended: dict[Address, Intent] = {}
        self._settled: set[Address] = set()
        self._unsaved = False
        self._amended = False
        self._torn = False
        """An object is deleted that a stored ledger still knows, and whose successor is not made."""
        self._saved_at = clock.monotonic()
        self._saving_took_s = 0.0

    def move(self, moves: Mapping[Address, Address]) -> None:
        """Put entries under new addresses (new by old), all at once; goes with the next save."""
        self.ledger = self.ledger.with_moves(moves)
        self._amended = self._amended or bool(moves)

    def note_override(self, run: str, allowed: Iterable[str]) -> None:
        """Note what the run lets through its guards; goes with the next save, before anything is written live."""
        if names := tuple(sorted(allowed)):
            override = Override(run=run, at=self._clock.now(), allowed=names)
            self.ledger = self.ledger.with_override(override)
            self._amended = True

    def bury(self, step: Step) -> None:
        """Note the tombstone of an object that needs no pause."""
        before = self.ledger.entries.get(step.address)
        if before is not None:
            self._put(_paused(before, step))

    def announce_departures(self, leaving: Collection[Address]) -> None:
        """Note which objects are about to be deleted, and that no other is any more; goes with the next save.

        Were the run killed after it deleted all objects of a type, the next one would not believe the empty list.
        """
        for address, entry in self.ledger.entries.items():
            if entry.leaving != (address in leaving):
                self._recorded[address] = replace(entry, leaving=address in leaving)

    def stays(self, address: Address) -> None:
        """Note that an object whose deletion was announced was certainly not deleted."""
        entry = self.ledger.entries.get(address)
        if entry is not None and entry.leaving:
            self._recorded[address] = replace(entry, leaving=False)

    def intend(self, step: Step, key: tuple[str, ...], run: str) -> None:
        """Note that an object is about to be created under this key."""
        self._intended[step.address] = Intent(
            address=step.address, type=step.type, key=key, run=run, begun_at=self._clock.now()
        )
        self._settled.discard(step.address)

    def settle(self, address: Address) -> None:
        """Let go of an intent: it certainly led to nothing, or its object is recorded."""
        if self._intended.pop(address, None) is not None or address in self.ledger.intents:
            self._settled.add(address)

    def record(self, step: Step, done: Done, owned: Mapping[str, WriteValue]) -> None:
        """Note the outcome of a step that was done."""
        self._unsaved = True
        if step.change in {Change.DELETE, Change.FORGET} or not done.owned:
            self.forget(step.address)
            return
        before = self.ledger.entries.get(step.address)
        if step.change is Change.PAUSE:
            if before is not None:
                self._put(replace(_paused(before, step), applied_at=self._clock.now()))
            return
        fields, secrets = to_record(step, owned, self.ledger.salt)
        self._put(
            LedgerEntry(
                address=step.address,
                type=step.type,
                live_id=done.live_id,
                fields=fields,
                secrets=secrets,
                requires=step.requires,
                protect=step.protect,
                deletion_policy=step.deletion_policy,
                created=self._was_created(step, before),
                label=step.label,
                applied_at=self._clock.now(),
                grace_days=step.grace_days,
                previous_names=step.previous_names,
            )
        )

    def removed(self, step: Step) -> None:
        """Note the first half of a Replace: nothing is owned any more, and the intent of the second half stands.

        Due for saving at once, or as soon as a large ledger allows: were the run killed now, the next one would blame
        somebody else for the deletion.
        """
        self._unsaved = True
        self._torn = True
        if step.address in self.ledger.entries:
            self._forgotten.add(step.address)

    def forget(self, address: Address) -> None:
        """Let go of an address altogether."""
        self._recorded.pop(address, None)
        if address in self.ledger.entries:
            self._forgotten.add(address)
        self.settle(address)

    @property
    def pending(self) -> bool:
        """Whether anything is not saved yet."""
        return bool(
            self._amended or self._recorded or self._forgotten or self._intended or self._settled
        )

    @property
    def due(self) -> bool:
        """Whether the last save is long enough ago, measured by what a save costs, to save now."""
        if not self._unsaved:
            return False
        waited = self._clock.monotonic() - self._saved_at
        # A thousand Replaces must not mean a thousand saves of a ledger that takes seconds.
        least = 0.0 if self._torn else SAVE_AFTER_S
        return waited >= max(least, SAVES_SHARE * self._saving_took_s)

    def save(self) -> bool:
        """Write all pending changes as one new ledger; False when nothing was pending, and nothing was written.

        On an error they stay pending: saving may be tried again.
        """
        if not self.pending:
            return False
        begun = self._clock.monotonic()
        following = self.ledger.with_changes(
            recorded=self._recorded.values(),
            forgotten=self._forgotten - self._recorded.keys(),
            intended=self._intended.values(),
            settled=self._settled - self._intended.keys(),
        )
        self._store.save(following, self._lease)
        self.ledger = following
        self._recorded, self._forgotten, self._intended, self._settled = {}, set(), {}, set()
        self._unsaved, self._torn, self._amended = False, False, False
        self._saved_at = self._clock.monotonic()
        self._saving_took_s = self._saved_at - begun
        return True

    def _put(self, entry: LedgerEntry) -> None:
        self._recorded[entry.address] = entry
        self.settle(entry.address)

    def _was_created(self, step: Step, before: LedgerEntry | None) -> bool:
        if step.change in {Change.CREATE, Change.REPLACE}:
            return True
        if before is not None:
            return before.created
        return step.address in self.ledger.intents


def _paused(entry: LedgerEntry, step: Step) -> LedgerEntry:
    """Return the entry of a paused object, with its tombstone; the field values are what drift is measured by."""
    kinds = OBJECT_TYPES[entry.type]
    fields = dict(entry.fields)
    for name, value in kinds.paused.items():
        assert isinstance(value, (str, int))
        fields[name] = canonical(kinds.fields[name].form, value)
    return replace(
        entry, fields=fields, removed_at=step.removed_at or entry.removed_at, leaving=False
    )
