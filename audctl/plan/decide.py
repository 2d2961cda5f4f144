"""Decide one step for each desired object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.finding import Finding, Severity
from audctl.plan.compare import Comparison
from audctl.plan.content import Contents
from audctl.plan.describe import (
    day,
    keep_step,
    label_of,
    last_changed,
    overwritten,
    policy_of,
    requires_of,
)
from audctl.plan.identify import Standing
from audctl.plan.watch import (
    absence,
    difference,
    is_watched,
    released_step,
    visible_changes,
    watched_step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveObject
    from audctl.model.value import Plain
    from audctl.plan.compare import Differences
    from audctl.plan.identify import Match
    from audctl.plan.known import Known
    from audctl.plan.options import PlanOptions

INTERRUPTED = "created by an interrupted run"
TOMBSTONE = "lifecycle.removedAt"
"""As a field of a step: since when the manifest was gone."""


class Decisions:
    """Steps and findings for desired objects; feed it matches in type order."""

    def __init__(
        self,
        known: Known,
        ledger: Ledger,
        options: PlanOptions,
        owners: Mapping[tuple[str, str], str],
    ) -> None:
        self.known = known
        self.options = options
        self.owners = owners
        self.comparison = Comparison(known, ledger)
        self.contents = Contents(ledger)
        self.steps: dict[Address, Step] = {}
        self.findings: list[Finding] = []
        self.waiting: dict[Address, Address] = {}
        """Objects that cannot be written before a person has made another one."""
        self.anew: dict[Address, str] = {}
        """Objects that will get a new id although they existed, and the word for it."""

    def decide(self, match: Match) -> None:
        """Add the step for one match, or the finding that says why there is none."""
        if match.standing is Standing.UNCLEAR:
            return
        step = self._step(match)
        if step is not None:
            self.steps[step.address] = step

    def _step(self, match: Match) -> Step | None:
        if match.desired.observed:
            return self._observed(match)
        if match.live is None:
            return self._create(match)
        if match.standing is Standing.USED:
            return self._used(match, match.live)
        foreign = match.standing is Standing.FOREIGN
        found = self.comparison.compare(
            match.desired,
            match.live,
            match.entry,
            taken=FieldReason.TAKEOVER if foreign else FieldReason.INITIAL,
        )
        if found.immutable:
            return self._replace(match, match.live, found)
        self._learn(match.desired, match.live)
        if foreign:
            return self._adopt(match, match.live, found)
        return self._owned(match, match.live, found)

    def _owned(self, match: Match, live: LiveObject, found: Differences) -> Step | None:
        if match.standing is Standing.CLAIMED:
            if self._is_elsewhere(match.desired, live):
                return None
            change = Change.UPDATE if found.changes else Change.ADOPT
            return self._written(match, live, found, change, INTERRUPTED)
        return self._update_or_keep(match, live, found)

    def _used(self, match: Match, live: LiveObject) -> Step | None:
        self._learn(match.desired, live)
        if match.entry is None:
            return None
        return self._forget(match, live, "made anew outside audctl: it is used, not owned")

    def _learn(self, wanted: DesiredObject, live: LiveObject, *, stays: bool = True) -> None:
        self.known.learn(wanted.address, wanted.type, live.id, stays=stays)

    # --- what exists only as a wish ---------------------------------------------------------------

    def _create(self, match: Match) -> Step:
        found = self.comparison.create(match.desired)
        if match.entry is not None:
            self.anew[match.desired.address] = "re-created"
        if match.desired.type == "campaign.folder" and not match.desired.fields.get("parent"):
            # Its place in Campaign's tree decides what may be kept in it: that is an administrator's choice.
            self.findings.append(
                Finding(
                    "AUD2018",
                    Severity.ERROR,
                    f"Campaign has no top-level folder {match.desired.fields['path']}, and audctl makes none",
                    hint="begin the path with a folder that Campaign has, such as /Profiles and Targets/Lists",
                    address=match.desired.address,
                )
            )
        reason = "deleted outside audctl" if match.entry is not None else "not there yet"
        return self._written(match, None, found, Change.CREATE, reason)

    # --- what others make -------------------------------------------------------------------------

    def _watched(self, match: Match) -> Step | None:
        wanted, live = match.desired, match.live
        if live is None:
            self.waiting[wanted.address] = wanted.address
            if wanted.resource is not None:
                self.findings.append(absence(wanted))
            return released_step(wanted, None, match.entry) if match.entry else None
        self._learn(wanted, live)
        found = self.comparison.compare(wanted, live, None, taken=FieldReason.DRIFT)
        changes = visible_changes(live, found)
        if changes:
            self.findings.append(difference(wanted, live, changes))
        if match.entry is not None:
            return released_step(wanted, live, match.entry)
        return watched_step(wanted, live, changes)

    def _observed(self, match: Match) -> Step | None:
        if is_watched(match.desired):
            return self._watched(match)
        wanted, live = match.desired, match.live
        if live is None:
            self.waiting[wanted.address] = wanted.address
            found = self.comparison.create(wanted)
            return Step(
                address=wanted.address,
                type=wanted.type,
                change=Change.MANUAL,
                reason="not there yet, and only a person can make it",
                label=label_of(wanted, None),
                fields=tuple(found.changes),
                span=wanted.span(),
                instructions=wanted.manual,
            )
        self._learn(wanted, live)
        if match.entry is not None:
            return self._forget(match, live, "made by another product now: it is only observed")
        found = self.comparison.compare(wanted, live, None, taken=FieldReason.MANIFEST)
        if not found.changes:
            return keep_step(wanted, live, "as the manifest expects it")
        return Step(
            address=wanted.address,
            type=wanted.type,
            change=Change.MANUAL,
            reason="differs from the manifest, and only a person can change it",
            label=label_of(wanted, live),
            fields=tuple(found.changes),
            live_id=live.id,
            fingerprint=live.fingerprint(),
            changed_at=live.changed_at,
            changed_by=live.changed_by,
            span=wanted.span(),
            instructions=wanted.manual,
        )

    # --- what exists ------------------------------------------------------------------------------

    def _update_or_keep(self, match: Match, live: LiveObject, found: Differences) -> Step:
        wanted, entry = match.desired, match.entry
        assert entry is not None
        noted = self._notes(match, entry)
        if not found.changes and not noted:
            needed = found.targets.union(wanted.requires) if wanted.requires else found.targets
            done = wanted.resource is None or entry.previous_names == wanted.resource.previous_names
            if not found.stale and done and needed == set(entry.requires):
                return keep_step(wanted, live, "")
            return self._written(match, live, found, Change.KEEP, "")
        if found.changes:
            self._warn_of_other_owner(wanted, live)
        reasons = sorted({str(each.reason) for each in found.changes})
        if found.changes and not found.direct:
            because = min(found.indirect)
            reasons = [f"refers to {because}, which is {self.anew.get(because, 'unclear')}"]
        if entry.removed_at is not None:
            reasons.insert(0, "its manifest is back")
        if match.renamed_from is not None:
            reasons.insert(0, f"renamed from {match.renamed_from}")
        elif noted and entry.removed_at is None:
            reasons.append("only the ledger changes" if not found.changes else "ledger changes too")
        found.changes.extend(noted)
        return self._written(match, live, found, Change.UPDATE, "; ".join(reasons))

    def _notes(self, match: Match, entry: LedgerEntry) -> list[FieldChange]:
        """Return what only the ledger has to learn: it must, or the manifest's last word is lost with it."""
        wanted = match.desired
        resource = wanted.resource
        if resource is None:
            return []
        notes: list[tuple[str, Plain, Plain]] = []
        if match.renamed_from is not None:
            notes.append(("metadata.name", match.renamed_from.name, wanted.address.name))
        if entry.removed_at is not None:
            notes.append((TOMBSTONE, day(entry.removed_at), None))
        lifecycle = resource.lifecycle
        for name, before, after in (
            ("protect", entry.protect, lifecycle.protect),
            ("deletionPolicy", entry.deletion_policy, policy_of(wanted)),
            ("graceDays", entry.grace_days, lifecycle.grace_days),
        ):
            if before != after:
                notes.append((f"lifecycle.{name}", before, after))
        return [
            FieldChange(
                field=name,
                before=before,
                after=after,
                reason=FieldReason.MANIFEST,
                span=resource.span(name if name.startswith("metadata") else f"spec.{name}"),
            )
            for name, before, after in notes
        ]

    def _adopt(self, match: Match, live: LiveObject, found: Differences) -> Step | None:
        wanted = match.desired
        if self._is_elsewhere(wanted, live):
            return None
        if self.options.adopt or (wanted.resource is not None and wanted.resource.adopt):
            return self._written(match, live, found, Change.ADOPT, "exists, and nobody owned it")
        self._refuse(
            wanted,
            "AUD2007",
            f"{wanted.address}: {live.type} {live.id} exists already{last_changed(live)}, and audctl does not "
            f"own it; adopting it would overwrite {overwritten(found.changes)}",
            hint='allow it with --adopt, or metadata.annotations: {audctl.dev/adopt: "true"}',
        )
        return None

    def _replace(self, match: Match, live: LiveObject, found: Differences) -> Step | None:
        wanted = match.desired
        names = ", ".join(found.immutable)
        lifecycle = wanted.resource.lifecycle if wanted.resource is not None else None
        protected = (lifecycle is not None and lifecycle.protect) or (
            match.entry is not None and match.entry.protect
        )
        if match.standing is Standing.FOREIGN:
            self._learn(wanted, live)
            if self._is_elsewhere(wanted, live):
                return None
            self._refuse(
                wanted,
                "AUD2008",
                f"{wanted.address}: {live.type} {live.id} exists already{last_changed(live)} and differs in "
                f"{names}, which no update can change; what audctl did not make is never replaced",
                hint="write the live value into the manifest, or choose another key",
            )
            return None
        if protected or lifecycle is None or not lifecycle.allow_replace:
            self._learn(wanted, live)
            self._refuse(
                wanted,
                "AUD2008",
                f"{wanted.address}: {names} cannot be changed in place; {live.type} {live.id} would "
                "have to be deleted and made anew" + (", and it is protected" if protected else ""),
                hint="take lifecycle.protect away first"
                if protected
                else "set spec.lifecycle.allowReplace: true, or restore the old value",
            )
            return None
        if self._is_elsewhere(wanted, live):
            self._learn(wanted, live)
            return None
        self._learn(wanted, live, stays=False)
        self.anew[wanted.address] = "replaced"
        self.comparison.make_anew(wanted, live, found)
        return self._written(match, live, found, Change.REPLACE, f"{names} cannot change in place")

    def _is_elsewhere(self, wanted: DesiredObject, live: LiveObject) -> bool:
        """Refuse what another project owns: two repositories would undo each other's work for ever."""
        owner = self.owners.get((live.type, live.id))
        if owner is None:
            return False
        self._refuse(
            wanted,
            "AUD2020",
            f"{wanted.address}: {live.type} {live.id} belongs to {owner}{last_changed(live)}, and is never taken over",
            hint="let that project forget it first (spec.removed, action: forget), or take this manifest away",
        )
        return True

    def _warn_of_other_owner(self, wanted: DesiredObject, live: LiveObject) -> None:
        """Say that two ledgers have it: refusing would stop both projects, and neither could say which is right."""
        owner = self.owners.get((live.type, live.id))
        if owner is not None:
            self.findings.append(
                Finding(
                    "AUD2024",
                    Severity.WARNING,
                    f"{wanted.address}: {live.type} {live.id} would be written{last_changed(live)}, "
                    f"and {owner} owns it as well: each may undo what the other does",
                    hint="let one of the two forget it (spec.removed, action: forget)",
                    address=wanted.address,
                    span=wanted.span(),
                )
            )

    # --- shared -----------------------------------------------------------------------------------

    def _written(
        self,
        match: Match,
        live: LiveObject | None,
        found: Differences,
        change: Change,
        reason: str,
    ) -> Step:
        wanted = match.desired
        requires = requires_of(wanted, found)
        if change is not Change.KEEP and (blocker := self._blocker(found, wanted)):
            if live is None:
                self.waiting[wanted.address] = blocker
            else:
                self._learn(wanted, live)
            return Step(
                address=wanted.address,
                type=wanted.type,
                change=Change.MANUAL,
                reason=f"waits for {blocker}, which only a person can make",
                label=label_of(wanted, live),
                fields=tuple(found.changes),
                live_id=live.id if live is not None else "",
                fingerprint=live.fingerprint() if live is not None else "",
                changed_at=live.changed_at if live is not None else None,
                changed_by=live.changed_by if live is not None else "",
                requires=requires,
                span=wanted.span(),
                instructions=f"Once {blocker} exists, plan again: audctl does the rest.",
            )
        resource = wanted.resource
        return Step(
            address=wanted.address,
            type=wanted.type,
            change=change,
            reason=reason,
            label=label_of(wanted, live),
            fields=tuple(found.changes),
            write=found.write,
            owned=found.owned,
            content=self.contents.digest(wanted.type, found.write),
            live_id=live.id if live is not None else "",
            fingerprint=live.fingerprint() if live is not None else "",
            changed_at=live.changed_at if live is not None else None,
            changed_by=live.changed_by if live is not None else "",
            requires=requires,
            span=wanted.span(),
            direct=found.direct or not found.indirect,
            protect=resource is not None and resource.lifecycle.protect,
            deletion_policy=policy_of(wanted),
            renamed_from=match.renamed_from,
            grace_days=resource.lifecycle.grace_days if resource is not None else None,
            previous_names=resource.previous_names if resource is not None else (),
        )

    def _blocker(self, found: Differences, wanted: DesiredObject) -> Address | None:
        """Return the object a person has to make first, if any."""
        if not self.waiting:
            return None
        needed = sorted(found.targets.union(wanted.requires))
        return next((self.waiting[each] for each in needed if each in self.waiting), None)

    def _forget(self, match: Match, live: LiveObject, reason: str) -> Step:
        wanted = match.desired
        return Step(
            address=wanted.address,
            type=wanted.type,
            change=Change.FORGET,
            reason=reason,
            label=label_of(wanted, live),
            live_id=live.id,
            span=wanted.span(),
        )

    def _refuse(self, wanted: DesiredObject, code: str, message: str, hint: str) -> None:
        self.findings.append(
            Finding(code, Severity.ERROR, message, wanted.span(), hint, wanted.address)
        )
