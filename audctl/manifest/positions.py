"""Where the values of a document stand in its file."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeAlias

from audctl.model.span import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audctl.manifest.scalars import Scalar

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | Scalar"
"""Plain values of one document."""

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the document's root."""


_ESCAPE: Final = re.compile(
    r"(?:\\\r?\n[ \t]*)*\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^xuU\r\n])"
)
"""One character of a text in double quotes, and the line ends hidden before it."""


def path_text(path: Sequence[str | int]) -> str:
    """Return ``spec.exportLabels[0]`` for a path."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(f".{step}" if parts else step)
    return "".join(parts)


class SourceFile:
    """A file's bytes, and lines and columns in it, worked out only when somebody asks."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        """Relative to the project's root, ``/`` separated."""
        self.data = data
        """UTF-8 without a byte order mark."""

    @cached_property
    def text(self) -> str:
        """The decoded content."""
        return self.data.decode()

    @cached_property
    def _line_starts(self) -> list[int]:
        # And where a line after the last one would begin.
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    def span(self, offset: int) -> Span:
        """Return the place of a character, counted from the file's start."""
        starts = self._line_starts
        line = min(bisect_right(starts, offset), len(starts) - 1)
        return Span(self.name, line, offset - starts[line - 1] + 1)


class Positions:
    """Place of every node of one document: character offsets in the order in which nodes begin.

    Offsets alone are kept while loading (one number a node); a path finds its number by walking the tree,
    because a tree without duplicate keys has exactly the order of its file.
    """

    __slots__ = ("_offsets", "_root", "source", "start")

    def __init__(self, source: SourceFile, start: int, root: Tree, offsets: Sequence[int]) -> None:
        self.source = source
        self.start = start
        """Offset of the document's first character."""
        self._root = root
        self._offsets = offsets

    def span(self, path: str) -> Span:
        """Return the place of a dotted path, or of its nearest parent; ``""`` is the document."""
        return self.source.span(self._find(path)[0])

    def key_span(self, path: str) -> Span:
        """Return the place of the key that leads to a path."""
        return self.source.span(self._find(path)[1])

    def inside(self, path: str, position: int) -> Span:
        """Return the place of a character inside the text at ``path`` (0: its first).

        Follows the text through quotes, folded lines and block indents.
        """
        offset, _, value = self._find(path)
        if not isinstance(value, str):
            return self.source.span(offset)
        text = self.source.text
        at = offset
        quoted = text[at : at + 1] == '"'
        if text[at : at + 1] in {"'", '"'}:
            at += 1
        elif text[at : at + 1] in {"|", ">"}:
            at = text.find("\n", at) + 1
        for wanted in value[:position]:
            escape = _ESCAPE.match(text, at) if quoted else None
            at = escape.end() if escape else _after(text, at, wanted)
        while (
            at + 1 < len(text)
            and text[at].isspace()
            and not value[position : position + 1].isspace()
        ):
            at += 1
        return self.source.span(min(at, len(text)))

    def _find(self, path: str) -> tuple[int, int, Tree]:
        """Return offset of the value, offset of its key, and the value, as deep as the path leads."""
        offsets = self._offsets
        node, index, rest = self._root, 0, path
        if not rest or not offsets:
            return self.start, self.start, node
        key_index = 0
        while rest:
            step = _step(node, rest)
            if step is None:
                break
            key_index, index, node, rest = (
                index + step[0], index + step[1], step[2], step[3],
            )  # fmt: skip
        return offsets[index], offsets[key_index], node


def _after(text: str, at: int, wanted: str) -> int:
    """Return the offset behind the character ``wanted``, found at or soon after ``at``."""
    if wanted.isspace():
        while at < len(text) and text[at].isspace():
            at += 1
        return at
    found = text.find(wanted, at)
    return at if found < 0 else found + 1


def _step(node: Tree, rest: str) -> tuple[int, int, Tree, str] | None:
    """Return key's and value's node numbers from ``node``, the value and what is left of the path."""
    count = 1
    if isinstance(node, dict):
        rest = rest.removeprefix(".")
        for key, value in node.items():
            # A key may hold dots itself (annotations do), so keys are tried, not split off.
            if rest.startswith(key):
                left = rest[len(key) :]
                if not left or left[0] in ".[":
                    return count, count + 1, value, left
            count += 1 + _size(value)
    elif isinstance(node, list) and rest.startswith("["):
        wanted, _, left = rest[1:].partition("]")
        for index, value in enumerate(node):
            if str(index) == wanted:
                return count, count, value, left
            count += _size(value)
    return None


def _size(node: Tree) -> int:
    """Return how many nodes a tree has, keys included."""
    if isinstance(node, dict):
        return 1 + sum(1 + _size(value) for value in node.values())
    if isinstance(node, list):
        return 1 + sum(_size(value) for value in node)
    return 1
