"""Doctor: one line per check, the way out under those that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.report import Check, DoctorReport
    from audctl.render.paint import Paint


def doctor(report: DoctorReport, paint: Paint) -> Iterator[str]:
    """Give every check in the order made, then how many failed."""
    width = max((len(printable(each.name)) for each in report.checks), default=0)
    for check in report.checks:
        name = printable(check.name).ljust(width)
        yield f"{_mark(check, paint)}  {name}  {printable(check.message)}".rstrip()
        if check.hint and not check.ok:
            yield f"      hint: {printable(check.hint)}"
    failed = sum(check.ok is False for check in report.checks)
    skipped = sum(check.ok is None for check in report.checks)
    passed = len(report.checks) - failed - skipped
    rest = f", {skipped} not possible" if skipped else ""
    yield paint.bold(f"{counted(passed, 'check')} passed, {failed} failed{rest}")


def _mark(check: Check, paint: Paint) -> str:
    if check.ok is None:
        return paint.caution("skip")
    return paint.good("ok  ") if check.ok else paint.bad("FAIL")
