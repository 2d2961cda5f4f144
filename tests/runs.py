"""Runs to report about: one of each sort, and one in which everything that can be hostile is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audctl.manifest.decode import decode  # noqa: F401 - loads the model before its parts
from audctl.model.address import Address
from audctl.model.change import Change, FieldChange, FieldReason, Step
from audctl.model.effect import CountSource, Effect, Impact
from audctl.model.finding import Finding, Severity
from audctl.model.outcome import ApplyReport, Outcome, Result
from audctl.model.plan import EnvironmentIdentity, Plan, PlanOptions, Revision
from audctl.model.report import (
    DriftField,
    DriftItem,
    DriftKind,
    DriftReport,
    UnmanagedItem,
    UnmanagedReport,
    ValidateReport,
)
from audctl.model.run import Applied, Failure, Run
from audctl.model.selection import Selection
from audctl.model.span import Span
from audctl.model.status import (
    BindingStatus,
    Definition,
    Direction,
    Freshness,
    Judged,
    StatusReport,
    Trouble,
)
from audctl.model.value import Unknown
from audctl.model.verdict import Judgement, Verdict
from audctl.plan.plan_json import plan_to_json
from audctl.render import status_json, to_json
from tests.build import make_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BEGAN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECRET = "hunter2-the-secret"
SMALL = 37
"""A count of people that must be seen nowhere."""

HOSTILE = (
    "<script>alert(1)</script> @everyone #123 !7 ~bug GH-9 |pipe| `tick` ``` ~~~ *bold* [a](http://evil.example) "
    "![i](x) :tada: $x$ www.evil.example a@b.example ::error::x ##[error]y ]]> <!-- --> %0A &amp; \"q\" 'q' \\ "
    "\x00\x1b[31m\u202e\u2028\ufffe\ud800\r\n/close\n## head\n</details></pre></style>"
)


def make_step(number: int, **changes: Any) -> Step:  # noqa: ANN401 - fields of Step
    """Return an update of one audience."""
    step = Step(
        address=Address("Audience", f"audience-{number:05}", "aam.segment"),
        type="aam.segment",
        change=Change.UPDATE,
        reason="manifest changed",
        label=f"Audience {number}",
        live_id=str(number),
        span=Span("audiences.yaml", number + 1, 3),
        fields=(
            FieldChange(
                field="rule", before="1T", after=Unknown("2T AND 3T"), reason=FieldReason.MANIFEST
            ),
        ),
        impact=Impact(before=812_000, after=203_000, source=CountSource.ESTIMATE, low=190_000, high=217_000),
    )  # fmt: skip
    return replace(step, **changes)


def make_plan(*steps: Step, **changes: Any) -> Plan:  # noqa: ANN401 - fields of Plan
    """Return a plan of these steps."""
    plan = Plan(
        project="shop",
        environment=EnvironmentIdentity(
            name="prod", organization="org", audience_manager="https://aam", campaign="https://ac"
        ),
        steps=steps,
        unmanaged={"aam.segment": 3},
        live_as_of=BEGAN,
        digest="d" * 64,
        calls={"aam": 5},
        verdicts=(
            Verdict(guard="maxDeletes", judgement=Judgement.PASSED, limit="10%", measured="0"),
        ),
        revision=Revision(commit="c" * 40, branch="main"),
    )
    return replace(plan, **changes)


def make_run(result: Any = None, command: str = "plan", **changes: Any) -> Run:  # noqa: ANN401 - fields of Run
    """Return a run that ended well, unless told otherwise."""
    documents: Mapping[type, Callable[[Any], object]] = {
        Plan: plan_to_json,
        Applied: lambda ended: to_json.apply_report(plan_to_json(ended.plan), ended.report),
        ValidateReport: to_json.validation,
        DriftReport: to_json.drift,
        UnmanagedReport: to_json.unmanaged,
        StatusReport: status_json.status,
    }
    run = Run(
        command=command,
        tool="audctl 9.9.9",
        started_at=BEGAN,
        ended_at=BEGAN + timedelta(seconds=2),
        project="shop",
        environment="prod",
        folder="audiences/shop",
        result=result,
        document=None if result is None else lambda: documents[type(result)](result),
    )
    return replace(run, **changes)


def hostile_plan() -> Plan:
    """Return a plan in which every text is written by an enemy, with a secret and a small count."""
    about = Address("Audience", HOSTILE, "aam.segment")
    shrunk = Impact(before=1_000, after=SMALL, source=CountSource.ESTIMATE, low=SMALL, high=SMALL)
    step = make_step(
        1,
        address=about,
        label=HOSTILE,
        reason=HOSTILE,
        live_id=HOSTILE,
        changed_by=HOSTILE,
        changed_at=BEGAN,
        instructions=HOSTILE,
        span=Span("a folder/naïve#1.yaml", 3, 4),
        fields=(
            FieldChange(field="label", before=HOSTILE, after=HOSTILE, reason=FieldReason.DRIFT),
            FieldChange(
                field="secretAccessKey",
                before=SECRET,
                after=SECRET,
                reason=FieldReason.MANIFEST,
                sensitive=True,
            ),
        ),
        impact=shrunk,
    )
    listed = Address("List", "vip", "campaign.list")
    return make_plan(
        step,
        make_step(2, change=Change.DELETE),
        project=HOSTILE,
        findings=(
            Finding("AUD2101", Severity.ERROR, HOSTILE, Span("a.yaml", 3, 4), HOSTILE, about),
            Finding("AUD2001", Severity.WARNING, HOSTILE, hint=HOSTILE),
            Finding("AUD2013", Severity.NOTE, HOSTILE),
        ),
        verdicts=(
            Verdict(
                guard="maxShrink",
                judgement=Judgement.OVER,
                limit="25%",
                measured=HOSTILE,
                names=(HOSTILE,),
            ),
        ),
        options=PlanOptions(allowed=frozenset({HOSTILE})),
        revision=Revision(commit="c" * 40, branch=HOSTILE, dirty=True),
        effects=(
            Effect(address=about, label=HOSTILE, impact=shrunk, chain=(about,)),
            Effect(address=listed, label=HOSTILE, impact=shrunk, chain=(about, listed)),
        ),
    )


def hostile_run() -> Run:
    """Return the run of that plan, whose project and environment are named by the same enemy."""
    plan = hostile_plan()
    return make_run(plan, exit_code=3, project=HOSTILE, environment=HOSTILE, plan_path=HOSTILE)


def applied_in_part() -> Applied:
    """Return an apply with one step of each end."""
    done, failed, left = make_step(1), make_step(2), make_step(3, span=None)
    plan = make_plan(done, failed, left)
    report = ApplyReport(
        run="20260304T050607Z-abcdef",
        outcomes=(
            Outcome(step=done, result=Result.DONE, live_id="1"),
            Outcome(
                step=failed, result=Result.FAILED, message="it is in use", may_have_happened=True
            ),
            Outcome(
                step=left,
                result=Result.NOT_TRIED,
                message="waits for another",
                blocked_by=failed.address,
            ),
        ),
        verified=False,
        left=(failed, left),
        remarks=("the lock could not be let go",),
    )
    return Applied(plan=plan, report=report)


def drifted() -> DriftReport:
    """Return one object that drifted, one that is gone and one that nobody could read."""
    changed = DriftItem(
        address=Address("Audience", "cart", "aam.segment"),
        type="aam.segment",
        kind=DriftKind.CHANGED,
        live_id="1",
        label="Cart",
        fields=(
            DriftField(field="label", recorded="Cart", live="Carts!!"),
            DriftField(field="key", recorded=SECRET, live=SECRET, sensitive=True),
        ),
        changed_at=BEGAN,
        changed_by="12",
        applied_at=BEGAN - timedelta(days=1),
        span=Span("cart.yaml", 3, 1),
    )
    gone = replace(changed, address=Address("List", "vip", "campaign.list"), kind=DriftKind.GONE)
    return DriftReport(
        items=(changed, gone),
        checked=5,
        unknown=(Address("Trait", "web", "aam.trait"),),
        live_as_of=BEGAN,
    )


def stood() -> StatusReport:
    """Return one binding that is fine, one that is pending with few people, one overdue and one nobody knows of."""
    fine = BindingStatus(
        address=Address("ImportBinding", "cart"),
        direction=Direction.IMPORT,
        audience="cart",
        list="cart",
        definition=Definition.IN_PLACE,
        runs=True,
        judged=Judged(
            freshness=Freshness.OK,
            synchronised_at=BEGAN - timedelta(hours=3),
            limit=timedelta(hours=36),
        ),
        audience_people=9_000,
        list_people=4_500,
        span=Span("cart.yaml", 9, 1),
    )
    late = Judged(freshness=Freshness.OVERDUE, why="importSharedAudience does not run")
    soon = Judged(freshness=Freshness.PENDING, why="never synchronised", latest=BEGAN)
    trouble = Trouble(
        address=Address("Audience", "vip", "aam.segment"),
        definition=Definition.DIFFERS,
        fields=("label",),
    )
    return StatusReport(
        bindings=(
            fine,
            replace(
                fine,
                address=Address("ImportBinding", "new"),
                judged=soon,
                audience_people=7,
                list_people=0,
            ),
            replace(
                fine,
                address=Address("ImportBinding", "vip"),
                judged=late,
                definition=Definition.DIFFERS,
                troubles=(trouble,),
            ),
        ),
        live_as_of=BEGAN,
        left_out=2,
        selection=Selection(only=("team=web",)),
    )


def every_sort() -> Mapping[str, Run]:
    """Return a run of each sort, by name."""
    wrong = (
        Finding(
            "AUD1302",
            Severity.ERROR,
            'trait "x" is not defined',
            Span("cart.yaml", 7, 9),
            'did you mean "y"?',
            Address("Audience", "cart"),
        ),
        Finding("AUD1407", Severity.WARNING, "a name that reads oddly", Span("web.yaml", 2, 1)),
    )
    resource = make_resource(Address("Audience", "cart"))
    failure = Failure(
        type="LockError", findings=(Finding("AUD2603", Severity.ERROR, "held by ci since 05:00"),)
    )
    unmanaged = UnmanagedReport(
        items=(UnmanagedItem(type="aam.segment", live_id="7", label="Old", key=("old",)),),
        live_as_of=BEGAN,
    )
    refused = make_plan(
        make_step(1, change=Change.DELETE),
        findings=(Finding("AUD2101", Severity.ERROR, "too many deletes", hint="--allow it"),),
    )
    return {
        "valid": make_run(ValidateReport(resources=(resource,)), "validate"),
        "not valid": make_run(
            ValidateReport(resources=(resource,), findings=wrong), "validate", exit_code=1
        ),
        "plan": make_run(make_plan(make_step(1), make_step(2, change=Change.KEEP, fields=()))),
        "empty plan": make_run(make_plan()),
        "refused": make_run(refused, "apply", exit_code=3),
        "applied in part": make_run(applied_in_part(), "apply", exit_code=5),
        "drift": make_run(drifted(), "drift", exit_code=1),
        "unmanaged": make_run(unmanaged, "unmanaged"),
        "status": make_run(stood(), "status", exit_code=7),
        "lock held": make_run(command="apply", failure=failure, exit_code=6),
        "hostile": hostile_run(),
    }
