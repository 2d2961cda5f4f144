"""Tell what someone else changed since audctl last wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.model.selection import EVERYTHING, Selection
from audctl.operations.uncollected import uncollected

if TYPE_CHECKING:
    from audctl.model.report import DriftReport
    from audctl.operations.context import Context


@uncollected()
def drift(
    context: Context, *, selection: Selection = EVERYTHING, since_apply: bool = False
) -> DriftReport:
    """Compare live with last-applied for every owned object, and with its manifest for every observed one.

    It writes nothing anywhere. What cannot be read is unknown, not clean: one live system that fails does not hide
    what the other one shows. Raises FindingsError for a pattern that fits nothing, ProviderError when neither system
    can be read.
    """
    from audctl.operations.read import glimpse_live  # noqa: PLC0415 - not for validate
    from audctl.operations.survey import survey_project  # noqa: PLC0415
    from audctl.plan.drift import compute_drift  # noqa: PLC0415
    from audctl.plan.selection import Scope  # noqa: PLC0415

    with survey_project(context) as surveyor:
        connection = surveyor.connection
        ledger = connection.store.load()
        if wrong := Scope(selection, surveyor.desired, ledger).findings():
            raise FindingsError(wrong)
        seen = glimpse_live(connection, surveyor.desired, ledger, context.observer)
        return compute_drift(
            seen.live,
            ledger,
            surveyor.desired,
            selection=selection,
            since_apply=since_apply,
            unreadable=seen.unreadable,
            failures=seen.failures,
        )
