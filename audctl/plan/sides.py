"""The three sides of one object: desired (D), live (L) and last-applied (A), and which of them moved.

=======================  ==========================================================================================
changed                  L differs from A; D still is A, or says nothing
manifest                 D differs from A; L still is A: waits for an apply
conflict                 both differ from A, and from each other
(no drift)               L and D came to agree
=======================  ==========================================================================================

An object that is only observed was never applied: it is compared with its manifest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from audctl.model.canonical import canonical
from audctl.model.change import FieldReason
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.report import DriftField, DriftItem, DriftKind, ReadFailure
from audctl.plan.compare import Comparison, ignored_fields
from audctl.plan.describe import label_of
from audctl.plan.identify import Standing, identify
from audctl.plan.known import Known
from audctl.plan.options import EMPTY_READ
from audctl.plan.settling import settling_objects
from audctl.plan.watch import visible_changes
from audctl.redact import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.change import FieldChange
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.value import Plain
    from audctl.plan.identify import Match


class _Owned(NamedTuple):
    """An owned object that stands live, and its manifest where there is one."""

    entry: LedgerEntry
    live: LiveObject
    wanted: DesiredObject | None


class Sides:
    """Every owned or observed object, its sides matched with each other."""

    def __init__(
        self,
        live: LiveState,
        ledger: Ledger,
        desired: Collection[DesiredObject],
        unreadable: Collection[tuple[str, str]],
    ) -> None:
        self.live = live
        self.unreadable = frozenset(unreadable)
        self.unsure = _unsure_types(live, ledger, desired)
        identified = identify(desired, live, ledger, unreadable=self.unsure)
        self.ledger = identified.ledger
        """With the addresses that manifests have now."""
        self.known = Known((each.address for each in desired), self.ledger)
        self.comparison = Comparison(self.known, self.ledger)
        self.wanted: dict[Address, DesiredObject] = {}
        self.observed: dict[Address, Match | None] = {}
        """None: its type was not read."""
        for each in desired:
            if each.type in self.unsure:
                self._take_unread(each)
        for match in identified.matches:
            self._take(match)

    def _take_unread(self, wanted: DesiredObject) -> None:
        if wanted.observed:
            self.observed[wanted.address] = None
            return
        self.wanted[wanted.address] = wanted
        # Others refer to it: what was read of them can be judged all the same.
        if entry := self.ledger.entries.get(wanted.address):
            self.known.learn(wanted.address, wanted.type, entry.live_id)

    def _take(self, match: Match) -> None:
        wanted = match.desired
        if wanted.observed:
            self.observed[wanted.address] = match
        else:
            self.wanted[wanted.address] = wanted
        if match.live is not None:
            self.known.learn(wanted.address, wanted.type, match.live.id)

    def is_unknown(self, address: Address) -> bool:
        """Whether nothing can be said about an object."""
        if address in self.observed:
            match = self.observed[address]
            return match is None or match.standing is Standing.UNCLEAR
        entry = self.ledger.entries[address]
        return entry.type in self.unsure or (entry.type, entry.live_id) in self.unreadable

    def doubts(self, unknown: Collection[Address]) -> Iterator[ReadFailure]:
        """Yield why objects are unknown although their types were read."""
        types = {each.object for each in unknown}
        owned = Counter(each.type for each in self.ledger.entries.values())
        for name in sorted(self.unsure & self.live.types_read & types):
            yield ReadFailure(
                system=OBJECT_TYPES[name].system,
                message=f"{name}: the live system says it has none, but audctl owns {owned[name]}; an empty answer is "
                f"more likely wrong than true (plan --allow {EMPTY_READ}:{name} believes it)",
            )

    def item(self, address: Address) -> DriftItem | None:
        """Return what there is to say about an object that was read."""
        match = self.observed.get(address)
        return self._observed(match) if match is not None else self._owned(address)

    def pending(self, addresses: Collection[Address], now: datetime) -> Iterable[DriftItem]:
        """Yield the objects, of those nothing else is said about, whose people may still be moving."""
        for each in settling_objects(self.ledger, self.wanted, now):
            if each.address in addresses:
                yield replace(
                    self._blank(self.ledger.entries[each.address]),
                    kind=DriftKind.PENDING,
                    settled_by=each.latest,
                    why=each.why,
                )

    # --- what is only observed ---------------------------------------------------------------------

    def _observed(self, match: Match) -> DriftItem | None:
        wanted, live = match.desired, match.live
        fields: tuple[DriftField, ...] = ()
        if live is not None:
            changes = visible_changes(live, self.comparison.compare(wanted, live, None))
            fields = tuple(
                DriftField(
                    field=each.field,
                    recorded=_plain(each),
                    live=each.before,
                    sensitive=each.sensitive,
                    span=each.span,
                )
                for each in changes
            )
            if not fields:
                return None
        return DriftItem(
            address=wanted.address,
            type=wanted.type,
            kind=DriftKind.GONE if live is None else DriftKind.CHANGED,
            live_id=live.id if live is not None else str(wanted.fields.get("id") or ""),
            label=label_of(wanted, live),
            fields=fields,
            changed_at=live.changed_at if live is not None else None,
            changed_by=live.changed_by if live is not None else "",
            span=wanted.span(fields[0].field if len(fields) == 1 else ""),
            observed=True,
        )

    # --- what audctl owns --------------------------------------------------------------------------

    def _owned(self, address: Address) -> DriftItem | None:
        entry = self.ledger.entries[address]
        live = self.live.by_id.get((entry.type, entry.live_id))
        if live is None:
            return replace(self._blank(entry), kind=DriftKind.GONE)
        owned = _Owned(entry, live, self.wanted.get(address))
        fields = self._fields(owned)
        if not fields:
            return None
        blank = self._blank(entry)
        span = blank.span
        if owned.wanted is not None and len(fields) == 1:
            span = fields[0].span or span
        return replace(
            blank,
            kind=_kind_of(fields),
            fields=fields,
            changed_at=live.changed_at,
            changed_by=live.changed_by,
            span=span,
        )

    def _blank(self, entry: LedgerEntry) -> DriftItem:
        wanted = self.wanted.get(entry.address)
        return DriftItem(
            address=entry.address,
            type=entry.type,
            kind=DriftKind.CHANGED,
            live_id=entry.live_id,
            label=entry.label or entry.address.name,
            applied_at=entry.applied_at,
            span=wanted.span() if wanted is not None else None,
        )

    def _fields(self, owned: _Owned) -> tuple[DriftField, ...]:
        """Return every field on which the three sides do not agree, by name."""
        asked: dict[str, FieldChange] = {}
        if owned.wanted is not None:
            changes = self.comparison.compare(owned.wanted, owned.live, owned.entry).changes
            asked = {each.field: each for each in changes}
        found = {each.field: each for each in (*self._drifted(owned), *self._secrets(owned))}
        for name, change in asked.items():
            if name in found:
                if change.reason is FieldReason.CONFLICT:
                    found[name] = replace(
                        found[name], kind=DriftKind.CONFLICT, desired=_plain(change)
                    )
            elif change.reason not in {FieldReason.DRIFT, FieldReason.FOLLOWS}:
                found[name] = self._asked(owned, change)
        if owned.wanted is not None:
            wanted = owned.wanted
            found = {
                name: replace(each, span=wanted.span(name) if name in wanted.fields else None)
                for name, each in found.items()
            }
        return tuple(found[name] for name in sorted(found))

    def _asked(self, owned: _Owned, change: FieldChange) -> DriftField:
        """Return a field that only the manifest changed."""
        kind = OBJECT_TYPES[owned.entry.type].fields[change.field]
        recorded = owned.entry.fields.get(change.field)
        return DriftField(
            field=change.field,
            recorded=MASK if change.sensitive else self.known.show_recorded(kind, recorded),
            live=change.before,
            sensitive=change.sensitive,
            kind=DriftKind.MANIFEST,
            desired=_plain(change),
        )

    def _drifted(self, owned: _Owned) -> Iterable[DriftField]:
        """Yield the fields that are not what was written last, nor what the manifest has come to ask for."""
        kinds = OBJECT_TYPES[owned.entry.type].fields
        wanted = owned.wanted
        ignored = ignored_fields(wanted) if wanted is not None else frozenset()
        for name, recorded in owned.entry.fields.items():
            kind = kinds.get(name)
            if kind is None or kind.create_only or name in ignored or kind.form is Form.SECRET:
                continue
            value = owned.live.fields.get(name)
            if value == recorded:
                continue
            now = canonical(kind.form, value)
            if now == canonical(kind.form, recorded):
                continue
            if kind.immutable and name not in owned.live.fields:
                continue
            if wanted is not None and name in wanted.fields:
                agreed = self.known.resolve(wanted.fields[name])
                if not self.known.unresolved(wanted.fields[name]) and now == canonical(
                    kind.form,
                    agreed,  # type: ignore[arg-type]  # resolved, and secrets were left out above
                ):
                    continue
            yield DriftField(
                field=name,
                recorded=self.known.show_recorded(kind, recorded),
                live=self.known.show_live(kind, value),
            )

    def _secrets(self, owned: _Owned) -> Iterable[DriftField]:
        """Yield the secrets that the live system gives back, and that are neither the last written nor the asked."""
        wanted = owned.wanted
        ignored = ignored_fields(wanted) if wanted is not None else frozenset()
        for name, recorded in owned.entry.secrets.items():
            value = owned.live.fields.get(name)
            if name in ignored or not isinstance(value, Secret):
                continue
            if wanted is not None and wanted.fields.get(name) == value:
                continue
            if value.fingerprint(self.ledger.salt) != recorded:
                yield DriftField(field=name, recorded=MASK, live=MASK, sensitive=True)


def _unsure_types(
    live: LiveState, ledger: Ledger, desired: Iterable[DesiredObject]
) -> frozenset[str]:
    """Return the types that were not read, and those of which audctl owns some while the read says there are none."""
    owned = {each.type for each in ledger.entries.values()}
    present = {each.type for each in live.objects}
    asked = owned | {each.type for each in desired}
    return frozenset((asked - live.types_read) | (owned - present))


def _kind_of(fields: Iterable[DriftField]) -> DriftKind:
    kinds = {each.kind for each in fields}
    if DriftKind.CONFLICT in kinds:
        return DriftKind.CONFLICT
    if kinds == {DriftKind.CHANGED, DriftKind.MANIFEST}:
        return DriftKind.BOTH
    return kinds.pop()


def _plain(change: FieldChange) -> Plain:
    """Return what a change asks for, as text where it is known only after an apply."""
    after = change.after
    return after if after is None or isinstance(after, (str, int, bool, tuple)) else str(after)
