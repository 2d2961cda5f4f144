"""Rows to XML text: the shape is worked out once per query, each row only fills it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from audctl.sandbox.campaign.schema import Category
from audctl.sandbox.campaign.values import Stored, escape

Encoder = Callable[[Stored], str]
Row = Sequence[Stored]


@dataclass(slots=True)
class Shape:
    """An element of the answer: which column fills which attribute, text or child."""

    name: str
    attributes: dict[str, tuple[int, Encoder]] = field(default_factory=dict)
    children: "dict[str, Shape]" = field(default_factory=dict)
    content: tuple[int, Encoder] | None = None
    """Column that gives what stands inside, before the children."""
    replaced: tuple[int, Encoder] | None = None
    """Column that gives the whole element, or several, as text."""

    def child(self, name: str) -> "Shape":
        """Give the child called `name`, made on first use."""
        return self.children.setdefault(name, Shape(name))

    def render(self, *, omit_empty: bool = False) -> "Template":
        """Freeze this shape; `omit_empty` leaves out attributes whose text is empty."""
        slots: list[tuple[int, Encoder]] = []
        return Template(self._pattern(slots, omit_empty=omit_empty), tuple(slots))

    def _pattern(self, slots: list[tuple[int, Encoder]], *, omit_empty: bool) -> str:
        if self.replaced is not None:
            slots.append(self.replaced)
            return "%s"
        pieces = [f"<{self.name}"]
        for name, (column, encode) in self.attributes.items():
            if omit_empty and encode is encode_text:
                pieces.append("%s")
                slots.append((column, _optional_attribute(name)))
            else:
                pieces.append(f' {name}="%s"')
                slots.append((column, encode))
        if self.content is None and not self.children:
            pieces.append("/>")
            return "".join(pieces)
        pieces.append(">")
        if self.content is not None:
            pieces.append("%s")
            slots.append(self.content)
        pieces.extend(
            shape._pattern(slots, omit_empty=omit_empty)  # noqa: SLF001 - itself
            for shape in self.children.values()
        )
        pieces.append(f"</{self.name}>")
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Template:
    """A frozen shape."""

    pattern: str
    slots: tuple[tuple[int, Encoder], ...]

    def fill(self, row: Row) -> str:
        """Write one row."""
        return self.pattern % tuple([encode(row[column]) for column, encode in self.slots])


def encode_text(value: Stored) -> str:
    """Write a string or a moment; null is empty."""
    return "" if value is None else escape(str(value))


def _optional_attribute(name: str) -> Encoder:
    def encode(value: Stored) -> str:
        return "" if value is None or value == "" else f' {name}="{escape(str(value))}"'

    return encode


def encode_number(value: Stored) -> str:
    """Write a number; null is 0."""
    if value is None:
        return "0"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact
        return str(int(value))
    return escape(str(value))


def encode_boolean(value: Stored) -> str:
    """Write a boolean."""
    return "true" if value else "false"


def encode_xml(value: Stored) -> str:
    """Write stored XML as it is."""
    return "" if value is None else str(value)


ENCODERS: Mapping[Category, Encoder] = {
    Category.STRING: encode_text,
    Category.DATETIME: encode_text,
    Category.DATE: encode_text,
    Category.NUMBER: encode_number,
    Category.BOOLEAN: encode_boolean,
    Category.XML: encode_xml,
}


def element_encoder(name: str, shown: str) -> Encoder:
    """Make the encoder that takes the element `name` out of a stored memo and calls it `shown`."""

    def encode(value: Stored) -> str:
        if value is None:
            return f"<{shown}/>"
        found = etree.fromstring(f"<data>{value}</data>").find(name)
        if found is None:
            return f"<{shown}/>"
        found.tag = shown
        return etree.tostring(found, encoding="unicode", with_tail=False)

    return encode


def enumeration_encoder(values: Mapping[str, tuple[str, str]], part: int) -> Encoder:
    """Make the encoder that names (part 0) or labels (part 1) an enumerated value."""

    def encode(value: Stored) -> str:
        known = values.get(str(value if value is not None else ""))
        return escape(known[part]) if known else ""

    return encode


def collection_encoder(template: Template) -> Encoder:
    """Make the encoder of a nested collection, which SQLite gives as a JSON array of rows."""

    def encode(value: Stored) -> str:
        return "".join(template.fill(row) for row in json.loads(str(value or "[]")))

    return encode
