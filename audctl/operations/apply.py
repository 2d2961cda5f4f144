"""Make the live systems what the manifests say, and prove it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.errors import (
    AudctlError,
    FindingsError,
    InterruptedRun,
    LockError,
    PlanRefused,
)
from audctl.model.change import Change
from audctl.model.finding import Severity
from audctl.model.outcome import Result
from audctl.model.plan import PlanOptions
from audctl.operations.account import Account
from audctl.operations.approval import read_approval
from audctl.operations.hold import LEASE, kept_alive, locked, release_soon
from audctl.operations.journal import JournalChoice, journaled
from audctl.operations.listeners import Listeners
from audctl.operations.stop import Parting
from audctl.plan.options import EMPTY_PROJECT, EMPTY_READ
from audctl.plan.settling import settling_bindings

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from audctl.model.ledger import Ledger
    from audctl.model.outcome import ApplyReport
    from audctl.model.plan import Plan
    from audctl.operations.connect import Connection
    from audctl.operations.context import Context
    from audctl.operations.journal import RunJournal
    from audctl.operations.survey import Surveyor
    from audctl.ports import Lease

BEING_TAKEN = f"a lock that was being taken ends by itself within {LEASE.seconds // 60} minutes"

DONE_WITH = frozenset({"AUD2013", "AUD2501"})
"""Expected of a second plan: what was allowed has been done, and what was selected may be gone."""


def apply(  # noqa: PLR0913 - what a person decides about one run
    context: Context,
    *,
    plan_file: Path | None,
    options: PlanOptions,
    show: Callable[[Plan], None],
    approve: Callable[[Plan], bool],
    parallelism: int,
    verify: bool,
    expect_digest: str | None,
    journal: JournalChoice = JournalChoice(),  # noqa: B008 - frozen
) -> tuple[Plan, ApplyReport | None]:
    """Take the lock, plan, show the plan, have it approved, run it, read again. None: it was not approved.

    With ``plan_file``, or with ``expect_digest``, it goes on only when planning now gives the same digest:
    StalePlanError otherwise. FindingsError and PlanRefused say why a plan may not be applied at all; it is shown
    before. Once something was written, nothing that fails afterwards hides the report of it.
    """
    from audctl.apply.executor import run  # noqa: PLC0415 - not for validate
    from audctl.operations.survey import survey_project  # noqa: PLC0415

    approval = read_approval(plan_file, expect_digest, options)
    options = approval.options(options)
    listeners = Listeners(context.observer)
    context = replace(context, observer=listeners)
    with survey_project(context, options, writes=True) as surveyor:
        connection = surveyor.connection
        approval.check_belongs(surveyor.loaded.project.name, connection.identity)
        run_id = f"{connection.clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        named = approval.plan.digest if approval.plan is not None else expect_digest or ""
        account = Account(run_id)
        report: ApplyReport | None = None
        context.stop.at_once(lambda: Parting(words=(BEING_TAKEN,)))
        with (
            locked(connection.store, reason=f"apply {run_id}", plan=named) as (lease, trouble),
            journaled(
                journal, surveyor.loaded, run=run_id, command="apply", clock=connection.clock
            ) as kept,
        ):
            listeners.add(account, *kept.observers)
            context.stop.at_once(lambda: _part(account, kept, lease, connection))
            with kept_alive(lease):
                survey = surveyor.look()
                plan = surveyor.plan(survey, options)
                approval.check_unchanged(plan)
                plan = approval.annotate(plan)
                kept.planned(plan)
                _go_on_unless(context.stop)
                show(plan)
                refuse_unfit(plan)
                if plan.writes:
                    lease.name_plan(plan.digest)
                approved = approve(plan)
                if approved:
                    _go_on_unless(context.stop)
            if approved:
                begun = connection.clock.now()
                account.open(plan)
                report = run(
                    plan,
                    providers=connection.providers,
                    store=connection.store,
                    lease=lease,
                    ledger=survey.ledger,
                    clock=connection.clock,
                    observer=listeners,
                    parallelism=parallelism,
                    run_id=run_id,
                    stop_requested=context.stop.is_set,
                    on_lost=context.stop.set,
                    tracer=context.tracer,
                )
                after: Ledger | None = None
                if verify and not (report.interrupted or report.lock_lost):
                    report, after = _verified(report, surveyor, options, lease)
                report = _with_pending(report, surveyor, after, begun)
                report = replace(
                    report,
                    allowed=tuple(sorted(options.allowed)),
                    traffic=connection.talk.traffic(),
                    journal=kept.path,
                )
                kept.told(report)
    if report is None:
        if trouble:
            raise LockError("; ".join(trouble))
        return plan, None
    return plan, replace(report, remarks=(*report.remarks, *kept.trouble, *trouble))


def _part(account: Account, journal: RunJournal, lease: Lease, connection: Connection) -> Parting:
    """Let go of the lock if that is quick, and tell how far the run came."""
    words = release_soon(lease)
    report = account.report(connection.talk.traffic())
    if report is not None:
        report = replace(report, journal=journal.path, remarks=(words,))
        journal.told(report)
    else:
        journal.ended("interrupted", words)
    return Parting(words=(words,), plan=account.plan, report=report)


def _go_on_unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise InterruptedRun("stopped before anything was written")


def refuse_unfit(plan: Plan) -> None:
    """Raise when a finding stands against the plan: PlanRefused when only guards object, else FindingsError."""
    errors = [each for each in plan.findings if each.severity is Severity.ERROR]
    if not errors:
        return
    if all(each.code.startswith("AUD21") for each in errors):
        raise PlanRefused("\n".join(f"{each.code} {each.message}; {each.hint}" for each in errors))
    raise FindingsError(plan.findings)


def _verified(
    report: ApplyReport, surveyor: Surveyor, options: PlanOptions, lease: Lease
) -> tuple[ApplyReport, Ledger | None]:
    """Read everything again; what a new plan still has is left, and said so. Also gives the ledger as read again.

    Of what was allowed only the belief in empty answers still holds: the rest is done by now, or is left.
    """
    believed = frozenset(
        each for each in options.allowed if each.startswith((EMPTY_PROJECT, EMPTY_READ))
    )
    try:
        with kept_alive(lease):
            survey = surveyor.look()
            after = surveyor.plan(
                survey, PlanOptions(allowed=believed, selection=options.selection)
            )
    except InterruptedRun:
        unread = "the run was interrupted before the second read was over: nothing is proved"
        return replace(report, interrupted=True, remarks=(unread,)), None
    except AudctlError as error:
        return replace(report, verified=False, remarks=(f"the second read failed: {error}",)), None
    left = tuple(step for step in after.steps if step.change is not Change.KEEP)
    # What waits for a person is left, and is no failure of this run.
    undone = any(step.change is not Change.MANUAL for step in left)
    wrong = [
        each
        for each in after.findings
        if each.severity is Severity.ERROR and each.code not in DONE_WITH
    ]
    proved = replace(
        report,
        verified=not undone and not wrong,
        left=left,
        remarks=tuple(f"{each.code} {each.message}" for each in wrong),
    )
    return proved, survey.ledger


def _with_pending(
    report: ApplyReport, surveyor: Surveyor, ledger: Ledger | None, begun: datetime
) -> ApplyReport:
    """Add what the platforms move from now on because of this run; left out when the ledger cannot be read again."""
    if not report.of(Result.DONE):
        return report
    try:
        ledger = ledger or surveyor.connection.store.load()
    except AudctlError:
        return report
    desired = {each.address: each for each in surveyor.desired}
    # To the second: that is how exactly some stores keep times.
    since = begun.replace(microsecond=0)
    return replace(report, pending=settling_bindings(ledger, desired, since))
