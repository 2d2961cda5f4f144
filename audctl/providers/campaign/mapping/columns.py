"""Columns: where an object's fields stand in a row, and how single values are read, written and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.model.canonical import canonical
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.providers.campaign.documents import text_of
from audctl.providers.campaign.names import attribute_of, is_attribute
from audctl.providers.campaign.query import Node
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lxml import etree

    from audctl.model.value import LiveValue, Plain
    from audctl.ports import WriteValue

_SET = frozenset({"1", "true"})
_EMPTY = {Form.FLAG: "false", Form.REFERENCE: "0"}


@dataclass(frozen=True, slots=True)
class Column:
    """Where one field stands in a row."""

    field: str
    xpath: str
    """``@x``, ``[@x-id]``, or the name of a memo element."""
    form: Form = Form.TEXT
    """TEXT, REFERENCE or FLAG."""
    setting: str = ""
    """The setting that gives the path, when it is not public: checked in the schema before any write."""


class Columns:
    """The columns of one object type."""

    def __init__(self, object_type: str, columns: Iterable[Column]) -> None:
        self._types = OBJECT_TYPES[object_type].fields
        self._by_field = {each.field: each for each in columns}
        # By form, so that reading a row takes no decision per value: tables have ten thousands of rows.
        by_form: dict[Form, list[tuple[str, str]]] = {}
        for each in self._by_field.values():
            if is_attribute(each.xpath):
                by_form.setdefault(each.form, []).append((each.field, attribute_of(each.xpath)))
        self._texts = tuple(by_form.get(Form.TEXT, ()))
        self._references = tuple(by_form.get(Form.REFERENCE, ()))
        self._flags = tuple(by_form.get(Form.FLAG, ()))
        self._memos = tuple(
            (each.field, each.xpath)
            for each in self._by_field.values()
            if not is_attribute(each.xpath)
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a row must be selected with."""
        return tuple(Node(each.xpath) for each in self._by_field.values())

    def of(self, field: str) -> Column | None:
        """Return the column of a field; None when it has none of its own."""
        return self._by_field.get(field)

    def read(self, row: etree._Element) -> dict[str, LiveValue]:
        """Return the fields of a row; nothing said is None, a reference to row 0 as well."""
        get = row.get
        fields: dict[str, LiveValue] = {name: get(at) or None for name, at in self._texts}
        for name, at in self._references:
            value = get(at)
            fields[name] = value if value and value != "0" else None
        for name, at in self._flags:
            fields[name] = get(at) in _SET
        for name, at in self._memos:
            fields[name] = text_of(row, at) or None
        return fields

    def settings_of(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return the settings that give the paths of these fields."""
        found = (self._by_field.get(each) for each in fields)
        return tuple(each.setting for each in found if each is not None and each.setting)

    def lost(
        self, written: Mapping[str, WriteValue], live: Mapping[str, LiveValue]
    ) -> tuple[str, ...]:
        """Return the written fields that do not read back, each with its path. Secrets never do."""
        return tuple(
            f"{name} ({self._by_field[name].xpath})" if name in self._by_field else name
            for name, value in written.items()
            if self._is_compared(name)
            and self._canonical(name, value) != self._canonical(name, live.get(name))
        )

    def _canonical(self, name: str, value: WriteValue) -> Plain:
        """Return a value in the form that equal ones share; XML makes all line ends alike."""
        form = self._types[name].form
        if isinstance(value, Secret):
            value = value.reveal()
        found = canonical(form, value)
        if not isinstance(found, str):
            return found
        if form is Form.REFERENCE and found == "0":
            return ""
        return found.replace("\r\n", "\n").strip()

    def _is_compared(self, name: str) -> bool:
        field = self._types.get(name)
        return field is not None and field.form is not Form.SECRET and not field.create_only


def encode_value(column: Column, value: WriteValue) -> str:
    """Return one value as a document carries it; None clears."""
    if isinstance(value, Secret):
        return value.reveal()
    if value is None or value == "":
        return _EMPTY.get(column.form, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def revealed(values: Iterable[WriteValue]) -> tuple[str, ...]:
    """Return the clear text of the secrets among some values, to be masked in error texts."""
    return tuple(each.reveal() for each in values if isinstance(each, Secret))
