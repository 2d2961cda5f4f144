"""Findings and errors: place, severity, code, message, and the way out on a line of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audctl.errors import ProviderError
from audctl.model.finding import Severity
from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.errors import AudctlError
    from audctl.model.finding import Finding
    from audctl.model.report import ValidateReport
    from audctl.render.paint import Paint


def findings(found: Iterable[Finding], paint: Paint) -> Iterator[str]:
    """Give the findings in file order, each with its hint, and their number at the end."""
    listed = sorted(found, key=lambda each: each.sort_key)
    for each in listed:
        yield from _finding(each, paint)
    if listed:
        numbers = Counter(each.severity for each in listed)
        yield ", ".join(
            counted(numbers[severity], severity.value) for severity in Severity if numbers[severity]
        )


def _finding(finding: Finding, paint: Paint) -> Iterator[str]:
    where = "" if finding.span is None else f"{printable(str(finding.span))} "
    colour = {
        Severity.ERROR: paint.bad,
        Severity.WARNING: paint.caution,
        Severity.NOTE: paint.note,
    }[finding.severity]
    yield (
        f"{where}{colour(finding.severity.value)} {paint.bold(finding.code)} "
        f"{printable(finding.message)}"
    )
    if finding.hint:
        yield f"    hint: {printable(finding.hint)}"


def validation(report: ValidateReport, paint: Paint) -> Iterator[str]:
    """Give the findings, then what was read."""
    yield from findings(report.findings, paint)
    kinds = Counter(each.address.kind for each in report.resources)
    listed = ", ".join(f"{number} {printable(kind)}" for kind, number in sorted(kinds.items()))
    if report.is_valid:
        read = counted(len(report.resources), "resource")
        yield (
            f"{paint.good('Valid')}: {read} ({listed})"
            if listed
            else f"{paint.good('Valid')}: {read}"
        )
    else:
        yield f"{paint.bad('Not valid')}: see the errors above"


def error(raised: AudctlError, paint: Paint) -> Iterator[str]:
    """Give an expected error: one line for each line of its text, and what to know about the call."""
    first, *rest = str(raised).splitlines() or [type(raised).__name__]
    yield f"{paint.bad('error')}: {printable(first)}"
    for line in rest:
        yield f"    {printable(line)}"
    if isinstance(raised, ProviderError):
        about = [
            f"{name}: {text}"
            for name, text in (("call", raised.operation), ("code", raised.code))
            if text and text not in str(raised)
        ]
        if about:
            yield f"    {printable(', '.join(about))}"
        if raised.may_have_happened:
            yield "    the write may have happened all the same: the next plan will show"
