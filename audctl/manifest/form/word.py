"""How one value is written: so that this reader and every other one take it for the same.

YAML 1.1, which most tools still read, takes ``no``, ``12:30`` and ``2026-01-31`` for other things than text; audctl and
YAML 1.2 do not. Text that anybody takes for something else is quoted. Whether other text is quoted is its author's
choice; which quotes are, is not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from audctl.manifest.form.comments import BREAK
from audctl.manifest.scalars import resolve_plain
from audctl.manifest.settle import wants_text
from audctl.manifest.write import WORDS, block, quoted, word

if TYPE_CHECKING:
    from audctl.manifest.form.tree import Scalar

_NULLS: Final = frozenset({"~", "null", "Null", "NULL"})
_NOT_TEXT: Final = re.compile(
    r"[-+]?\.?[0-9][0-9_.:]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[box][0-9A-Fa-f_]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|<<|="
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9].*)?"
)
"""Numbers and times of YAML 1.1 and 1.2; rather one word too many than one too few."""
_ODD_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
_HEADER: Final = re.compile(r"[|>]([1-9]?)[+-]?([1-9]?)")


def reads_otherwise(text: str) -> bool:
    """Whether some reader of YAML takes this unquoted text for something else."""
    return text.lower() in WORDS or _NOT_TEXT.fullmatch(text) is not None


def written(
    node: Scalar, types: frozenset[str], indent: str, column: int, *, parent_column: int
) -> str:
    """Return a value as it stands at ``column`` behind its key or dash at ``indent``, on one line or as a block.

    ``types`` are the JSON types of its field, none when nobody knows; ``parent_column`` is where the mapping or list
    that holds it began in the file.
    """
    if node.style in {"|", ">"}:
        lines = _block_lines(node, parent_column)
        return quoted(node.text) if lines is None else _block(node.style, lines, node.text, indent)
    if BREAK.search(node.raw):
        if not node.style and not _ODD_BREAKS.search(node.raw):
            # Somebody arranged these lines: they fold as before.
            lines = [each.strip() for each in BREAK.split(node.raw)]
            return _block(">", lines, node.text, indent)
        return block(node.text, indent, column)
    return _one_line(node, types)


def written_in_flow(node: Scalar, types: frozenset[str]) -> str:
    """Return a value as it stands between braces or brackets."""
    if BREAK.search(node.raw):
        return quoted(node.text) if node.style else word(node.text, in_flow=True)
    return _one_line(node, types) or "null"


def _one_line(node: Scalar, types: frozenset[str]) -> str:
    text = node.text
    if node.style:
        return quoted(text)
    if text in _NULLS:
        return "null"
    if text and not node.is_repeated and "string" in types and reads_otherwise(text):
        value = resolve_plain(text)
        if isinstance(value, str) or wants_text(types, value):
            return quoted(text)
    return text


def _block_lines(node: Scalar, parent_column: int) -> list[str] | None:
    """Return the lines of a block without their indent; None for one whose lines readers may count differently."""
    first, *lines = re.split(r"\r\n|[\r\n]", node.raw)
    header = _HEADER.match(first)
    assert header is not None
    told = header[1] or header[2]
    if told:
        width = max(parent_column, 0) + int(told)
    else:
        width = next((len(each) - len(each.lstrip(" ")) for each in lines if each.strip(" ")), 0)
    lines = [each[width:] for each in lines]
    while lines and not lines[-1]:
        lines.pop()
    return None if not lines or any(map(_ODD_BREAKS.search, lines)) else lines


def _block(style: str, lines: list[str], text: str, indent: str) -> str:
    """Return lines as a block; what stands behind the last one follows from the text."""
    breaks = len(text) - len(text.rstrip("\n"))
    told = next((index for index, each in enumerate(lines) if each.strip()), len(lines) - 1)
    header = style + ("2" if any(each.startswith(" ") for each in lines[: told + 1]) else "")
    header += "-" if breaks == 0 else "" if breaks == 1 else "+"
    shown = [f"{indent}  {each}" if each else "" for each in lines]
    return "\n".join([header, *shown, *[""] * (breaks - 1)])
