"""An import: files, what could not be written and why, and whether the manifests say what is live."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from audctl.model.imported import FileChange
from audctl.render.printable import printable
from audctl.render.to_terminal.findings import findings
from audctl.render.to_terminal.words import counted, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.imported import ImportedFile, ImportReport, Skipped
    from audctl.render.paint import Paint

SHOWN_OF_ONE_REASON = 10
"""Objects with one reason that are named; the rest is counted. JSON has them all."""


def imported(report: ImportReport, paint: Paint) -> Iterator[str]:
    """Give the counts, the files, what was left out by reason, and what planning with them finds."""
    written = sum(each.change is FileChange.WRITTEN for each in report.files)
    updated = len(report.files) - written
    yield paint.bold(_headline(report, written, updated))
    for each in report.files:
        yield f"  {_file(each, paint)}"
    yield from _skipped(report.skipped, paint)
    if report.findings:
        yield ""
        yield from findings(report.findings, paint)
    if written:
        yield ""
        yield _verdict(report, paint)


def _headline(report: ImportReport, written: int, updated: int) -> str:
    would = "would be " if report.dry_run else ""
    about = f"{counted(report.managed, 'live object')} managed already"
    if not written and not updated:
        return f"Import: nothing to write ({about})"
    parts = [f"{counted(written, 'file')} {would}written"] if written else []
    if updated:
        parts.append(f"{counted(updated, 'manifest')} {would}updated")
    return f"Import: {', '.join(parts)} ({about})"


def _file(each: ImportedFile, paint: Paint) -> str:
    mark = paint.good("+") if each.change is FileChange.WRITTEN else paint.caution("~")
    fields = f"  {paint.faint(', '.join(map(printable, each.fields)))}" if each.fields else ""
    return f"{mark} {printable(each.path)}  {printable(str(each.address))}{fields}"


def _skipped(skipped: tuple[Skipped, ...], paint: Paint) -> Iterator[str]:
    if not skipped:
        return
    yield ""
    yield paint.bold(f"Left out: {counted(len(skipped), 'live object')}")
    for (kind, reason, hint), items in groupby(
        sorted(skipped, key=lambda each: (each.type, each.reason, each.hint)),
        key=lambda each: (each.type, each.reason, each.hint),
    ):
        listed = list(items)
        yield f"  {paint.bold(kind)} ({len(listed)}): {printable(reason)}"
        for each in listed[:SHOWN_OF_ONE_REASON]:
            yield f"    {printable(each.live_id)}{label(each.label)}"
        if len(listed) > SHOWN_OF_ONE_REASON:
            yield f"    and {len(listed) - SHOWN_OF_ONE_REASON} more"
        if hint:
            yield f"    hint: {printable(hint)}"


def _verdict(report: ImportReport, paint: Paint) -> str:
    """Say what a plan with the new manifests holds."""
    parts = [f"{report.adopt} to adopt"] if report.adopt or not report.observed else []
    if report.observed:
        parts.append(f"{report.observed} only observed")
    colour = paint.good if report.is_faithful else paint.bad
    return colour(f"Plan with the new manifests: {', '.join(parts)}, {report.change} to change")
