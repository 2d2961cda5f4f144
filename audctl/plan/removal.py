"""Decide what becomes of owned objects that no manifest asks for any longer.

The way down is a ladder, and each rung is a plan of its own::

    manifest gone → paused, with a tombstone in the ledger → days of grace → unbound and deleted

Every rung but the last is undone by bringing the manifest back. ``deletionPolicy: Delete`` and ``Orphan`` leave the
ladder out, and so does a word about the resource in the project file (``spec.removed``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.policy import RemovedAction
from audctl.model.resource import DeletionPolicy
from audctl.plan.content import Contents
from audctl.plan.describe import day
from audctl.plan.identify import TYPE_ORDER
from audctl.plan.ladder import (
    Rung,
    due_day,
    idle_words,
    pausing_values,
    rung_of,
    standing_since,
    waiting_note,
)
from audctl.plan.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.ledger import Intent, Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.policy import Removed
    from audctl.model.value import LiveValue
    from audctl.plan.ladder import Rules

GONE = "its manifest is gone"


@dataclass
class Removals:
    """Steps for ledger entries without a manifest, and the warnings that go with them."""

    steps: dict[Address, Step] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def decide_removals(  # noqa: PLR0913 - three sides, and what is to be left alone
    live: LiveState,
    ledger: Ledger,
    steps: Mapping[Address, Step],
    *,
    wanted: Collection[Address],
    skipped: Collection[str],
    rules: Rules,
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
    decision = _Removal(live, ledger, steps, rules)
    for each in entries:
        decision.decide(each)
    for intent in ledger.intents.values():
        if intent.address not in wanted and intent.address not in ledger.entries:
            decision.drop_intent(intent)
    decision.result.findings.extend(idle_words(ledger, rules.removed))
    decision.result.findings.extend(waiting_note(decision.due))
    return decision.result


class _Removal:
    def __init__(
        self, live: LiveState, ledger: Ledger, steps: Mapping[Address, Step], rules: Rules
    ) -> None:
        self.live = live
        self.ledger = ledger
        self.wanted_steps = steps
        self.rules = rules
        self.words = {each.address: each for each in rules.removed}
        self.leaving: set[tuple[str, str]] = set()
        self.due: dict[Address, datetime] = {}
        """Resources that wait on the ladder, and when the last of their objects may go."""
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
        word = self.words.get(entry.address.resource)
        if standing is None:
            self._add(entry, None, Change.FORGET, "gone live too")
        elif OBJECT_TYPES[entry.type].shared:
            self._shared(entry, standing)
        elif entry.protect:
            self._protected(entry, standing, word)
        elif word is not None:
            self._by_word(entry, standing, word)
        else:
            self._by_policy(entry, standing)

    def _protected(self, entry: LedgerEntry, standing: LiveObject, word: Removed | None) -> None:
        asked = f", although spec.removed says {word.action}" if word is not None else ""
        self._keep(
            entry,
            standing,
            "protected",
            Finding(
                "AUD2009",
                Severity.WARNING,
                f"{entry.address} is protected: {GONE}, {entry.type} {standing.id} stays{asked}",
                word.span if word is not None else None,
                "to let it go, restore the manifest with lifecycle.protect: false and apply",
                entry.address,
            ),
        )

    def _by_word(self, entry: LedgerEntry, standing: LiveObject, word: Removed) -> None:
        because = f"{GONE}; spec.removed: {word.action}"
        if word.reason:
            because += f", {word.reason}"
        if word.action is RemovedAction.FORGET:
            self._add(entry, standing, Change.FORGET, because)
        elif word.action is RemovedAction.DELETE:
            self._delete(entry, standing, because)
        elif entry.removed_at is None or pausing_values(entry, standing):
            self._bury(entry, standing, because)
        else:
            self._keep(entry, standing, f"{standing_since(entry)}; spec.removed: {word.action}")

    def _by_policy(self, entry: LedgerEntry, standing: LiveObject) -> None:
        policy = entry.deletion_policy
        if policy == DeletionPolicy.DELETE:
            self._delete(entry, standing, GONE)
        elif policy == DeletionPolicy.PAUSE:
            self._ladder(entry, standing)
        else:
            self._add(
                entry,
                standing,
                Change.FORGET,
                f"{GONE}; deletionPolicy Orphan: it stays live, unmanaged",
            )

    def _shared(self, entry: LedgerEntry, standing: LiveObject) -> None:
        if self._staying_users(standing):
            self._keep(entry, standing, "no longer needed, but not empty")
        elif self.rules.owners.get((standing.type, standing.id)) is not None:
            self._keep(entry, standing, "no longer needed, but another project owns it as well")
        else:
            self._add(entry, standing, Change.DELETE, "no longer needed, and empty")

    def _ladder(self, entry: LedgerEntry, standing: LiveObject) -> None:
        days = self.rules.days_for(entry)
        match rung_of(entry, standing, self.rules):
            case Rung.PAUSE:
                self._bury(entry, standing, GONE, days)
            case Rung.PAUSE_AGAIN:
                again = "somebody started it again, so the days begin anew"
                self._bury(entry, standing, f"{GONE}; {again}", days)
            case Rung.WAIT:
                assert entry.removed_at is not None
                due = self._wait(entry, entry.removed_at, days)
                self._keep(entry, standing, standing_since(entry) + due)
            case Rung.DELETE:
                assert entry.removed_at is not None
                since = f"{GONE} since {day(entry.removed_at)}"
                self._delete(entry, standing, f"{since}, its days of grace ({days}) are over")

    def _wait(self, entry: LedgerEntry, since: datetime, days: int) -> str:
        """Note when an object may go, and return it in words."""
        due = due_day(since, days)
        resource = entry.address.resource
        self.due[resource] = max(due, self.due.get(resource, due))
        return _deletable(due)

    def _bury(
        self, entry: LedgerEntry, standing: LiveObject, reason: str, days: int | None = None
    ) -> None:
        """Pause an object and set its tombstone; only the tombstone where nothing is left to pause.

        ``days``: after which it may go; None: never.
        """
        if self._has_other_owner(entry, standing, "paused"):
            return
        kinds = OBJECT_TYPES[entry.type]
        write = pausing_values(entry, standing)
        changes = tuple(
            FieldChange(
                field=name,
                before=canonical(kinds.fields[name].form, standing.fields.get(name)),
                after=value,  # type: ignore[arg-type]  # text or flag
                reason=FieldReason.PAUSE,
            )
            for name, value in write.items()
        )
        now = self.rules.now
        if write:
            if days is not None and now is not None:
                reason += _deletable(due_day(now, days))
            self._add(
                entry, standing, Change.PAUSE, reason, fields=changes, write=write, buried=True
            )
            return
        reason += "; already paused" if kinds.paused else "; it cannot be paused"
        if days is not None and now is not None:
            reason += self._wait(entry, now, days)
        self._add(entry, standing, Change.KEEP, reason, buried=True)

    def _delete(self, entry: LedgerEntry, standing: LiveObject, reason: str) -> None:
        users = self._staying_users(standing)
        if users:
            shown = self.usage.shown(users)
            self._keep(
                entry,
                standing,
                f"still used by {shown}",
                Finding(
                    "AUD2010",
                    Severity.WARNING,
                    f"{entry.address}: {GONE}, but {entry.type} {standing.id} stays, "
                    f"because it is still used by {shown}",
                    hint="remove the use first; audctl deletes it with the next plan",
                    address=entry.address,
                ),
            )
        elif not self._has_other_owner(entry, standing, "deleted"):
            self._add(entry, standing, Change.DELETE, reason)

    def _has_other_owner(self, entry: LedgerEntry, standing: LiveObject, verb: str) -> bool:
        """Keep what another project owns too: two ledgers claim it, and only one of them knows that it should go."""
        owner = self.rules.owners.get((standing.type, standing.id))
        if owner is None:
            return False
        self._keep(
            entry,
            standing,
            f"owned by {owner} as well",
            Finding(
                "AUD2021",
                Severity.WARNING,
                f"{entry.address}: {GONE}, but {entry.type} {standing.id} is not {verb}, "
                f"because {owner} owns it as well",
                hint="let one of the two forget it (spec.removed, action: forget)",
                address=entry.address,
            ),
        )
        return True

    # --- shared -----------------------------------------------------------------------------------

    def drop_intent(self, intent: Intent) -> None:
        """Let go of a create that nobody wants any longer, whether it happened or not."""
        found = [
            each
            for each in self.live.by_key.get((intent.type, intent.key), ())
            if (each.type, each.id) not in self.owned
        ]
        live_id = found[0].id if len(found) == 1 else ""
        reason = f"an interrupted run meant to create it; {GONE}"
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
    ) -> None:
        self._add(entry, standing, Change.KEEP, reason)
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
        buried: bool = False,
    ) -> None:
        if change is Change.DELETE and standing is not None:
            self.leaving.add((standing.type, standing.id))
        self.result.steps[entry.address] = Step(
            address=entry.address,
            type=entry.type,
            change=change,
            reason=reason,
            label=entry.label or entry.address.name,
            fields=fields,
            write=write or {},
            content=self.contents.digest(entry.type, write or {}),
            live_id=entry.live_id,
            fingerprint=standing.fingerprint() if standing is not None else "",
            changed_at=standing.changed_at if standing is not None else None,
            changed_by=standing.changed_by if standing is not None else "",
            protect=entry.protect,
            deletion_policy=entry.deletion_policy,
            removed_at=self.rules.now if buried else None,
        )


def _deletable(due: datetime) -> str:
    return f"; deletable from {day(due)}"
