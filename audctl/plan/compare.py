"""Compare one desired object with its live one, field by field, through what was last applied."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical, is_nothing
from audctl.model.change import FieldChange, FieldReason
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.rules.boolean_tree import BooleanRule
from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.value import Reference
from audctl.plan.three_way import UNRECORDED, Unrecorded, difference_reason, may_reset
from audctl.redact import MASK, Secret

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject
    from audctl.model.objects import FieldType
    from audctl.model.value import DesiredValue, Plain
    from audctl.plan.known import Known

_FINGERPRINT_SHOWN = 12
"""Hex digits: enough to tell two secrets apart in a plan, far too few to recover one."""


@dataclass(slots=True)
class Differences:
    """What separates a desired object from its live one."""

    changes: list[FieldChange] = field(default_factory=list)
    write: dict[str, DesiredValue] = field(default_factory=dict)
    """Differing fields, references resolved as far as they are known."""
    owned: dict[str, DesiredValue] = field(default_factory=dict)
    """Every field the ledger will record."""
    immutable: list[str] = field(default_factory=list)
    """Differing fields that only a new object can change."""
    targets: set[Address] = field(default_factory=set)
    indirect: set[Address] = field(default_factory=set)
    """Referred-to objects that get new ids, where the reference itself did not change."""
    direct: bool = False
    """Some difference is the object's own."""
    stale: bool = False
    """The ledger records other values than the ones that stand both live and in the manifest."""


class Comparison:
    """Compares objects; holds what all comparisons of one plan share."""

    def __init__(self, known: Known, ledger: Ledger) -> None:
        self.known = known
        self.salt = ledger.salt
        # A ledger that was never saved gets a new salt with every load: its prints mean nothing tomorrow.
        self.prints_last = ledger.serial > 0

    def create(self, wanted: DesiredObject) -> Differences:
        """Return all desired fields as differences: there is no live object."""
        found = Differences(direct=True)
        kinds = OBJECT_TYPES[wanted.type].fields
        ignored = ignored_fields(wanted)
        for name, value in wanted.fields.items():
            kind = kinds.get(name)
            if kind is None:
                continue
            self.known.gather_targets(value, found.targets)
            resolved = self.known.resolve(value)
            found.write[name] = resolved
            if name not in ignored and not kind.create_only:
                found.owned[name] = resolved
            if value is not None:
                found.changes.append(self._initial(wanted, kind, value))
        return found

    def compare(
        self,
        wanted: DesiredObject,
        live: LiveObject,
        entry: LedgerEntry | None,
        *,
        taken: FieldReason = FieldReason.INITIAL,
    ) -> Differences:
        """Return what differs; ``taken`` is the reason where nothing was recorded."""
        pair = _Pair(self, wanted, live, entry, taken)
        kinds = OBJECT_TYPES[wanted.type].fields
        ignored = ignored_fields(wanted)
        recorded = entry.fields if entry is not None else {}
        for name, value in wanted.fields.items():
            kind = kinds.get(name)
            if kind is None or kind.create_only or name in ignored:
                continue
            if value.__class__ is str and value == live.fields.get(name) == recorded.get(name):
                # Most fields of a large project: not worth a call.
                pair.found.owned[name] = value
            elif kind.form is Form.SECRET:
                pair.secret(kind, value)
            elif not pair.untouched(kind, value):
                pair.field(kind, value)
        if entry is not None:
            pair.dropped(ignored)
        return pair.found

    def make_anew(self, wanted: DesiredObject, live: LiveObject, found: Differences) -> None:
        """Complete the differences of an object that is deleted and made again: everything is written.

        What was not compared shows too: fields for creation only, and those left to others, get the manifest's value.
        """
        whole = self.create(wanted)
        found.write, found.owned = whole.write, whole.owned
        found.targets |= whole.targets
        kinds = OBJECT_TYPES[wanted.type].fields
        ignored = ignored_fields(wanted)
        for change in whole.changes:
            kind = kinds[change.field]
            if not kind.create_only and change.field not in ignored:
                continue
            if change.sensitive:
                found.changes.append(change)
                continue
            standing = self.known.show_live(
                kind, live.fields.get(kind.name), wanted.fields[kind.name]
            )
            if standing != change.after:
                found.changes.append(replace(change, before=standing))

    def masked(
        self, wanted: DesiredObject, kind: FieldType, value: DesiredValue, reason: FieldReason
    ) -> FieldChange:
        """Return the change of a secret: that it changes, and a print that another one would not have."""
        after: str | None = None
        if isinstance(value, Secret):
            after = MASK
            if self.prints_last:
                after = f"{MASK} ({value.fingerprint(self.salt)[:_FINGERPRINT_SHOWN]})"
        return FieldChange(
            field=kind.name,
            before=None if reason is FieldReason.INITIAL else MASK,
            after=after,
            reason=reason,
            sensitive=True,
            span=wanted.span(kind.name),
        )

    def _initial(self, wanted: DesiredObject, kind: FieldType, value: DesiredValue) -> FieldChange:
        if kind.form is Form.SECRET or isinstance(value, Secret):
            return self.masked(wanted, kind, value, FieldReason.INITIAL)
        return FieldChange(
            field=kind.name,
            before=None,
            after=self.known.show_desired(kind, value),
            reason=FieldReason.INITIAL,
            span=wanted.span(kind.name),
        )


