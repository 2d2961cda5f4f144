"""How the exchange says no: a finding that names the file, the table or the option, never an id."""

from __future__ import annotations

from audctl.errors import FindingsError
from audctl.model.finding import Finding, Severity


def fault(code: str, message: str, hint: str = "") -> FindingsError:
    """Return the error of one finding."""
    return FindingsError([Finding(code, Severity.ERROR, message, None, hint)])


def warning(code: str, message: str, hint: str = "") -> Finding:
    """Return a finding that stops nothing."""
    return Finding(code, Severity.WARNING, message, None, hint)
