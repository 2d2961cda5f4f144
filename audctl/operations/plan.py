"""Show what applying would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import InterruptedRun

if TYPE_CHECKING:
    from audctl.model.plan import Plan
    from audctl.operations.context import Context
    from audctl.plan.options import PlanOptions


def plan(context: Context, *, options: PlanOptions, measures: bool = False) -> Plan:
    """Return the plan; it writes nothing anywhere. InterruptedRun once a stop is asked for.

    ``measures``: with match rates of the bindings it makes or changes.
    """
    from audctl.operations.survey import survey_project  # noqa: PLC0415 - not for validate

    with survey_project(context, options, measures=measures) as surveyor:
        made = surveyor.plan(surveyor.look(), options)
        if context.stop.is_set():
            raise InterruptedRun("stopped while planning: nothing was written")
        return made
