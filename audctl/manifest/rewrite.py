"""Single values of a manifest's text replaced, added or removed; every other byte stays where it is.

Comments, order, quotes, indentation and the other documents of a file are somebody's work. So nothing is written anew:
a parsed tree only tells where a value begins and ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import yaml

from audctl.manifest.write import block_text, inline, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.manifest.write import Written
    from audctl.model.address import Address

Path = tuple[str, ...]


class Gone(Enum):
    """Type of :data:`GONE`."""

    GONE = "gone"


GONE: Final = Gone.GONE
"""Instead of a value: the key goes."""

_HEADER: Final = re.compile(r"[|>][0-9+-]*[ \t]*(#[^\n]*)?")
_REFERENCE: Final = re.compile(r"(?<!\$)\$\{")


class CannotRewriteError(Exception):
    """A value cannot be replaced in place; says why."""


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def rewrite(text: str, address: Address, changes: Mapping[Path, Written | Gone]) -> str:
    """Return the file's text with these values of one manifest changed; paths from the manifest's root.

    Raises CannotRewriteError when the manifest is not in it, or a value is shared by an alias or reads a reference.
    """
    root = _document(text, address)
    edits = [_edit(text, root, path, value) for path, value in changes.items()]
    for each in sorted(edits, key=lambda each: (each.start, each.end), reverse=True):
        text = text[: each.start] + each.text + text[each.end :]
    _check(text, address, changes)
    return text


def _check(text: str, address: Address, changes: Mapping[Path, Written | Gone]) -> None:
    """Raise unless the new text says what it should: nothing that is cut out of a file may break it."""
    try:
        root = _document(text, address)
    except yaml.YAMLError as error:
        raise CannotRewriteError("its layout leaves no room for the change") from error
    for path, value in changes.items():
        node: yaml.Node | None = root
        for key in path:
            node = _child(node, key) if isinstance(node, yaml.MappingNode) else None
        if not _says(node, value):
            raise CannotRewriteError(f"{'.'.join(path)} cannot be changed in place")


def _says(node: yaml.Node | None, value: Written | Gone) -> bool:
    if node is None or value is GONE:
        return node is None and value is GONE
    if isinstance(value, dict):
        return isinstance(node, yaml.MappingNode) and all(
            _says(_child(node, key), each) for key, each in value.items()
        )
    if isinstance(value, list):
        return (
            isinstance(node, yaml.SequenceNode)
            and len(node.value) == len(value)
            and all(map(_says, node.value, value))
        )
    expected = literal(value) if isinstance(value, str) else inline(value)
    return isinstance(node, yaml.ScalarNode) and node.value == expected


def _document(text: str, address: Address) -> yaml.MappingNode:
    for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
        if isinstance(node, yaml.MappingNode):
            kind, metadata = _child(node, "kind"), _child(node, "metadata")
            name = _child(metadata, "name") if isinstance(metadata, yaml.MappingNode) else None
            if (_value(kind), _value(name)) == (address.kind, address.name):
                return node
    raise CannotRewriteError(f"there is no {address} in it")


def _value(node: yaml.Node | None) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _child(node: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for each, value in node.value if _value(each) == key), None)


def _edit(text: str, root: yaml.MappingNode, path: Path, value: Written | Gone) -> _Edit:
    node: yaml.Node = root
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            raise CannotRewriteError(f"{'.'.join(path[:depth])} is no mapping")
        below = _child(node, key)
        if below is None:
            return _Edit(0, 0, "") if value is GONE else _added(text, node, path[depth:], value)
        if not node.start_mark.index <= below.start_mark.index < node.end_mark.index:
            raise CannotRewriteError(f"{'.'.join(path[: depth + 1])} is an alias of another value")
        if depth == len(path) - 1:
            _check_literal(text, below, path)
            if value is GONE:
                return _removed(text, node, key)
            return _replaced(text, node, below, value)
        node = below
    raise CannotRewriteError("nothing to change")


def _check_literal(text: str, node: yaml.Node, path: Path) -> None:
    if _REFERENCE.search(text[node.start_mark.index : node.end_mark.index]):
        raise CannotRewriteError(f"{'.'.join(path)} takes its value from a reference")


def _end(text: str, node: yaml.Node) -> int:
    """Return the offset behind a value's last character; parsers count the line ends after a block to it."""
    start = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def _replaced(text: str, parent: yaml.MappingNode, node: yaml.Node, value: Written | Gone) -> _Edit:
    start, end = node.start_mark.index, _end(text, node)
    assert not isinstance(value, Gone)
    comment = ""
    if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
        header = _HEADER.match(text, start)
        comment = f"  {header[1]}" if header and header[1] else ""
        if isinstance(value, str) and not comment:
            return _Edit(start, end, block_text(value, " " * parent.start_mark.column))
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        return _Edit(start, end, _as_block(value, node.start_mark.column))
    written = inline(value, in_flow=bool(parent.flow_style))
    if start == end and text[start - 1 : start] == ":":
        written = f" {written}"  # a key without a value
    return _Edit(start, end, written + comment)


def _as_block(value: Written, column: int) -> str:
    """Return a value in the place of a block that begins at a column: as one itself, if it has parts."""
    if isinstance(value, list) and value:
        lines = [f"- {inline(each)}" for each in value]
    elif isinstance(value, dict) and value:
        lines = [f"{key}: {inline(each)}" for key, each in value.items()]
    else:
        return f"  {inline(value)}"  # further in than the key, whichever column the block began at
    return f"\n{' ' * column}".join(lines)


def _added(text: str, parent: yaml.MappingNode, path: Path, value: Written | Gone) -> _Edit:
    assert not isinstance(value, Gone)
    for key in reversed(path[1:]):
        value = {key: value}
    if not parent.value:
        end = parent.end_mark.index - 1
        return _Edit(end, end, f"{path[0]}: {inline(value, in_flow=True)}")
    last = parent.value[-1][1]
    end = max(_end(text, last), parent.value[-1][0].end_mark.index)
    if parent.flow_style:
        return _Edit(end, end, f", {path[0]}: {inline(value, in_flow=True)}")
    # Behind a comment on the last line, too.
    line_end = text.find("\n", end)
    at = len(text) if line_end < 0 else line_end
    indent = " " * parent.start_mark.column
    shown = block_text(value, indent) if isinstance(value, str) else inline(value)
    return _Edit(at, at, f"\n{indent}{path[0]}: {shown}")


def _removed(text: str, parent: yaml.MappingNode, key: str) -> _Edit:
    pairs = parent.value
    place = next(index for index, (each, _) in enumerate(pairs) if _value(each) == key)
    start, end = pairs[place][0].start_mark.index, _end(text, pairs[place][1])
    if parent.flow_style:
        if place:
            return _Edit(_end(text, pairs[place - 1][1]), end, "")
        following = pairs[1][0].start_mark.index if len(pairs) > 1 else end
        return _Edit(start, following, "")
    if len(pairs) == 1:
        return _Edit(start, end, "{}")
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    behind = len(text) if line_end < 0 else line_end + 1
    if text[line_start:start].strip():
        # The first key of a sequence's item stands behind the dash.
        raise CannotRewriteError(f"{key} shares its line with something else")
    return _Edit(line_start, behind, "")
