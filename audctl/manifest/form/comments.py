"""Comments of a file. libyaml drops them, but tells where its tokens begin and end; what lies between are comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # absent from the stubs

if TYPE_CHECKING:
    from collections.abc import Iterator

BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What libyaml takes for a line end."""
HEADER: Final = re.compile(r"[|>][0-9+-]*[ \t]*(#[^\r\n\x85\u2028\u2029]*)?")
"""First line of a block of text; a comment on it is part of its token."""
_COMMENT: Final = re.compile("#[^\r\n\x85\u2028\u2029]*")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment."""

    offset: int
    column: int
    text: str
    """From its ``#`` on, without blanks at the end."""


class Lines:
    """Where the lines of a text begin, as libyaml counts them."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(each.end() for each in BREAK.finditer(text))]

    def start(self, offset: int) -> int:
        """Return where the line begins that a character stands on."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def above(self, offset: int) -> int:
        """Return where the line above that one begins; -1 for the first line."""
        number = bisect_right(self._starts, offset) - 2
        return self._starts[number] if number >= 0 else -1

    def column(self, offset: int) -> int:
        """Return how many characters stand before one on its line."""
        return offset - self.start(offset)


def read_comments(text: str, lines: Lines) -> Iterator[Comment]:
    """Yield all comments of valid YAML in the order of the file, those on first lines of blocks included."""
    behind = 0
    for token in iter(CParser(text.encode()).get_token, None):
        begin, end = token.start_mark.index, token.end_mark.index
        if text.find("#", behind, begin) >= 0:
            for found in _COMMENT.finditer(text, behind, begin):
                yield _comment(found.start(), found[0], lines)
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            header = HEADER.match(text, begin)
            if header is not None and header[1]:
                yield _comment(header.start(1), header[1], lines)
        behind = max(behind, end)


def _comment(offset: int, words: str, lines: Lines) -> Comment:
    return Comment(offset, lines.column(offset), words.rstrip())
