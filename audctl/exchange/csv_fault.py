"""What is wrong with a CSV table, by file and line: what DuckDB says of it quotes the line, which no message may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from audctl.errors import FindingsError
from audctl.model.finding import Finding, Severity
from audctl.model.span import Span

if TYPE_CHECKING:
    from pathlib import Path

# The line that is quoted may itself look like either: only the beginning and the last place are DuckDB's own words.
_LINE: Final = re.compile(r"Invalid Input Error: CSV Error on Line: (\d+)\n")
_FILE: Final = re.compile(r"^  file = (.+)$", re.MULTILINE)
_REASONS: Final = (
    ("\nInvalid unicode", "the line is not UTF-8"),
    ("\nExpected Number of Columns: ", "the line has not as many values as there are columns"),
    ("\nValue with unterminated quote", "a quote is not closed, or goes on behind its end"),
    ("\nMaximum line size", "the line is too long"),
)


def find_csv_fault(text: str, own: Path) -> FindingsError | None:
    """Return what a message of DuckDB says of a line of a CSV file; None where it is about something else.

    ``own``: the engine's folder, of whose files only the names are told.
    """
    line, files = _LINE.match(text), _FILE.findall(text)
    if line is None or not files:
        return None
    file = files[-1]
    if file.startswith(f"{own}/"):
        file = file.rpartition("/")[2]
    reason = next((words for mark, words in _REASONS if mark in text), "the line cannot be read")
    return FindingsError(
        [
            Finding(
                "AUD2713",
                Severity.ERROR,
                f"the table cannot be read: {reason}",
                Span(file, int(line[1]), 1),
                "a CSV file is UTF-8, begins with the names of its columns, and quotes with double quotes",
            )
        ]
    )
