"""One long document cut into parts within a size limit; what is open at a cut is closed and opened again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_SHORTEST_REST = 200
"""Bytes: a block is begun in what is left of a part only when at least this much of it fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that belong together, and what has to stand around any piece of them."""

    lines: Sequence[str]
    opening: str = ""
    """Before the lines, in every part that has some of them: a table's head, a fence."""
    closing: str = ""
    again: str = ""
    """Opening in the second part and later ones; empty: the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How to cut."""

    limit: int
    """Bytes of one part in UTF-8; platforms count characters, of which there are never more."""
    most_parts: int
    """What would need more is left out, and said."""
    head: Callable[[int, bool], str]
    """Gives what stands first in a part, from its number and whether there are more than one."""
    left_out: Callable[[int], str]
    """Gives a line for the end when blocks were left out, from their number."""
    tail: str = ""
    """Stands last, whatever had to be left out."""


def cut_into_parts(blocks: Iterable[Block], cut: Cut) -> tuple[str, ...]:
    """Return the parts in order, each within the limit; a single one whenever everything fits."""
    listed = tuple(blocks)
    whole = cut.head(1, False) + "".join(_whole(each) for each in listed)
    whole += cut.tail
    if _size(whole) <= cut.limit:
        return (whole,)
    return _Cutter(cut).run(listed)


class _Cutter:
    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.parts: list[str] = []
        self.text = ""
        self.room = 0
        self.fresh = True
        """Whether the part holds nothing but its head."""
        self._begin()

    def run(self, blocks: tuple[Block, ...]) -> tuple[str, ...]:
        for number, block in enumerate(blocks):
            if not self._add(block):
                self.text += self.cut.left_out(len(blocks) - number)
                break
        return (*self.parts, self.text + self.cut.tail)

    def _begin(self) -> None:
        if self.text:
            self.parts.append(self.text)
        self.text = self.cut.head(len(self.parts) + 1, True)
        # Room for the last words is kept in every part: nobody knows yet which is the last.
        last = _size(self.cut.left_out(10**9)) + _size(self.cut.tail)
        self.room = self.cut.limit - _size(self.text) - last
        self.fresh = True

    def _add(self, block: Block) -> bool:
        """Write a block, over as many parts as it needs; False when there is no room for it, or for its rest."""
        lines, opening = list(block.lines), block.opening
        while True:
            around = _size(opening) + _size(block.closing) + 2
            taken = _fitting(lines, self.room - around)
            if taken == len(lines):
                self._write(opening, lines, block.closing)
                return True
            if sum(_size(each) for each in lines[:taken]) >= _SHORTEST_REST:
                self._write(opening, lines[:taken], block.closing)
                lines, opening = lines[taken:], block.again or block.opening
            elif self.fresh:
                return False  # one line that is longer than a part
            if len(self.parts) + 1 >= self.cut.most_parts:
                return False
            self._begin()

    def _write(self, opening: str, lines: Sequence[str], closing: str) -> None:
        piece = _piece(opening, lines, closing)
        self.text += piece
        self.room -= _size(piece)
        self.fresh = False


def _fitting(lines: Sequence[str], room: int) -> int:
    """Return how many of the lines fit."""
    for number, line in enumerate(lines):
        room -= _size(line) + 1
        if room < 0:
            return number
    return len(lines)


def _whole(block: Block) -> str:
    return _piece(block.opening, block.lines, block.closing)


def _piece(opening: str, lines: Sequence[str], closing: str) -> str:
    return "".join(f"{each}\n" for each in (*filter(None, (opening,)), *lines, closing))


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
