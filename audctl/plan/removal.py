"""Decide what becomes of owned objects that no manifest asks for any longer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.effect import Impact
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.resource import DeletionPolicy
from audctl.plan.content import Contents
from audctl.plan.describe import PEOPLE
from audctl.plan.identify import TYPE_ORDER
from audctl.plan.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.ledger import Intent, Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.value import LiveValue, Plain


@dataclass
class Removals:
    """Steps for ledger entries without a manifest, and the warnings that go with them."""

    steps: dict[Address, Step] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def decide_removals(
    live: LiveState,
    ledger: Ledger,
    steps: Mapping[Address, Step],
    *,
    wanted: Collection[Address],
    skipped: Collection[str],
) -> Removals:
    """Return steps for every entry and intent whose address is not in ``wanted``.

    ``steps`` are those of the desired objects; types in ``skipped`` were not read, so nothing is said of them.
    Users are decided before what they use: a user that stays keeps it.
    """
    entries = [
        each
        for each in ledger.entries.values()
        if each.address not in wanted and each.type not in skipped
    ]
    entries.sort(key=lambda each: (TYPE_ORDER[each.type], each.address), reverse=True)
    decision = _Removal(live, ledger, steps)
    for each in entries:
        decision.decide(each)
    for intent in ledger.intents.values():
        if intent.address not in wanted and intent.address not in ledger.entries:
            decision.drop_intent(intent)
    return decision.result


class _Removal:
    def __init__(self, live: LiveState, ledger: Ledger, steps: Mapping[Address, Step]) -> None:
        self.live = live
        self.ledger = ledger
        self.wanted_steps = steps
        self.leaving: set[tuple[str, str]] = set()
        self.contents = Contents(ledger)
        self.result = Removals()
        self.owned = {(each.type, each.live_id) for each in ledger.entries.values()}
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage:
        """Read references only when something is to be deleted."""
        if self._usage is None:
            self._usage = Usage(self.live, self.ledger)
        return self._usage

    def decide(self, entry: LedgerEntry) -> None:
        standing = self.live.by_id.get((entry.type, entry.live_id))
        if standing is None:
            self._add(entry, None, Change.FORGET, "gone live too")
        elif OBJECT_TYPES[entry.type].shared:
            self._shared(entry, standing)
        elif entry.protect:
            self._keep(
                entry,
                standing,
                "protected",
                Finding(
                    "AUD2009",
                    Severity.WARNING,
                    f"{entry.address} is protected: its manifest is gone, {entry.type} {standing.id} stays",
                    hint="to let it go, restore the manifest with lifecycle.protect: false and apply",
                    address=entry.address,
                ),
            )
        else:
            self._by_policy(entry, standing)

    def _by_policy(self, entry: LedgerEntry, standing: LiveObject) -> None:
        policy = entry.deletion_policy
        if policy == DeletionPolicy.DELETE:
            self._delete(entry, standing)
        elif policy == DeletionPolicy.PAUSE:
            self._pause(entry, standing)
        else:
            self._add(
                entry,
                standing,
                Change.FORGET,
                "its manifest is gone; deletionPolicy Orphan: it stays live, unmanaged",
            )

    def _shared(self, entry: LedgerEntry, standing: LiveObject) -> None:
        if self._staying_users(standing):
            self._keep(entry, standing, "no longer needed, but not empty")
        else:
            self._add(entry, standing, Change.DELETE, "no longer needed, and empty")

    def _delete(self, entry: LedgerEntry, standing: LiveObject) -> None:
        users = self._staying_users(standing)
        if not users:
            self._add(entry, standing, Change.DELETE, "its manifest is gone")
            return
        shown = self.usage.shown(users)
        self._keep(
            entry,
            standing,
            f"still used by {shown}",
            Finding(
                "AUD2010",
                Severity.WARNING,
                f"{entry.address}: its manifest is gone, but {entry.type} {standing.id} stays, "
                f"because it is still used by {shown}",
                hint="remove the use first; audctl deletes it with the next plan",
                address=entry.address,
            ),
        )

    def _pause(self, entry: LedgerEntry, standing: LiveObject) -> None:
        kinds = OBJECT_TYPES[entry.type]
        if not kinds.paused:
            self._keep(
                entry, standing, "its manifest is gone; it cannot be paused and stays as it is"
            )
            return
        write: dict[str, LiveValue] = {}
        changes = []
        for name, value in kinds.paused.items():
            paused = value if isinstance(value, (str, bool)) else str(value)
            form = kinds.fields[name].form
            before = canonical(form, standing.fields.get(name))
            if before != canonical(form, paused):
                write[name] = paused
                changes.append(
                    FieldChange(field=name, before=before, after=paused, reason=FieldReason.PAUSE)
                )
        if not write:
            self._keep(
                entry, standing, "its manifest is gone; already paused", owned=_as_paused(entry)
            )
            return
        self._add(
            entry,
            standing,
            Change.PAUSE,
            "its manifest is gone",
            fields=tuple(changes),
            write=write,
        )

    def drop_intent(self, intent: Intent) -> None:
        """Let go of a create that nobody wants any longer, whether it happened or not."""
        found = [
            each
            for each in self.live.by_key.get((intent.type, intent.key), ())
            if (each.type, each.id) not in self.owned
        ]
        live_id = found[0].id if len(found) == 1 else ""
        reason = "an interrupted run meant to create it; its manifest is gone"
        if live_id:
            reason += f", {intent.type} {live_id} stays live, unmanaged"
        self.result.steps[intent.address] = Step(
            address=intent.address,
            type=intent.type,
            change=Change.FORGET,
            reason=reason,
            label=intent.address.name,
            live_id=live_id,
        )

    def _staying_users(self, standing: LiveObject) -> list[LiveObject]:
        return self.usage.staying(standing.type, standing.id, self.wanted_steps, self.leaving)

    def _keep(
        self,
        entry: LedgerEntry,
        standing: LiveObject,
        reason: str,
        finding: Finding | None = None,
        *,
        owned: Mapping[str, Plain] | None = None,
    ) -> None:
        self._add(entry, standing, Change.KEEP, reason, owned=owned)
        if finding is not None:
            self.result.findings.append(finding)

    def _add(  # noqa: PLR0913 - the parts of one step
        self,
        entry: LedgerEntry,
        standing: LiveObject | None,
        change: Change,
        reason: str,
        *,
        fields: tuple[FieldChange, ...] = (),
        write: Mapping[str, LiveValue] | None = None,
        owned: Mapping[str, Plain] | None = None,
    ) -> None:
        if change is Change.DELETE and standing is not None:
            self.leaving.add((standing.type, standing.id))
        impact = None
        if standing is not None and entry.type in PEOPLE and change is not Change.KEEP:
            after = 0 if change is Change.DELETE else standing.members
            impact = Impact(before=standing.members, after=after)
        self.result.steps[entry.address] = Step(
            address=entry.address,
            type=entry.type,
            change=change,
            reason=reason,
            label=entry.label or entry.address.name,
            fields=fields,
            write=write or {},
            owned=owned or {},
            content=self.contents.digest(entry.type, write or {}),
            requires=entry.requires if owned else (),
            live_id=entry.live_id,
            fingerprint=standing.fingerprint() if standing is not None else "",
            changed_at=standing.changed_at if standing is not None else None,
            changed_by=standing.changed_by if standing is not None else "",
            impact=impact,
            protect=entry.protect,
            deletion_policy=entry.deletion_policy,
        )


def _as_paused(entry: LedgerEntry) -> dict[str, Plain]:
    """Return the fields to record for an object somebody else paused; none when they are recorded already.

    Otherwise drift would report for ever what audctl itself would have done.
    """
    kinds = OBJECT_TYPES[entry.type]
    assert not any(each.form is Form.SECRET for each in kinds.fields.values()), "would be lost"
    paused = {
        name: canonical(kinds.fields[name].form, value)  # type: ignore[arg-type]  # text or flag
        for name, value in kinds.paused.items()
    }
    if all(entry.fields.get(name) == value for name, value in paused.items()):
        return {}
    return {**entry.fields, **paused}


def deletes_wait_for(
    steps: Mapping[Address, Step], ledger: Ledger, live: LiveState
) -> dict[Address, tuple[Address, ...]]:
    """Return, for each object to delete, the steps that must let go of it first.

    What referred to it is known from the ledger, for objects whose manifests are gone, and from what stands
    live, for whatever changed since.
    """
    leaving = {
        (step.type, step.live_id): address
        for address, step in steps.items()
        if step.change is Change.DELETE
    }
    if not leaving:
        return {}
    found: dict[Address, set[Address]] = {address: set() for address in leaving.values()}
    for entry in ledger.entries.values():
        _add_users(found, entry.address, entry.requires, steps)
    usage = Usage(live, ledger)
    for (object_type, live_id), address in leaving.items():
        users = (
            usage.owners.get((user.type, user.id)) for user, _ in usage.of(object_type, live_id)
        )
        found[address].update(
            each
            for each in users
            if each is not None and _acts(steps.get(each)) and each != address
        )
    return {address: tuple(sorted(users)) for address, users in found.items() if users}


def _add_users(
    found: dict[Address, set[Address]],
    user: Address,
    requires: Iterable[Address],
    steps: Mapping[Address, Step],
) -> None:
    if not _acts(steps.get(user)):
        return
    for each in requires:
        if each in found and each != user:
            found[each].add(user)


def _acts(step: Step | None) -> bool:
    return step is not None and step.change in {Change.UPDATE, Change.REPLACE, Change.DELETE}
