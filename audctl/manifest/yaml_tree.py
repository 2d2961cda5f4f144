"""YAML files to plain values in one pass over libyaml's events.

The C *loader* of PyYAML recurses in C and dies on deep nesting, lets duplicate keys win silently and keeps
no places; its C *parser* has none of these traits, so documents are built here, with bounds on depth, on
nodes and on alias expansion that hold before anything grows.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # absent from the stubs

from audctl.manifest.positions import Path, Positions, SourceFile, Tree
from audctl.manifest.scalars import LOOSE_FIRST, Scalar, resolve_plain
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 32
MAX_NODES: Final = 50_000
"""Of one document, repetitions by alias included."""

_Event: Any = yaml.Event
_SCALAR: Final = yaml.ScalarEvent
_STARTS: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Loose:
    """A value whose type the schema decides: unquoted, and more than text when taken by itself."""

    container: Any
    """The dict or list that holds it, so that it can be settled in place."""
    key: str | int
    path: Path
    raw: str
    value: Scalar


@dataclass(slots=True)
class Template:
    """A text with ``${`` in it."""

    container: Any
    key: str | int
    path: Path
    raw: str


@dataclass(slots=True)
class Document:
    """One YAML document, before its references and loose values are settled."""

    root: Tree
    positions: Positions
    loose: list[Loose] = field(default_factory=list)
    templates: list[Template] = field(default_factory=list)


class _Refused(Exception):  # noqa: N818 - a decision; never leaves this module
    """The rest of this file is not read."""

    def __init__(self, offset: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.problem = (offset, code, message, hint)


def read_source(name: str, data: bytes) -> SourceFile | Finding:
    """Return a file's content as UTF-8 without a byte order mark, or why it cannot be read."""
    if len(data) > MAX_FILE_BYTES:
        return _problem(
            SourceFile(name, b""), 0, "AUD1002",
            f"file is {len(data):,} bytes; at most {MAX_FILE_BYTES:,} are read",
            "split it: one file may hold many manifests, but not all of them",
        )  # fmt: skip
    if data.startswith(_UTF_16_MARKS):
        return _problem(
            SourceFile(name, b""), 0, "AUD1001", "file is UTF-16, not UTF-8", "save it as UTF-8"
        )
    data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        before = SourceFile(name, data[: error.start])
        return _problem(
            before, len(before.text), "AUD1001",
            f"file is not UTF-8: byte 0x{data[error.start]:02x} cannot stand here", "save it as UTF-8",
        )  # fmt: skip
    return SourceFile(name, data)


def read_documents(source: SourceFile) -> tuple[list[Document], list[Finding]]:
    """Return the documents of a file (empty ones left out) and what is wrong with its YAML.

    When findings are returned, documents after the first hopeless place are missing.
    """
    documents: list[Document] = []
    problems: list[tuple[int, str, str, str]] = []
    try:
        parser = CParser(source.data)
        events = iter(parser.get_event, None)
        if b"*" in source.data or b"&" in source.data:
            events = _without_aliases(events)
        _build(source, events, documents, problems)
    except _Refused as refused:
        problems.append(refused.problem)
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax_problem(source, error))
    except yaml.YAMLError as error:
        # libyaml's reader gives no mark; it stops at a character that YAML does not allow in a file.
        offset = getattr(error, "position", 0) or 0
        reason = getattr(error, "reason", "") or "unreadable"
        problems.append((offset, "AUD1004", f"not valid YAML: {reason}", ""))
    return documents, [_problem(source, *each) for each in problems]


def _problem(source: SourceFile, offset: int, code: str, message: str, hint: str = "") -> Finding:
    return Finding(code, Severity.ERROR, message, source.span(offset), hint)


def _syntax_problem(source: SourceFile, error: yaml.MarkedYAMLError) -> tuple[int, str, str, str]:
    mark = error.problem_mark or error.context_mark
    offset = mark.index if mark else 0
    message = f"not valid YAML: {error.problem or 'unreadable'}"
    if error.context:
        message += f" {error.context}"
        if mark and error.context_mark and error.context_mark.line != mark.line:
            message += f" that begins in line {error.context_mark.line + 1}"
    is_tab = source.text[offset : offset + 1] == "\t"
    return (offset, "AUD1004", message, "indent with spaces, not with tabs" if is_tab else "")


