"""Names of the options that a ledger in Campaign is made of, and the pointer among them that says which count."""

from __future__ import annotations

import re
from typing import NamedTuple

from audctl.errors import LedgerError

LAYOUT = 1
"""Of the options; the format of the bytes in them is the codec's."""

POINTER = re.compile(r"ledger\.([1-9][0-9]{0,17})")
"""Of the part of an option's name after the ledger's prefix."""


class Pointer(NamedTuple):
    """Which chunks are the ledger."""

    serial: int
    version: str
    chunks: int

    def text(self) -> str:
        """Return the option's value."""
        return f"{LAYOUT}|{self.version}|{self.chunks}"

    def chunk_name(self, prefix: str, index: int) -> str:
        """Return the name of one chunk's option."""
        return f"{prefix}{self.version}.{index:04d}"


def read_pointer(serial: int, text: str) -> Pointer:
    """Read an option's value; raise LedgerError when it is of a newer layout, or none."""
    layout, _, rest = text.partition("|")
    if layout.isdecimal() and int(layout) > LAYOUT:
        raise LedgerError(
            f"the ledger's options have layout {layout}, newer than the {LAYOUT} this audctl"
            " knows; use the audctl that wrote it, or a later one"
        )
    try:
        version, chunks = rest.split("|")
        return Pointer(serial, version, int(chunks))
    except ValueError as error:
        raise LedgerError(f"the ledger's pointer cannot be read: {text[:80]!r}") from error


def prefix_of(project: str, environment: str) -> str:
    """Return what the names of all options of one ledger begin with."""
    return f"audctl.{_part(project)}.{_part(environment)}."


def _part(name: str) -> str:
    """Return a project's or environment's name so that no two pairs of them give one prefix."""
    return name.replace(".", "..")


def name_in(part: str) -> str:
    """Return the project's or environment's name that a part of a prefix stands for."""
    return part.replace("..", ".")
