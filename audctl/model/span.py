"""A place in a manifest file."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """File (relative to the project's root, ``/`` separated), line and column, both from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
