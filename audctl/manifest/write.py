"""Manifests as text: the same tree gives the same bytes, and reading them gives the same tree."""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from audctl.manifest.schemas import API_VERSION, property_order
from audctl.model.kinds.spelling import camel_case
from audctl.model.kinds.unset import Unset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.resource import Resource

Written = str | int | float | bool | list[Any] | dict[str, Any] | None
"""What stands in a tree that is written."""

WIDTH: Final = 96
"""Of a line, where there is a choice."""
_PLAIN: Final = re.compile(r"[A-Za-z/](?:.*[^\s:])?")
_NOT_PLAIN: Final = re.compile(r": | #|\s\s")
_IN_FLOW: Final = re.compile(r"[\[\]{},]")
WORDS: Final = frozenset(
    "true false null yes no on off y n t f ~".split()  # noqa: SIM905 - a list of words
)
"""Texts that this reader or another one takes for something else."""
_NEEDS_ESCAPES: Final = re.compile(r'["\\]')
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def spec_tree(spec: object) -> dict[str, Written]:
    """Return a spec as a manifest's tree: what is UNSET, and what says no more than its default, is left out."""
    tree: dict[str, Written] = {}
    for each in fields(spec):  # type: ignore[arg-type]  # every spec is a dataclass
        value = getattr(spec, each.name)
        if isinstance(value, Unset) or value == _default(each):
            continue
        written = _written(value)
        if written != {}:
            tree[camel_case(each.name)] = written
    return tree


def _default(each: Field[Any]) -> object:
    # A default of None means "cleared" nowhere: optional fields of specs default to UNSET.
    return each.default if each.default is not MISSING else MISSING


def _written(value: object) -> Written:
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value):
        return spec_tree(value)
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    if isinstance(value, str):
        return value
    assert value is None or isinstance(value, (bool, int))
    return value


def resource_tree(resource: Resource) -> dict[str, Written]:
    """Return a whole manifest as a tree."""
    metadata: dict[str, Written] = {"name": resource.address.name}
    if resource.annotations:
        metadata["annotations"] = dict(resource.annotations)
    spec = spec_tree(resource.spec)
    if resource.is_watched:
        spec["lifecycle"] = {"manage": str(resource.lifecycle.manage)}
    kind = resource.address.kind
    return _ordered(
        {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}, kind, ()
    )


def _ordered(tree: dict[str, Written], kind: str, path: tuple[str, ...]) -> dict[str, Written]:
    """Return a tree with its keys in the schema's order; where people give the names, as it is."""
    order = property_order(kind, path)
    return {
        key: _ordered(value, kind, (*path, key)) if isinstance(value, dict) else value
        for key, value in sorted(tree.items(), key=lambda each: order.get(each[0], len(order)))
    }


def manifest_text(tree: Mapping[str, Written]) -> str:
    """Return a tree as one YAML document."""
    return "\n".join(_lines(tree, "")) + "\n"


def _lines(tree: Mapping[str, Written], indent: str) -> Iterator[str]:
    for key, value in tree.items():
        start = f"{indent}{key_text(key)}:"
        if isinstance(value, dict):
            yield start
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, str):
            yield f"{start} {block_text(value, indent, len(start) + 1)}"
        elif isinstance(value, list) and len(start) + 1 + len(inline(value)) > WIDTH:
            yield start
            yield from (f"{indent}  - {inline(each)}" for each in value)
        else:
            yield f"{start} {inline(value)}"


def key_text(key: str) -> str:
    """Return how a key is written."""
    is_plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", key) and key.lower() not in WORDS
    return key if is_plain else quoted(key)


def block_text(text: str, indent: str, column: int = 0) -> str:
    """Return a text as the value of a key at ``indent``, so that it reads no environment."""
    return block(literal(text), indent, column)


def block(text: str, indent: str, column: int = 0) -> str:
    """Return a text, references in it alive: on one line, or as a block where that reads better."""
    lines = text.split("\n")
    if all(map(_fits_block, lines)) and lines[0] and lines[-1]:
        if len(lines) > 1:
            return "\n".join(["|-", *(f"{indent}  {line}".rstrip() for line in lines)])
        if column + len(text) > WIDTH and "  " not in text:
            return "\n".join([">-", *_folded(lines[0], f"{indent}  ")])
    return word(text)


def _fits_block(line: str) -> bool:
    return line.isprintable() and line == line.strip()


def _folded(text: str, indent: str) -> Iterator[str]:
    line = indent
    for each in text.split(" "):
        if len(line) > len(indent) and len(line) + 1 + len(each) > WIDTH:
            yield line
            line = indent
        line += each if line == indent else f" {each}"
    yield line


def inline(value: Written, *, in_flow: bool = False) -> str:
    """Return a value on one line; ``in_flow``: between brackets or braces, where more has a meaning."""
    if isinstance(value, str):
        return word(literal(value), in_flow=in_flow)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(inline(each, in_flow=True) for each in value)}]"
    if isinstance(value, dict):
        shown = (f"{key_text(key)}: {inline(each, in_flow=True)}" for key, each in value.items())
        return f"{{{', '.join(shown)}}}"
    return "null" if value is None else str(value)


def word(text: str, *, in_flow: bool = False) -> str:
    """Return a text on one line, references in it alive, quoted unless nobody takes it for something else."""
    return text if _is_plain(text, in_flow=in_flow) else quoted(text)


def literal(text: str) -> str:
    """Return how a text is written that reads no environment, whatever it looks like."""
    return text.replace("${", "$${")


def _is_plain(text: str, *, in_flow: bool) -> bool:
    return (
        _PLAIN.fullmatch(text) is not None
        and text.isprintable()
        and not _NOT_PLAIN.search(text)
        and text.lower() not in WORDS
        and not (in_flow and _IN_FLOW.search(text))
    )


def quoted(text: str) -> str:
    """Return a text in quotes, everything that does not print as an escape.

    Double ones, unless single ones spare it all its escapes.
    """
    if _NEEDS_ESCAPES.search(text) and "'" not in text and text.isprintable():
        return f"'{text}'"
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if (known := _ESCAPES.get(character)) is not None:
        return known
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:  # noqa: PLR2004 - what two hex digits hold
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - four digits
