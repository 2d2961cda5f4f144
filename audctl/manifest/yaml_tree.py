"""YAML files to plain values in one pass over libyaml's events.

The C *loader* of PyYAML recurses in C and dies on deep nesting, lets duplicate keys win silently and keeps
no places; its C *parser* has none of these traits, so documents are built here, with bounds on depth, on
nodes and on alias expansion that hold before anything grows.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from audctl.manifest.positions import Path, Positions, SourceFile, Tree
from audctl.manifest.scalars import LOOSE_FIRST, Scalar, resolve_plain
from audctl.manifest.yaml_events import MAX_DEPTH, MAX_NODES, Refused, read_events, shortened
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILE_BYTES: Final = 16 * 1024 * 1024

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
    unresolved: list[Path] = field(default_factory=list)
    """Where templates still stand that lead nowhere, each with a finding of its own."""


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
        _build(source, read_events(source.data), documents, problems)
    except Refused as refused:
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
    scalar, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    intern, loose_first = sys.intern, LOOSE_FIRST
    # What a whole file does not have need not be looked for in each of its values.
    has_tags, has_templates = b"!" in source.data, b"${" in source.data
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
            if has_tags and event.tag is not None:
                problems.append(_tag(event))
            if in_mapping:
                if key is None:
                    key = intern(text)
                    if key in container or key == "<<":
                        problems += _bad_key(event, key, container)
                    continue
                container[key] = text
                place: str | int = key
                key = None
            else:
                place = len(container)
                container.append(text)
            if (
                text[:1] in loose_first
                and event.implicit[0]
                and (value := resolve_plain(text)) is not text
            ):
                container[place] = value
                loose.append(Loose(container, place, (*_trail(stack), place), text, value))
            elif has_templates and "${" in text:
                templates.append(Template(container, place, (*_trail(stack), place), text))
        elif kind is mapping or kind is sequence:
            offset = event.start_mark.index
            offsets.append(offset)
            if has_tags and event.tag is not None:
                problems.append(_tag(event))
            if in_mapping and key is None:
                raise Refused(offset, "AUD1006", "a mapping key must be one plain word")
            if len(stack) > MAX_DEPTH:
                raise Refused(offset, "AUD1007", f"nested more than {MAX_DEPTH} levels deep")
            if len(offsets) > MAX_NODES:
                break
            child: Any = {} if kind is mapping else []
            if in_mapping:
                container[key] = child
            else:
                container.append(child)
            stack.append((container, key))
            container, key, in_mapping = child, None, kind is mapping
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            container, key = stack.pop()
            in_mapping = key is not None
            key = None
        elif kind is yaml.DocumentStartEvent:
            start = event.start_mark.index
            container, in_mapping = [], False
            offsets, loose, templates = [], [], []
        elif kind is yaml.DocumentEndEvent and container[0] is not None:
            if len(offsets) > MAX_NODES:
                break
            positions = Positions(source, offsets[0], container[0], array("I", offsets))
            documents.append(Document(container[0], positions, loose, templates))
    else:
        return
    raise Refused(start, "AUD1007", f"document has more than {MAX_NODES:,} values")


def _trail(stack: list[tuple[Any, str | None]]) -> Iterator[str | int]:
    """Yield keys and indexes that lead to the innermost open container; the first entry is the root."""
    for parent, key in stack[1:]:
        yield len(parent) - 1 if key is None else key


def _bad_key(event: Any, key: str, container: Any) -> list[tuple[int, str, str, str]]:  # noqa: ANN401
    offset = event.start_mark.index
    if key in container:
        message = f'key "{shortened(key)}" stands twice in one mapping'
        return [(offset, "AUD1005", message, "remove one of the two")]
    if event.implicit[0]:
        hint = "write the fields out, or repeat a whole value with an alias"
        return [(offset, "AUD1006", "merge keys (<<) are not supported", hint)]
    return []


def _tag(event: Any) -> tuple[int, str, str, str]:  # noqa: ANN401 - PyYAML's events are untyped
    tag = event.tag.replace("tag:yaml.org,2002:", "!!")
    return (
        event.start_mark.index, "AUD1006", f"tags are not supported: {shortened(tag)}",
        "remove the tag; put quotes around a value to make it text",
    )  # fmt: skip
