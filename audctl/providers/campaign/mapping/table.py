"""What all types share: one row to one live object and back, and writes that are read back.

Campaign answers a write with nothing, and may drop attributes it does not know: every write is followed by a
read of the same row, and what is missing there is an error that names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from audctl.errors import ConflictError, NotFoundError, RejectedError
from audctl.model.live import LiveObject, Origin
from audctl.model.objects import OBJECT_TYPES
from audctl.providers.aftermath import after_write
from audctl.providers.campaign.documents import append
from audctl.providers.campaign.mapping.columns import Column, Columns, encode_value, revealed
from audctl.providers.campaign.names import attribute_of, is_attribute
from audctl.providers.campaign.persist import delete_where, parse_datetime, row_document, write
from audctl.providers.campaign.query import ID, Node, equals, get_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from audctl.errors import ProviderError
    from audctl.model.value import LiveValue
    from audctl.ports import Clock, WriteValue
    from audctl.providers.campaign.client import CampaignClient
    from audctl.providers.campaign.names import CampaignNames
    from audctl.providers.campaign.probe import SchemaCatalog

CHANGED_BY: Final = "changedBy"
AUDIT_NODES: Final = (Node("@lastModified"), Node("[modifiedBy/@name]", f"@{CHANGED_BY}"))
"""Kept by the server on schemas that have them."""
_ID = re.compile(r"-?[1-9]\d{0,18}")
_UNKNOWN_ATTRIBUTE = frozenset({"XTK-170036", "XTK-170037", "XTK-170006"})


@dataclass(frozen=True, slots=True)
class Instance:
    """What every mapping works with."""

    client: CampaignClient
    names: CampaignNames
    catalog: SchemaCatalog
    clock: Clock


class TableMapping:
    """Objects of one type, one row of a schema each."""

    object_type = ""
    schema = ""
    audited = True
    """Whether the schema has the attributes of AUDIT_NODES."""
    refuses_second = False
    """Whether a row whose key is taken is refused for certain: by an index that is documented, or by ``create``."""
    page_condition: tuple[str, ...] = ()
    """Conditions a row must fulfil to be read at all."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.columns = Columns(self.object_type, self._columns(instance.names))

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:
        raise NotImplementedError

    # -- reading

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a row must be selected with."""
        return (ID, *self.columns.nodes, *(AUDIT_NODES if self.audited else ()))

    def page_size(self) -> int:
        """Return the number of rows to ask for at once."""
        return self.instance.names.page_size

    def decode(self, row: etree._Element) -> LiveObject | None:
        """Return the object a row stands for, None when it stands for none of this type."""
        get = row.get
        return LiveObject(
            type=self.object_type,
            id=get("id", ""),
            fields=self.read_fields(row),
            origin=self.origin(row),
            changed_at=parse_datetime(get("lastModified", "")),
            changed_by=get(CHANGED_BY, ""),
        )

    def read_fields(self, row: etree._Element) -> dict[str, LiveValue]:
        """Return the fields that the columns hold."""
        return self.columns.read(row)

    def origin(self, row: etree._Element) -> Origin:  # noqa: ARG002 - for types that can tell
        """Tell who made the row."""
        return Origin.CUSTOMER

    def key_conditions(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Return the conditions that find the object with this key."""
        field = OBJECT_TYPES[self.object_type].key[0]
        column = self.columns.of(field)
        assert column is not None
        return (equals(column.xpath, key[0]),)

    def find(self, key: tuple[str, ...]) -> LiveObject | None:
        """Look one object up by its key."""
        return self._first(self.key_conditions(key))

    def get(self, live_id: str) -> LiveObject | None:
        """Read one object by id; text that is no id names no object."""
        return self._first((id_condition(live_id),)) if _ID.fullmatch(live_id) else None

    def _first(self, conditions: tuple[str, ...]) -> LiveObject | None:
        where = (*conditions, *self.page_condition)
        try:
            row = get_first(self.instance.client, self.schema, self.nodes, where)
        except RejectedError as error:
            if not self.gives_up_audit(error):
                raise
            row = get_first(self.instance.client, self.schema, self.nodes, where)
        return None if row is None else self.decode(row)

    def gives_up_audit(self, error: ProviderError) -> bool:
        """Leave out who changed a row and when, from now on, if that may be why a query was refused.

        Not every schema has these attributes; all others are needed.
        """
        if error.code not in _UNKNOWN_ATTRIBUTE or not self.audited:
            return False
        self.audited = False
        return True

    # -- writing

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Insert a row and read it back; raise ConflictError when the key is taken."""
        key = self._key_of(fields)
        self._insert(fields, key)
        with after_write():
            made = self.find(key)
        return self.confirm(made, fields, f"create {self.object_type} {'/'.join(key)}")

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Write these fields of the row and read it back; raise ConflictError when it changed since it was read."""
        operation = f"update {self.object_type} {'/'.join(live.key)}"
        self.require_unchanged(live, operation)
        self._write_row(live.id, fields, operation)
        with after_write():
            after = self.get(live.id)
        return self.confirm(after, fields, operation)

    def delete(self, live: LiveObject) -> None:
        """Delete the row, if it still has this id and key, and check that it is gone."""
        if self.get(live.id) is None:
            return
        conditions = (id_condition(live.id), *self.key_conditions(live.key))
        delete_where(self.instance.client, self.schema, conditions)
        with after_write():
            left = self.get(live.id)
        if left is not None:
            operation = f"delete {self.object_type} {'/'.join(live.key)}"
            raise ConflictError(
                f"{operation}: it is still there: in use, or its key has changed meanwhile",
                operation=operation,
            )

    def require_unchanged(self, live: LiveObject, operation: str) -> None:
        """Raise unless the object still is as it was read. Campaign has no precondition to send along."""
        now = self.get(live.id)
        if now is None:
            raise NotFoundError(f"{operation}: it is gone", operation=operation)
        if now.fingerprint() != live.fingerprint():
            by = f" by {now.changed_by}" if now.changed_by else ""
            raise ConflictError(
                f"{operation}: it was changed{by} since it was read", operation=operation
            )

    def confirm(
        self, live: LiveObject | None, written: Mapping[str, WriteValue], operation: str
    ) -> LiveObject:
        """Return what was read back; raise when it is not there or lacks what was written."""
        if live is None:
            raise NotFoundError(
                f"{operation}: Campaign reported no error, but the object is not there",
                operation=operation,
                may_have_happened=True,
            )
        lost = self.columns.lost(written, live.fields)
        if lost:
            raise RejectedError(
                f"{operation}: Campaign reported no error, but did not keep {', '.join(lost)}"
                f" of {self.schema}",
                operation=operation,
                may_have_happened=True,
            )
        return live

    def attributes(self, fields: Mapping[str, WriteValue]) -> tuple[dict[str, str], dict[str, str]]:
        """Return a document's attributes and memo elements for these fields; None clears."""
        attributes: dict[str, str] = {}
        memos: dict[str, str] = {}
        for name, value in fields.items():
            column = self.columns.of(name)
            if column is None:
                continue
            target = attributes if is_attribute(column.xpath) else memos
            target[attribute_of(column.xpath)] = self.encode(column, value)
        return attributes, memos

    def encode(self, column: Column, value: WriteValue) -> str:
        """Return one value as a document carries it."""
        return encode_value(column, value)

    def require_names(self, fields: Mapping[str, WriteValue], operation: str) -> None:
        """Raise RejectedError when a configured path that would be written is not in the live schema."""
        settings = self.columns.settings_of(fields)
        self.instance.catalog.require(self.instance.names, settings, operation)

    def build_row(
        self, operation: str, fields: Mapping[str, WriteValue], *, key: str = "", live_id: str = ""
    ) -> etree._Element:
        """Build the document of a write."""
        attributes, memos = self.attributes(fields)
        if live_id:
            attributes = {"id": live_id, **attributes}
        row = row_document(self.schema, operation, attributes, key=key)
        for name, text in memos.items():
            append(row, name, text=text)
        return row

    def _insert(self, fields: Mapping[str, WriteValue], key: tuple[str, ...]) -> None:
        operation = f"create {self.object_type} {'/'.join(key)}"
        self.require_names(fields, operation)
        write(
            self.instance.client,
            self.build_row("insert", fields),
            secrets=revealed(fields.values()),
        )

    def _write_row(self, live_id: str, fields: Mapping[str, WriteValue], operation: str) -> None:
        self.require_names(fields, operation)
        row = self.build_row("update", fields, key="@id", live_id=live_id)
        write(self.instance.client, row, secrets=revealed(fields.values()))

    def _key_of(self, fields: Mapping[str, WriteValue]) -> tuple[str, ...]:
        names = OBJECT_TYPES[self.object_type].key
        key = tuple(str(fields.get(name) or "") for name in names)
        if not all(key):
            raise RejectedError(f"create {self.object_type}: {' and '.join(names)} must be given")
        return key


def id_condition(live_id: str) -> str:
    """Return the condition for a row's id; raise RejectedError for text that is none."""
    if not _ID.fullmatch(live_id):
        raise RejectedError(f"{live_id[:40]!r} is no Campaign id")
    return f"@id = {live_id}"
