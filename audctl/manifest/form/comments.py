"""Comments of a file. libyaml drops them, but tells where its tokens begin and end; what lies between are comments."""

from __future__ import annotations

import re
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


def read_comments(text: str) -> Iterator[Comment]:
    """Yield all comments of valid YAML in the order of the file, those on first lines of blocks included."""
    behind = 0
    for token in iter(CParser(text.encode()).get_token, None):
        begin, end = token.start_mark.index, token.end_mark.index
        yield from _between(text, behind, begin)
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            header = HEADER.match(text, begin)
            if header is not None and header[1]:
                yield _comment(text, header.start(1), header[1])
        behind = max(behind, end)


def _between(text: str, begin: int, end: int) -> Iterator[Comment]:
    for found in _COMMENT.finditer(text, begin, end):
        yield _comment(text, found.start(), found[0])


def _comment(text: str, offset: int, words: str) -> Comment:
    return Comment(offset, offset - line_start(text, offset), words.rstrip())


def line_start(text: str, offset: int) -> int:
    """Return where the line begins that a character stands on."""
    return max(text.rfind(each, 0, offset) for each in "\n\r\x85\u2028\u2029") + 1
