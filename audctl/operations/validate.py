"""Check manifests without a call to any live system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.manifest.policy import plan_policy
from audctl.model.report import ValidateReport
from audctl.operations.context import SystemClock
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.operations.context import Context


def validate(context: Context) -> ValidateReport:
    """Return the resources and every finding of the last stage that could run; law comes last."""
    from audctl.plan.law.check import check_law  # noqa: PLC0415 - only for what is valid so far

    loaded = load(context)
    findings = loaded.findings
    if not loaded.has_errors:
        policy = plan_policy(loaded.project, loaded.environment)
        law = check_law(loaded.resources, policy, SystemClock().now().date())
        findings = tuple(sorted((*findings, *law), key=lambda each: each.sort_key))
    return ValidateReport(resources=loaded.resources, findings=findings)
