"""Make a lost ledger anew: what is live and carries a manifest's key is claimed again.

Nobody knows any more what was last applied, so the fields are taken as they are live now. What the manifests say
differently is then a change of theirs in the next plan, to be reviewed there; nothing live is written here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audctl.ledger.owners import Owners
from audctl.manifest.policy import plan_policy
from audctl.model.canonical import canonical
from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.ledger import LedgerEntry
from audctl.model.ledger_edit import Edit, EditedEntry
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.plan import PlanOptions
from audctl.operations.ledger.editing import Edited, edit_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audctl.model.change import Step
    from audctl.model.ledger import Ledger
    from audctl.model.ledger_edit import LedgerEdit
    from audctl.model.live import LiveObject
    from audctl.operations.context import Context
    from audctl.operations.ledger.opened import Opened
    from audctl.plan.build import Draft


def ledger_rebuild(context: Context, *, approve: Callable[[LedgerEdit], bool]) -> LedgerEdit:
    """Claim every live object that a manifest means and that no ledger has; what the ledger has stays as it is.

    FindingsError when the manifests cannot be used; a read that fails claims nothing.
    """

    def work(at: Opened, ledger: Ledger) -> Edited:
        from audctl.operations.read import read_live  # noqa: PLC0415 - only here
        from audctl.plan.build import draft_plan  # noqa: PLC0415 - only here

        desired = at.loaded.desired()
        live = read_live(at.connection, desired, ledger, context.observer)
        draft = draft_plan(
            desired,
            live,
            ledger,
            project=ledger.project,
            environment=at.connection.identity,
            options=PlanOptions(adopt=True),
            policy=plan_policy(at.loaded.project, at.loaded.environment),
            owners=Owners(at.store.owners),
            now=live.read_at,
        )
        claimed = [each for each in draft.steps if each.change is Change.ADOPT]
        entries = [_entry(each, live.by_id[each.type, each.live_id], ledger) for each in claimed]
        return Edited(
            ledger=ledger.with_changes(
                recorded=entries, settled=[each.address for each in entries]
            ),
            entries=tuple(_edited(each) for each in claimed),
            notes=tuple(_notes(draft, entries)),
        )

    return edit_ledger(context, "ledger rebuild", work, approve)


def _entry(step: Step, live: LiveObject, ledger: Ledger) -> LedgerEntry:
    kinds = OBJECT_TYPES[step.type].fields
    return LedgerEntry(
        address=step.address,
        type=step.type,
        live_id=step.live_id,
        fields={
            name: canonical(kinds[name].form, live.fields[name])
            for name in step.owned
            if name in kinds and name in live.fields and kinds[name].form is not Form.SECRET
        },
        requires=step.requires,
        protect=step.protect,
        deletion_policy=step.deletion_policy,
        created=step.address in ledger.intents,
        label=step.label,
        grace_days=step.grace_days,
        previous_names=step.previous_names,
    )


def _edited(step: Step) -> EditedEntry:
    differing = ", ".join(each.field for each in step.fields)
    return EditedEntry(
        edit=Edit.CLAIMED,
        address=step.address,
        live_id=step.live_id,
        label=step.label,
        note=f"differs from its manifest in {differing}" if differing else "",
    )


def _notes(draft: Draft, entries: Sequence[LedgerEntry]) -> Iterator[str]:
    changes = Counter(each.change for each in draft.steps)
    if entries:
        yield "the fields are recorded as they are live now: what differs is a change in the next plan"
    if changes[Change.CREATE]:
        yield f"not live, so not claimed: {changes[Change.CREATE]}; apply makes what is missing"
    yield from (
        f"not claimed: {each.code} {each.message}"
        for each in draft.findings
        if each.severity is Severity.ERROR
    )
