"""List what nobody manages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.report import UnmanagedReport
    from audctl.operations.context import Context


def unmanaged(context: Context) -> UnmanagedReport:
    """Return the live objects that no manifest and no ledger entry stands for, and who else owns some of them."""
    from audctl.operations.survey import survey_project  # noqa: PLC0415 - not for validate
    from audctl.plan.unmanaged import list_unmanaged  # noqa: PLC0415

    with survey_project(context, may_be_empty=True) as surveyor:
        survey = surveyor.look()
        owners = surveyor.connection.store.owners()
        return list_unmanaged(survey.live, survey.ledger, survey.desired, owners=owners)
