"""Files in canonical form: their names, or their differences; and in one line what it came to."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from audctl.render.printable import printable
from audctl.render.to_terminal.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.formatted import FormatReport, FormattedFile
    from audctl.render.paint import Paint


def formatted(report: FormatReport, paint: Paint, *, diff: bool) -> Iterator[str]:
    """Give one line for each file that differs, or all lines in which it does."""
    for each in report.differing:
        if diff:
            yield from _painted(each, paint)
        else:
            yield printable(each.path)


def formatted_in_short(report: FormatReport) -> str:
    """Give one line: of how many files how many differ."""
    number, files = len(report.differing), counted(len(report.files), "file")
    if not number:
        return f"{files} in canonical form"
    if report.written:
        return f"Formatted: {number} of {files}"
    return f"{number} of {files} not in canonical form"


def difference(file: FormattedFile) -> Iterator[str]:
    """Give the unified difference of one file, line by line."""
    before, after = file.before.split("\n"), file.after.split("\n")
    if not before[-1]:
        # Otherwise the missing line end is a difference as well.
        del before[-1], after[-1]
    for line in unified_diff(before, after, file.path, file.path, lineterm=""):
        # Two of its own lines end with a tab and an empty date.
        yield line.rstrip("\t") if line.startswith(("--- ", "+++ ")) else line


def _painted(file: FormattedFile, paint: Paint) -> Iterator[str]:
    for line in difference(file):
        colour = {"+": paint.good, "-": paint.bad, "@": paint.note}.get(line[:1], str)
        yield colour(printable(line))
