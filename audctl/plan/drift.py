"""Drift: what stands live compared with what audctl last wrote. Never a reason to write by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.report import DriftField, DriftItem, DriftKind, DriftReport
from audctl.plan.compare import ignored_fields
from audctl.plan.identify import identify
from audctl.plan.known import Known
from audctl.redact import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState


def compute_drift(
    live: LiveState, ledger: Ledger, desired: Iterable[DesiredObject] = ()
) -> DriftReport:
    """Return the owned objects that someone else changed or removed, sorted by address.

    ``desired`` gives places and names, fields that ``lifecycle.ignore`` leaves to others, and live values the
    manifest has come to agree with: those are no drift any more. An object is unknown when its type was not
    read, or when the read says there is none at all of a type audctl owns.
    """
    wanted = {each.address: each for each in desired}
    present = {each.type for each in live.objects}
    readable = live.types_read & present
    comparison = _Comparison(live, ledger, wanted)
    items: list[DriftItem] = []
    unknown: list[Address] = []
    for address in sorted(ledger.entries):
        entry = ledger.entries[address]
        if entry.type not in readable:
            unknown.append(address)
        elif (item := comparison.item(entry)) is not None:
            items.append(item)
    return DriftReport(
        items=tuple(items),
        checked=len(ledger.entries) - len(unknown),
        unknown=tuple(unknown),
        live_as_of=live.read_at,
    )


class _Comparison:
    def __init__(
        self, live: LiveState, ledger: Ledger, wanted: Mapping[Address, DesiredObject]
    ) -> None:
        self.live = live
        self.salt = ledger.salt
        self.wanted = wanted
        self.known = Known(wanted, ledger)
        for match in identify(wanted.values(), live, ledger).matches:
            if match.live is not None:
                self.known.learn(match.desired.address, match.desired.type, match.live.id)

    def item(self, entry: LedgerEntry) -> DriftItem | None:
        standing = self.live.by_id.get((entry.type, entry.live_id))
        wanted = self.wanted.get(entry.address)
        fields: tuple[DriftField, ...] = ()
        if standing is not None:
            fields = self._fields(entry, standing, wanted)
            if not fields:
                return None
        span = None
        if wanted is not None:
            span = wanted.span(fields[0].field if len(fields) == 1 else "")
        return DriftItem(
            address=entry.address,
            type=entry.type,
            kind=DriftKind.GONE if standing is None else DriftKind.CHANGED,
            live_id=entry.live_id,
            label=entry.label or entry.address.name,
            fields=fields,
            changed_at=standing.changed_at if standing is not None else None,
            changed_by=standing.changed_by if standing is not None else "",
            applied_at=entry.applied_at,
            span=span,
        )

    def _fields(
        self, entry: LedgerEntry, standing: LiveObject, wanted: DesiredObject | None
    ) -> tuple[DriftField, ...]:
        kinds = OBJECT_TYPES[entry.type].fields
        ignored = ignored_fields(wanted) if wanted is not None else frozenset()
        found = list(self._secrets(entry, standing, ignored))
        for name, recorded in sorted(entry.fields.items()):
            kind = kinds.get(name)
            if kind is None or kind.create_only or name in ignored or kind.form is Form.SECRET:
                continue
            value = standing.fields.get(name)
            if value == recorded:
                continue
            now = canonical(kind.form, value)
            if now == canonical(kind.form, recorded):
                continue
            if kind.immutable and name not in standing.fields:
                continue
            if wanted is not None and name in wanted.fields:
                agreed = self.known.resolve(wanted.fields[name])
                if not self.known.unresolved(wanted.fields[name]) and now == canonical(
                    kind.form,
                    agreed,  # type: ignore[arg-type]  # resolved, and secrets were left out above
                ):
                    continue
            found.append(
                DriftField(
                    field=name,
                    recorded=self.known.show_recorded(kind, recorded),
                    live=self.known.show_live(kind, value),
                )
            )
        return tuple(found)

    def _secrets(
        self, entry: LedgerEntry, standing: LiveObject, ignored: frozenset[str]
    ) -> Iterable[DriftField]:
        """Yield the secrets that the live system gives back, and that are not the ones written last."""
        for name, recorded in sorted(entry.secrets.items()):
            value = standing.fields.get(name)
            if name in ignored or not isinstance(value, Secret):
                continue
            if value.fingerprint(self.salt) != recorded:
                yield DriftField(field=name, recorded=MASK, live=MASK, sensitive=True)
