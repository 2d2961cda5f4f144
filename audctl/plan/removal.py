"""Decide what becomes of owned objects that no manifest asks for any longer.

The way down is a ladder, and each rung is a plan of its own::

    manifest gone → paused, with a tombstone in the ledger → days of grace → unbound and deleted

Every rung but the last is undone by bringing the manifest back. ``deletionPolicy: Delete`` and ``Orphan`` leave the
ladder out, and so does a word about the resource in the project file (``spec.removed``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.finding import Finding, Severity
from audctl.model.objects import OBJECT_TYPES
from audctl.model.policy import GRACE_DAYS, RemovedAction
from audctl.model.resource import DeletionPolicy
from audctl.plan.content import Contents
from audctl.plan.describe import day
from audctl.plan.identify import TYPE_ORDER
from audctl.plan.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from audctl.model.address import Address
    from audctl.model.ledger import Intent, Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState
    from audctl.model.policy import Removed
    from audctl.model.value import LiveValue

GONE = "its manifest is gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By what objects go whose manifests are gone."""

    now: datetime | None = None
    """The time of the live read; None: no tombstone is set, and no days of grace are over."""
    grace_days: int = GRACE_DAYS
    """Where the manifest had no days of its own."""
    removed: tuple[Removed, ...] = ()
    """The project's explicit words."""
    owners: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    """Other projects that own a live object, by type and id."""


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
    decision.result.findings.extend(_idle_words(ledger, rules.removed))
    return decision.result


def _idle_words(ledger: Ledger, removed: tuple[Removed, ...]) -> Iterator[Finding]:
    """Yield a note for each word about a resource that nothing is left of."""
    known = {each.resource for each in ledger.entries} if removed else ()
    for each in removed:
        if each.address not in known:
            yield Finding(
                "AUD2022",
                Severity.NOTE,
                f"spec.removed names {each.address}, of which audctl owns nothing here",
                each.span,
                "once that is so in every environment, take the entry out",
                each.address,
            )


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
        elif entry.removed_at is None or not self._is_paused(entry, standing):
            self._bury(entry, standing, because)
        else:
            self._keep(entry, standing, f"{self._since(entry)}; spec.removed: {word.action}")

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

    # --- the ladder -------------------------------------------------------------------------------

    def _ladder(self, entry: LedgerEntry, standing: LiveObject) -> None:
        days = self._days(entry)
        if entry.removed_at is None:
            self._bury(entry, standing, GONE)
        elif not self._is_paused(entry, standing):
            self._bury(
                entry, standing, f"{GONE}; somebody started it again, so the days begin anew"
            )
        elif self.rules.now is None or self.rules.now < entry.removed_at + timedelta(days=days):
            self._keep(entry, standing, self._since(entry, days))
        else:
            since = f"{GONE} since {day(entry.removed_at)}, and the {_counted(days)} of grace over"
            self._delete(entry, standing, since)

    def _days(self, entry: LedgerEntry) -> int:
        return self.rules.grace_days if entry.grace_days is None else entry.grace_days

    def _since(self, entry: LedgerEntry, days: int | None = None) -> str:
        assert entry.removed_at is not None
        state = "paused" if OBJECT_TYPES[entry.type].paused else "without a manifest"
        until = ""
        if days is not None:
            until = f", deletable from {day(entry.removed_at + timedelta(days=days))}"
        return f"{state} since {day(entry.removed_at)}{until}"

    def _is_paused(self, entry: LedgerEntry, standing: LiveObject) -> bool:
        """Whether nothing is left to stop; true of what cannot be stopped at all."""
        return not self._pausing(entry, standing)

    def _pausing(self, entry: LedgerEntry, standing: LiveObject) -> dict[str, LiveValue]:
        """Return the values that would pause an object, those that stand already left out."""
        kinds = OBJECT_TYPES[entry.type]
        write: dict[str, LiveValue] = {}
        for name, value in kinds.paused.items():
            paused = value if isinstance(value, (str, bool)) else str(value)
            form = kinds.fields[name].form
            if canonical(form, standing.fields.get(name)) != canonical(form, paused):
                write[name] = paused
        return write

    def _bury(self, entry: LedgerEntry, standing: LiveObject, reason: str) -> None:
        """Pause an object and set its tombstone; only the tombstone where nothing is left to pause."""
        if self._has_other_owner(entry, standing, "paused"):
            return
        kinds = OBJECT_TYPES[entry.type].fields
        write = self._pausing(entry, standing)
        changes = tuple(
            FieldChange(
                field=name,
                before=canonical(kinds[name].form, standing.fields.get(name)),
                after=value,  # type: ignore[arg-type]  # text or flag
                reason=FieldReason.PAUSE,
            )
            for name, value in write.items()
        )
        if write:
            self._add(
                entry, standing, Change.PAUSE, reason, fields=changes, write=write, buried=True
            )
            return
        already = (
            "already paused"
            if OBJECT_TYPES[entry.type].paused
            else "it cannot be paused and stays as it is"
        )
        self._add(entry, standing, Change.KEEP, f"{reason}; {already}", buried=True)

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


def _counted(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