class _Pair:
    """One desired object beside its live one."""

    __slots__ = ("context", "entry", "found", "known", "live", "taken", "wanted")

    def __init__(
        self,
        context: Comparison,
        wanted: DesiredObject,
        live: LiveObject,
        entry: LedgerEntry | None,
        taken: FieldReason,
    ) -> None:
        self.context = context
        self.known = context.known
        self.wanted = wanted
        self.live = live
        self.entry = entry
        self.taken = taken
        self.found = Differences()

    def untouched(self, kind: FieldType, value: DesiredValue) -> bool:
        """Whether desired, live and last-applied are plainly one value; False says nothing.

        This is what nearly every field of a large project is: it is worth not spelling it out canonically.
        """
        if self.entry is None:
            return False
        standing = self.live.fields.get(kind.name)
        if standing is None:
            return False
        if isinstance(value, Reference):
            same = self.known.ids.get(value.target) == standing
        elif isinstance(value, SegmentRule):
            same = isinstance(standing, SegmentRule) and self.known.same_rule(value, standing)
        else:
            same = value == standing
        recorded = standing.canonical if same and isinstance(standing, BooleanRule) else standing
        if not same or self.entry.fields.get(kind.name) != recorded:
            return False
        if isinstance(value, (Reference, SegmentRule)):
            self.known.gather_targets(value, self.found.targets)
        self.found.owned[kind.name] = standing
        return True

    def field(self, kind: FieldType, value: DesiredValue) -> None:
        """Compare one field."""
        found, known, form = self.found, self.known, kind.form
        waits_for: tuple[Address, ...] = ()
        resolved = value
        if form is Form.REFERENCE or form is Form.SEGMENT_RULE:
            known.gather_targets(value, found.targets)
            waits_for = known.unresolved(value)
            resolved = known.resolve(value)
        found.owned[kind.name] = resolved
        if waits_for:
            self._renewed(kind, value, resolved, waits_for)
            return
        desired = canonical(form, resolved)  # type: ignore[arg-type]  # resolved, and no secret
        standing = canonical(form, self.live.fields.get(kind.name))
        last = self._last_applied(kind)
        reason = difference_reason(desired, standing, last)
        if reason is None or (kind.immutable and kind.name not in self.live.fields):
            # An immutable field the live system does not tell cannot be said to differ.
            found.stale = found.stale or last != desired
            return
        found.direct = True
        self._differs(kind, value, resolved, reason)

    def _renewed(
        self,
        kind: FieldType,
        value: DesiredValue,
        resolved: DesiredValue,
        waits_for: tuple[Address, ...],
    ) -> None:
        """Note a field that refers to what gets an id only while applying."""
        unchanged = self.known.as_recorded(kind.form, value) == self._last_applied(kind)
        if unchanged:
            self.found.indirect.update(waits_for)
        else:
            self.found.direct = True
        reason = FieldReason.MANIFEST
        if unchanged:
            standing = canonical(kind.form, self.live.fields.get(kind.name))
            untouched = standing == self._last_applied(kind)
            reason = FieldReason.FOLLOWS if untouched else FieldReason.DRIFT
        self._differs(kind, value, resolved, reason)

    def _differs(
        self, kind: FieldType, value: DesiredValue, resolved: DesiredValue, reason: FieldReason
    ) -> None:
        found = self.found
        found.write[kind.name] = resolved
        if kind.immutable:
            found.immutable.append(kind.name)
        found.changes.append(
            FieldChange(
                field=kind.name,
                before=self.known.show_live(kind, self.live.fields.get(kind.name), value),
                after=self.known.show_desired(kind, value),
                reason=reason if self.entry is not None else self.taken,
                span=self.wanted.span(kind.name),
            )
        )

    def _last_applied(self, kind: FieldType) -> Plain | Unrecorded:
        if self.entry is None or kind.name not in self.entry.fields:
            return UNRECORDED
        return canonical(kind.form, self.entry.fields[kind.name])

    def secret(self, kind: FieldType, value: DesiredValue) -> None:
        """Compare a secret with the print of the one written last; without a print it must be written."""
        recorded = self.entry.secrets.get(kind.name) if self.entry is not None else None
        self.found.owned[kind.name] = value
        standing = self.live.fields.get(kind.name)
        agrees = isinstance(value, Secret) and recorded == value.fingerprint(self.context.salt)
        if isinstance(standing, Secret):
            if standing == value:
                self.found.stale = self.found.stale or not agrees
                return
        elif agrees or (recorded is None and not isinstance(value, Secret)):
            return
        self.found.direct = True
        self.found.write[kind.name] = value
        # Something may stand there already: never shown as new.
        reason = FieldReason.MANIFEST if self.taken is FieldReason.INITIAL else self.taken
        if agrees:
            reason = FieldReason.DRIFT
        self.found.changes.append(self.context.masked(self.wanted, kind, value, reason))

    def dropped(self, ignored: frozenset[str]) -> None:
        """Clear what only audctl had set and the manifest sets no longer."""
        assert self.entry is not None
        kinds = OBJECT_TYPES[self.wanted.type]
        found = self.found
        for name, recorded in self.entry.fields.items():
            if name in self.wanted.fields:
                continue
            found.stale = True
            kind = kinds.fields.get(name)
            if kind is None or kind.immutable or kind.create_only:
                continue
            if name in kinds.key or name in ignored:
                continue
            last = canonical(kind.form, recorded)
            standing = self.live.fields.get(name)
            if is_nothing(last) or not may_reset(canonical(kind.form, standing), last):
                continue
            found.direct = True
            found.write[name] = None
            found.changes.append(
                FieldChange(
                    field=name,
                    before=self.known.show_live(kind, standing),
                    after=None,
                    reason=FieldReason.RESET,
                    span=self.wanted.span(),
                )
            )


def ignored_fields(wanted: DesiredObject) -> frozenset[str]:
    """Return the fields whose live values ``lifecycle.ignore`` leaves to others.

    Never a key field: the object is found by it, and the ledger has to know it.
    """
    if wanted.resource is None or not wanted.resource.lifecycle.ignore:
        return frozenset()
    ignored = wanted.resource.lifecycle.ignore
    kinds = OBJECT_TYPES[wanted.type]
    # A field the manifest does not set has no path of its own; nearly all are called as they are in spec.
    paths = {name: f"spec.{name}" for name in kinds.fields} | dict(wanted.paths)
    return frozenset(
        name
        for name, path in paths.items()
        if name not in kinds.key and any(_within(path, each) for each in ignored)
    )


def _within(path: str, ignored: str) -> bool:
    return path == ignored or path.startswith((f"{ignored}.", f"{ignored}["))
