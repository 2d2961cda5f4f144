"""Check manifests without a call to any live system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.report import ValidateReport
from audctl.operations.load import load

if TYPE_CHECKING:
    from audctl.operations.context import Context


def validate(context: Context) -> ValidateReport:
    """Return the resources and every finding of the last stage that could run."""
    loaded = load(context)
    return ValidateReport(resources=loaded.resources, findings=loaded.findings)
