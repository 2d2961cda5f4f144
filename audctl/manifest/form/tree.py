"""A document as it is written: more than its values, less than its bytes.

A comment belongs to what follows it, unless it stands behind something on the same line, or further in than what
follows: then it ends the mapping or list whose column it keeps.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # absent from the stubs

from audctl.manifest.form.comments import HEADER, Lines, read_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANCHOR: Final = re.compile("&[^\\s]+(?:[\\s\x85\u2028\u2029]+(?:#[^\r\n\x85\u2028\u2029]*)?)*")
"""What stands before an anchored value."""
_BETWEEN: Final = re.compile(r"[ \t,:]*(?:&\S+)?[ \t]*")
"""Between a key or a value and the comment beside it: no bracket, since then it is beside what that one closes."""
_KEEPS_BREAKS: Final = re.compile(r"[|>][0-9]*\+")


class CannotFormatError(Exception):
    """A part of YAML that the canonical form has no place for; says which, and where."""

    def __init__(self, offset: int, why: str, hint: str) -> None:
        super().__init__(why)
        self.offset = offset
        self.hint = hint


@dataclass(slots=True, kw_only=True)
class Node:
    """One value, or one key."""

    begin: int
    """Offset of its first character, behind an anchor."""
    end: int
    """Offset behind its last character that is no blank."""
    column: int
    anchor: str = ""
    tied: bool = False
    """It, or something in it, is an anchor or an alias: whatever holds it keeps its order."""


@dataclass(slots=True, kw_only=True)
class Alias(Node):
    """A value that stands elsewhere."""

    name: str


@dataclass(slots=True, kw_only=True)
class Scalar(Node):
    """One piece of text, whatever it stands for."""

    text: str
    """Its value."""
    raw: str
    """As it is written, line ends behind it included."""
    style: str
    """Empty: unquoted; otherwise the character it begins with: a quote, ``|`` or ``>``."""
    is_repeated: bool
    """An alias may repeat it, in a field of another type: it must not become text."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """One key with its value, or one item of a list (without key)."""

    key: Scalar | Alias | None = None
    value: Node
    above: list[str] = field(default_factory=list)
    """Lines above it: comments, and empty ones for empty lines."""
    beside: str = ""
    """Comment behind it."""


@dataclass(slots=True, kw_only=True)
class Collection(Node):
    """A mapping or a list."""

    is_mapping: bool
    in_flow: bool
    """Between braces or brackets."""
    entries: list[Entry] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)
    """Lines behind the last entry."""

    @property
    def has_comments(self) -> bool:
        """Whether a comment stands anywhere in it."""
        return bool(self.foot) or any(
            any(each.above)
            or each.beside
            or (isinstance(each.value, Collection) and each.value.has_comments)
            for each in self.entries
        )


@dataclass(slots=True, kw_only=True)
class Written:
    """One document."""

    head: list[str]
    """Lines above its first key: they are about the document, whichever key comes first."""
    root: Collection
    foot: list[str]
    """Lines behind everything."""


def read_written(text: str) -> list[Written]:
    """Return a file's documents, empty ones left out; of text that :mod:`audctl.manifest.yaml_tree` reads.

    That bounds depth and size, so nothing here can run away. Raises CannotFormatError.
    """
    return _Reading(text).documents()


class _Reading:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = Lines(text)
        self.comments = deque(read_comments(text, self.lines))
        self.events: Iterator[Any] = iter(CParser(text.encode()).get_event, None)
        self.anchored = 0
        """Collections with an anchor that are open."""
        self.solid = 0
        """Offset behind the last block whose empty last lines are part of it."""

    def documents(self) -> list[Written]:
        found: list[Written] = []
        for event in self.events:
            if not _is(event, yaml.DocumentStartEvent):
                continue
            if event.version or event.tags:
                raise CannotFormatError(
                    event.start_mark.index,
                    "it has a %YAML or %TAG line",
                    "remove it: audctl reads the same either way",
                )
            first = next(self.events)
            if _is(first, yaml.MappingStartEvent):
                found.append(self._document(first))
        if found:
            found[-1].foot += self._comments_before(len(self.text) + 1)
        return found

    def _document(self, first: Any) -> Written:  # noqa: ANN401 - PyYAML's events are untyped
        begin = self._begin(first)
        head = self._comments_before(begin)
        root = self._collection(first, begin)
        if root.entries:
            head += root.entries[0].above
            root.entries[0].above = []
        end = next(self.events)
        foot, root.foot = root.foot, []
        foot += self._comments_before(end.start_mark.index)
        return Written(head=without_first_blanks(head), root=root, foot=foot)

    def _node(self, event: Any, begin: int) -> Node:  # noqa: ANN401
        if _is(event, yaml.CollectionStartEvent):
            return self._collection(event, begin)
        return self._leaf(event, begin)

    def _leaf(self, event: Any, begin: int) -> Scalar | Alias:  # noqa: ANN401
        end, column = event.end_mark.index, self.lines.column(begin)
        if _is(event, yaml.AliasEvent):
            return Alias(begin=begin, end=end, column=column, tied=True, name=event.anchor)
        raw = self.text[begin:end]
        style = raw[:1] if event.style in {"|", ">", "'", '"'} else ""
        if style and _KEEPS_BREAKS.match(raw):
            self.solid = end
        return Scalar(
            begin=begin,
            end=begin + len(raw.rstrip()),
            column=column,
            anchor=event.anchor or "",
            tied=bool(event.anchor),
            text=event.value,
            raw=raw,
            style=style,
            is_repeated=bool(event.anchor) or self.anchored > 0,
        )

    def _collection(self, event: Any, begin: int) -> Collection:  # noqa: ANN401
        is_mapping = _is(event, yaml.MappingStartEvent)
        made = Collection(
            begin=begin,
            end=begin,
            column=self.lines.column(begin),
            anchor=event.anchor or "",
            is_mapping=is_mapping,
            in_flow=bool(event.flow_style),
        )
        self.anchored += bool(event.anchor)
        for first in self.events:
            if _is(first, yaml.CollectionEndEvent):
                made.end = first.end_mark.index if made.in_flow else begin
                made.foot = self._foot(made, first.start_mark.index)
                break
            entry = self._pair(made, first) if is_mapping else self._item(made, first)
            made.entries.append(entry)
        self.anchored -= bool(event.anchor)
        made.tied = bool(made.anchor) or any(
            each.value.tied or (each.key is not None and each.key.tied) for each in made.entries
        )
        return made

    def _pair(self, parent: Collection, event: Any) -> Entry:  # noqa: ANN401
        begin = self._begin(event)
        above = self._above(event, parent)
        key = self._leaf(event, begin)
        event = next(self.events)
        begin = self._begin(event)
        beside = ""
        if _opens_block(event):
            beside = self._beside(key.end)
        else:
            # Between a key and what stands on the same line there is no room for comments.
            above += self._comments_before(begin)
        return self._entry(key, event, begin, above, beside)

    def _item(self, parent: Collection, event: Any) -> Entry:  # noqa: ANN401
        begin = self._begin(event)
        above = self._above(event, parent)
        return self._entry(None, event, begin, above, "")

    def _entry(
        self,
        key: Scalar | Alias | None,
        event: Any,  # noqa: ANN401
        begin: int,
        above: list[str],
        beside: str,
    ) -> Entry:
        value = self._node(event, begin)
        if isinstance(value, Collection) and not value.entries and value.foot:
            above += value.foot
            value.foot = []
        if isinstance(value, Scalar) and value.style in {"|", ">"}:
            header = HEADER.match(value.raw)
            if header is not None and header[1]:
                self.comments.popleft()
                beside = header[1].rstrip()
        elif not _opens_block(event):
            beside = self._beside(value.end)
        return Entry(key=key, value=value, above=above, beside=beside)

    def _begin(self, event: Any) -> int:  # noqa: ANN401
        """Return the offset of a node's first character behind its anchor."""
        offset: int = event.start_mark.index
        anchor = getattr(event, "anchor", None)
        if anchor and not _is(event, yaml.AliasEvent):
            found = _ANCHOR.match(self.text, offset)
            if found is not None and found.end() <= event.end_mark.index:
                return found.end()
        return offset

    def _above(self, event: Any, parent: Collection) -> list[str]:  # noqa: ANN401
        """Take the comments before an entry, with the empty lines between them and above it."""
        lines = self._comments_before(self._begin(event))
        if not parent.in_flow and self._stands_below_blank(event.start_mark.index):
            lines.append("")
        return lines

    def _comments_before(self, offset: int) -> list[str]:
        lines: list[str] = []
        while self.comments and self.comments[0].offset < offset:
            lines += self._taken()
        return lines

    def _taken(self) -> Iterator[str]:
        comment = self.comments.popleft()
        if self._stands_below_blank(comment.offset):
            yield ""
        yield comment.text

    def _beside(self, end: int) -> str:
        """Take the comment that stands on the line on which something ended."""
        if self.comments and _BETWEEN.fullmatch(self.text, end, self.comments[0].offset):
            return self.comments.popleft().text
        return ""

    def _foot(self, parent: Collection, offset: int) -> list[str]:
        """Take the comments that end a collection; ``offset``: of whatever comes next."""
        lines: list[str] = []
        follows = self._column_of_next(offset)
        while self.comments and self.comments[0].offset < offset:
            column = self.comments[0].column
            if not parent.in_flow and not (column >= parent.column and column > follows):
                break
            lines += self._taken()
        return lines

    def _column_of_next(self, offset: int) -> int:
        """Return the column of what follows a collection; -1 when nothing in this document does."""
        column = self.lines.column(offset)
        rest = self.text[offset : offset + 3]
        return -1 if column == 0 and rest in {"", "---", "..."} else column

    def _stands_below_blank(self, offset: int) -> bool:
        """Whether something is the first on its line, and the line above is empty."""
        start, above = self.lines.start(offset), self.lines.above(offset)
        if above < self.solid or self.text[start:offset].strip(" \t-?"):
            return False
        return not self.text[above:start].strip()


def _is(event: Any, kind: type) -> bool:  # noqa: ANN401
    """Tell an event's kind; isinstance would make mypy believe marks and anchors may be missing."""
    return isinstance(event, kind)


def _opens_block(event: Any) -> bool:  # noqa: ANN401
    return _is(event, yaml.CollectionStartEvent) and not event.flow_style


def without_first_blanks(lines: list[str]) -> list[str]:
    """Return lines from the first on that is not empty."""
    first = next((index for index, line in enumerate(lines) if line), len(lines))
    return lines[first:]