def _build(  # noqa: C901, PLR0912, PLR0915 - the one hot loop: calls would cost more than the work
    source: SourceFile,
    events: Iterable[Any],
    documents: list[Document],
    problems: list[tuple[int, str, str, str]],
) -> None:
    scalar, mapping, sequence = _SCALAR, yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends, intern = _ENDS, sys.intern
    container: Any = []
    key: str | None = None
    stack: list[tuple[Any, str | None]] = []
    offsets: list[int] = []
    loose: list[Loose] = []
    templates: list[Template] = []
    start = 0
    in_mapping = False
    for event in events:
        kind = type(event)
        if kind is scalar:
            offset = event.start_mark.index
            offsets.append(offset)
            text = event.value
            if event.tag is not None:
                problems.append(_tag(event))
            if in_mapping:
                if key is None:
                    key = intern(text)
                    if key in container:
                        problems.append(
                            (offset, "AUD1005", f'key "{_short(key)}" stands twice in one mapping',
                             "remove one of the two")
                        )  # fmt: skip
                    elif key == "<<" and event.implicit[0]:
                        problems.append(
                            (offset, "AUD1006", "merge keys (<<) are not supported",
                             "write the fields out, or repeat a whole value with an alias")
                        )  # fmt: skip
                    continue
                container[key] = text
                place: str | int = key
                key = None
            else:
                place = len(container)
                container.append(text)
            if event.implicit[0] and text[:1] in LOOSE_FIRST:
                value = resolve_plain(text)
                if value is not text:
                    container[place] = value
                    loose.append(Loose(container, place, (*_trail(stack), place), text, value))
            elif "${" in text:
                templates.append(Template(container, place, (*_trail(stack), place), text))
        elif kind is mapping or kind is sequence:
            offset = event.start_mark.index
            if event.tag is not None:
                problems.append(_tag(event))
            if in_mapping and key is None:
                raise _Refused(offset, "AUD1006", "a mapping key must be one plain word")
            if len(stack) > MAX_DEPTH:
                raise _Refused(offset, "AUD1007", f"nested more than {MAX_DEPTH} levels deep")
            offsets.append(offset)
            if len(offsets) > MAX_NODES:
                raise _Refused(start, "AUD1007", f"document has more than {MAX_NODES:,} values")
            child: Any = {} if kind is mapping else []
            if in_mapping:
                container[key] = child
            else:
                container.append(child)
            stack.append((container, key))
            container, key, in_mapping = child, None, kind is mapping
        elif kind in ends:
            container, key = stack.pop()
            in_mapping = type(container) is dict
            key = None
        elif kind is yaml.DocumentStartEvent:
            start = event.start_mark.index
            container, key, in_mapping = [], None, False
            offsets, loose, templates = [], [], []
        elif kind is yaml.DocumentEndEvent:
            if len(offsets) > MAX_NODES:
                raise _Refused(start, "AUD1007", f"document has more than {MAX_NODES:,} values")
            root = container[0]
            if root is not None:
                begin = offsets[0] if offsets else start
                positions = Positions(source, begin, root, offsets)
                documents.append(Document(root, positions, loose, templates))


def _trail(stack: list[tuple[Any, str | None]]) -> Iterator[str | int]:
    """Yield keys and indexes that lead to the innermost open container; the first entry is the root."""
    for parent, key in stack[1:]:
        yield len(parent) - 1 if key is None else key


def _tag(event: Any) -> tuple[int, str, str, str]:  # noqa: ANN401 - PyYAML's events are untyped
    tag = event.tag.replace("tag:yaml.org,2002:", "!!")
    return (
        event.start_mark.index, "AUD1006", f"tags are not supported: {_short(tag)}",
        "remove the tag; put quotes around a value to make it text",
    )  # fmt: skip


def _short(text: str) -> str:
    """Return text from a file in a form that fits a message."""
    limit = 60
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[:limit] + "…"


def _without_aliases(events: Iterable[Any]) -> Iterator[Any]:
    """Replace every alias by the events of what it repeats, so that the builder knows no aliases.

    Repeated events keep their places: a wrong value is reported where it is written.
    """
    stream = iter(events)
    anchors: dict[str, list[Any]] = {}
    for event in stream:
        kind = type(event)
        if kind is yaml.DocumentStartEvent:
            anchors = {}
            yield event
        elif kind is yaml.AliasEvent:
            yield from _repeated(event, anchors)
        elif (kind is _SCALAR or kind in _STARTS) and event.anchor is not None:
            yield from _recorded(event, stream, anchors)
        else:
            yield event


def _repeated(alias: Any, anchors: dict[str, list[Any]]) -> list[Any]:  # noqa: ANN401
    found = anchors.get(alias.anchor)
    if found is None:
        raise _Refused(
            alias.start_mark.index, "AUD1008",
            f'alias "*{_short(alias.anchor)}" repeats nothing that stands complete above it',
        )  # fmt: skip
    return found


def _recorded(first: Any, stream: Iterator[Any], anchors: dict[str, list[Any]]) -> list[Any]:  # noqa: ANN401
    """Return all events of one anchored node, aliases in it replaced, and remember its anchors."""
    events: list[Any] = []
    open_nodes: list[tuple[str | None, int]] = []
    event = first
    while True:
        kind = type(event)
        if kind is yaml.AliasEvent:
            events += _repeated(event, anchors)
        elif kind in _STARTS:
            if len(open_nodes) > MAX_DEPTH:
                raise _Refused(
                    event.start_mark.index, "AUD1007", f"nested more than {MAX_DEPTH} levels deep"
                )
            open_nodes.append((event.anchor, len(events)))
            anchors.pop(event.anchor, None)
            events.append(event)
        else:
            events.append(event)
            if kind in _ENDS:
                anchor, begin = open_nodes.pop()
                if anchor is not None:
                    anchors[anchor] = events[begin:]
            elif event.anchor is not None:
                anchors[event.anchor] = [event]
        if len(events) > MAX_NODES * 2:
            raise _Refused(
                first.start_mark.index, "AUD1007",
                f"aliases make this document larger than {MAX_NODES:,} values",
            )  # fmt: skip
        if not open_nodes:
            return events
        event = next(stream)
