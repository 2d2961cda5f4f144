"""Hold a run to what was approved: a plan file, or the digest of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.errors import StalePlanError, UsageError
from audctl.operations.revision import revision_findings

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.model.plan import EnvironmentIdentity, Plan, PlanOptions

STEPS_SHOWN = 20
"""Between an approved plan and the one that would run: enough to see what happened."""

_DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What somebody agreed to: nothing yet, a digest, or a whole plan."""

    plan: Plan | None = None
    digest: str | None = None

    def options(self, given: PlanOptions) -> PlanOptions:
        """Return what to plan with: the approved plan's options, else those given."""
        return given if self.plan is None else self.plan.options

    def check_belongs(self, project: str, identity: EnvironmentIdentity) -> None:
        """Refuse another project's or another environment's plan; raise StalePlanError."""
        if self.plan is None:
            return
        if self.plan.project != project:
            raise StalePlanError(
                f'the plan is for project "{self.plan.project}", this is "{project}"'
            )
        if self.plan.environment != identity:
            raise StalePlanError(
                f"the plan is for {_shown(self.plan.environment)}; this is {_shown(identity)}"
            )

    def check_unchanged(self, now: Plan) -> None:
        """Refuse a plan that is not the approved one; raise StalePlanError with all that differs."""
        if self.plan is not None and self.plan.digest != now.digest:
            raise StalePlanError(_told_apart(self.plan, now))
        if self.digest is not None:
            check_digest(now, self.digest)

    def annotate(self, now: Plan) -> Plan:
        """Return the plan with what should be known of its approval."""
        if self.plan is None:
            return now
        findings = sorted(
            (*now.findings, *revision_findings(self.plan, now)), key=lambda each: each.sort_key
        )
        return replace(now, findings=tuple(findings))


def read_approval(
    plan_file: Path | None, expect_digest: str | None, options: PlanOptions
) -> Approval:
    """Return what was approved; raise StalePlanError for a file that cannot be trusted, or has another digest.

    UsageError when ``options`` ask for what only planning may decide.
    """
    if plan_file is None:
        return Approval(digest=expect_digest)
    from audctl.plan.plan_file import read_plan  # noqa: PLC0415 - only for a file

    if options.adopt or options.allowed or options.selection:
        raise UsageError(
            "--adopt, --allow, --only and --exclude belong to planning; a plan file already holds what was approved"
        )
    plan = read_plan(plan_file)
    if expect_digest is not None and plan.digest != expect_digest:
        raise StalePlanError(
            f"{plan_file} has digest {plan.digest}, not the expected {expect_digest}"
        )
    return Approval(plan=plan, digest=expect_digest)


def check_digest(plan: Plan, expected: str) -> None:
    """Raise StalePlanError unless the plan has this digest."""
    if plan.digest != expected:
        raise StalePlanError(f"the plan has digest {plan.digest}, not the expected {expected}")


def _told_apart(approved: Plan, now: Plan) -> str:
    from audctl.plan.plan_difference import compare_plans  # noqa: PLC0415 - rarely needed

    difference = compare_plans(approved, now)
    counts = f": {difference.summary}" if difference.summary else ""
    lines = "\n".join(f"  {line}" for line in difference.lines(steps_shown=STEPS_SHOWN))
    return (
        f"what was approved ({approved.digest[:_DIGEST_SHOWN]}) is not what would run now "
        f"({now.digest[:_DIGEST_SHOWN]}){counts}\n{lines}\nplan again and have it approved"
    )


def _shown(place: EnvironmentIdentity) -> str:
    return f"{place.name} ({place.organization}, {place.audience_manager}, {place.campaign})"
