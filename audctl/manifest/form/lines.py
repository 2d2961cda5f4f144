"""A document as text again: keys in the schema's order, two blanks for each level, one line end at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.manifest.form.tree import Alias, Collection, Scalar, without_first_blanks
from audctl.manifest.form.word import written, written_in_flow
from audctl.manifest.schemas import property_order
from audctl.manifest.write import WIDTH, key_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.manifest.form.tree import Entry, Node, Written
    from audctl.manifest.schemas import KindSchema

    Path = tuple[str | int, ...]


def document_lines(document: Written, schema: KindSchema) -> list[str]:
    """Return a document's lines, without the one that parts it from others."""
    root, writing = document.root, _Writing(schema)
    lines = [*document.head, *writing.mapping(root, (), "")]
    if root.anchor:
        lines.insert(0, f"--- &{root.anchor}")
    return [*lines, *writing.beyond(document.foot, "")]


class _Writing:
    def __init__(self, schema: KindSchema) -> None:
        self.schema = schema
        self.is_open = False
        """What was written last would take an empty line behind it for its own."""

    def beyond(self, lines: list[str], indent: str, *, is_first: bool = False) -> list[str]:
        """Return comments and empty lines as they stand above an entry or behind the last one."""
        if is_first or self.is_open:
            lines = without_first_blanks(lines)
        self.is_open = False
        return _indented(lines, indent)

    def mapping(self, node: Collection, path: Path, indent: str) -> list[str]:
        lines: list[str] = []
        for entry in self._ordered(node, path):
            lines += self.beyond(entry.above, indent, is_first=not lines)
            lines += self._pair(entry, node, path, indent)
        return lines + (self.beyond(node.foot, indent) if node.foot else [])

    def sequence(self, node: Collection, path: Path, indent: str) -> list[str]:
        lines: list[str] = []
        for index, entry in enumerate(node.entries):
            lines += self.beyond(entry.above, indent, is_first=not lines)
            lines += self._item(entry, node, (*path, index), indent)
        return lines + (self.beyond(node.foot, indent) if node.foot else [])

    def _pair(self, entry: Entry, parent: Collection, path: Path, indent: str) -> list[str]:
        assert entry.key is not None
        key = _key(entry.key)
        name = entry.key.text if isinstance(entry.key, Scalar) else ""
        return self._value(f"{indent}{key}:", entry, parent, (*path, name), indent)

    def _item(self, entry: Entry, parent: Collection, path: Path, indent: str) -> list[str]:
        value = entry.value
        start = f"{indent}-"
        if not isinstance(value, Collection) or self._fits(start, value, path):
            return self._value(start, entry, parent, path, indent)
        above = [f"{indent}{entry.beside}"] if entry.beside else []
        inner = self._block(value, path, f"{indent}  ")
        # The first key, or the first dash, stands behind the dash; comments above it go above the dash.
        while inner[0].lstrip()[:1] in {"", "#"}:
            above += _indented([inner.pop(0).lstrip()], indent)
        if value.anchor:
            return [*above, f"{start} &{value.anchor}", *inner]
        return [*above, f"{start} {inner[0][len(indent) + 2 :]}", *inner[1:]]

    def _value(
        self, start: str, entry: Entry, parent: Collection, path: Path, indent: str
    ) -> list[str]:
        """Return an entry's lines; ``start`` is its key with the colon, or its dash."""
        value, below = entry.value, list[str]()
        if value.anchor:
            start += f" &{value.anchor}"
        if isinstance(value, Alias):
            start += f" *{value.name}"
        elif isinstance(value, Scalar):
            types = self.schema.types(path)
            text = written(value, types, indent, len(start) + 1, parent_column=parent.column)
            first, *below = text.split("\n")
            self.is_open = bool(below) and first.endswith("+")
            start += f" {first}" if first else ""
        elif isinstance(value, Collection):
            flow = self._fits(start, value, path)
            if flow:
                start += f" {flow}"
            else:
                below = self._block(value, path, f"{indent}  ")
        return [f"{start} {entry.beside}" if entry.beside else start, *below]

    def _block(self, value: Collection, path: Path, indent: str) -> list[str]:
        return (self.mapping if value.is_mapping else self.sequence)(value, path, indent)

    def _fits(self, start: str, value: Collection, path: Path) -> str:
        """Return the collection as it stands behind ``start`` on one line; empty when it needs more."""
        if not value.entries:
            return "{}" if value.is_mapping else "[]"
        if not value.in_flow or value.has_comments:
            return ""
        text = self._flow_collection(value, path)
        return text if len(start) + 1 + len(text) <= WIDTH else ""

    def _flow(self, node: Node, path: Path) -> str:
        anchor = f"&{node.anchor} " if node.anchor else ""
        if isinstance(node, Alias):
            return f"*{node.name}"
        if isinstance(node, Scalar):
            return anchor + written_in_flow(node, self.schema.types(path))
        assert isinstance(node, Collection)
        return anchor + self._flow_collection(node, path)

    def _flow_collection(self, node: Collection, path: Path) -> str:
        if node.is_mapping:
            return f"{{{', '.join(self._flow_pairs(node, path))}}}"
        items = (self._flow(each.value, (*path, i)) for i, each in enumerate(node.entries))
        return f"[{', '.join(items)}]"

    def _flow_pairs(self, node: Collection, path: Path) -> Iterator[str]:
        for each in self._ordered(node, path):
            assert each.key is not None
            name = each.key.text if isinstance(each.key, Scalar) else ""
            yield f"{_key(each.key)}: {self._flow(each.value, (*path, name))}"

    def _ordered(self, node: Collection, path: Path) -> list[Entry]:
        """Return the entries in the schema's order, unknown keys last; what may not change places as it is."""
        if any(
            each.value.tied or (each.key is not None and each.key.tied) for each in node.entries
        ):
            return node.entries
        order = property_order(self.schema.kind, path)
        return sorted(
            node.entries,
            key=lambda each: order.get(
                each.key.text if isinstance(each.key, Scalar) else "", len(order)
            ),
        )


def _key(node: Scalar | Alias) -> str:
    if isinstance(node, Alias):
        return f"*{node.name} "  # the blank keeps the colon out of its name
    text = key_text(node.text)
    return f"&{node.anchor} {text}" if node.anchor else text


def _indented(lines: list[str], indent: str) -> list[str]:
    return [f"{indent}{each}" if each else "" for each in lines]
