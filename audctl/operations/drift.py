"""Tell what someone else changed since audctl last wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.report import DriftReport
    from audctl.operations.context import Context


def drift(context: Context) -> DriftReport:
    """Compare live with last-applied for every owned object; what cannot be read is unknown, not clean."""
    from audctl.operations.survey import survey_project  # noqa: PLC0415 - not for validate
    from audctl.plan.drift import compute_drift  # noqa: PLC0415

    with survey_project(context) as surveyor:
        survey = surveyor.look()
        return compute_drift(survey.live, survey.ledger, survey.desired)
