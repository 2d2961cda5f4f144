"""What the three plain kinds of object share: data sources, traits and segments.

Each is a flat list at one path, addressed by id, found by integration code. What differs is a table of
members and a few functions, one module per kind.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.errors import ConflictError, NotFoundError, RejectedError
from audctl.model.live import LiveObject, Origin
from audctl.providers.audience_manager.codec import (
    decode_members,
    decode_number,
    decode_text,
    encode_members,
    settled,
)
from audctl.providers.audience_manager.rest import segment_of_path
from audctl.providers.audience_manager.write_back import confirm_gone, read_created, write_over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.ports import WriteValue
    from audctl.providers.audience_manager.codec import Member, Row
    from audctl.providers.audience_manager.ownership import Ownership
    from audctl.providers.audience_manager.rest import Document, RestClient
    from audctl.providers.transport import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind as data."""

    type: str
    path: str
    """Of the list, ending in ``/``."""
    id_name: str
    members: tuple[Member, ...]
    origin: Callable[[Row, Ownership], Origin]
    new: Callable[[Row], Row]
    """Completes the body of a create with what the API wants and audctl does not manage."""
    list_params: Params = field(default_factory=lambda: MappingProxyType({}))
    by_code: bool = True
    """``ic:<code>`` addresses it."""


class PlainObjects:
    """Reads and writes the objects of one plain kind."""

    def __init__(self, kind: Kind, rest: RestClient, ownership: Ownership) -> None:
        self.kind = kind
        self._rest = rest
        self._ownership = ownership

    def rows(self) -> list[Row]:
        """Read the whole list."""
        return self._rest.rows(self.kind.path, (self.kind.id_name,), self.kind.list_params)

    def read(self) -> list[LiveObject]:
        """Read the whole list, in canonical form."""
        return [self.live(row) for row in self.rows()]

    def live(self, row: Row, etag: str = "") -> LiveObject:
        """Return a row in canonical form."""
        kind = self.kind
        return LiveObject(
            type=kind.type,
            id=decode_text(row.get(kind.id_name)),
            fields=decode_members(kind.members, row),
            origin=kind.origin(row, self._ownership),
            changed_at=changed_at(row),
            changed_by=decode_text(row.get("upUID")),
            etag=etag,
        )

    def get(self, live_id: str) -> LiveObject | None:
        """Read one again; None when it is gone."""
        document = self._read(live_id)
        return None if document is None else self.live(document.row, document.etag)

    def find(self, key: tuple[str, ...]) -> LiveObject | None:
        """Look one up by integration code, and data source where the key has one.

        Raises ConflictError when several share the key: the API allows it, and none of them is the one.
        """
        source, code = key if len(key) > 1 else ("", key[0])
        if not code:
            raise RejectedError(
                f"{self.kind.type}: cannot be looked up without an integration code"
            )
        if self.kind.by_code:
            try:
                document = self._rest.read(f"{self.kind.path}ic:{segment_of_path(code)}")
            except NotFoundError:
                return None
            if self._matches(document.row, source, code):
                return self.live(document.row, document.etag)
        params: Params = {**self.kind.list_params, "integrationCode": code}
        if source:
            params = {**params, "dataSourceId": source}
        rows = self._rest.rows(self.kind.path, (self.kind.id_name,), params)
        found = [self.live(row) for row in rows if self._matches(row, source, code)]
        if len(found) > 1:
            ids = ", ".join(sorted(each.id for each in found))
            raise ConflictError(
                f"{self.kind.type}: {len(found)} objects have the integration code {code!r}: {ids}"
            )
        return found[0] if found else None

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Create and read back."""
        body = self.kind.new(encode_members(self.kind.members, fields))
        created = self._rest.create(self.kind.path, body)
        live_id = decode_text(created.get(self.kind.id_name))
        return read_created(lambda: self.get(live_id), fields, f"POST {self.kind.path}")

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Read whole, merge, write with the ETag if there is one, read back."""
        operation = f"PUT {self.kind.path}{live.id}"
        document = self._read(live.id)
        if document is None:
            raise NotFoundError(f"{operation}: it is gone", operation=operation)
        now = self.live(document.row, document.etag)
        body = {**document.row, **encode_members(self.kind.members, fields)}
        return write_over(
            now,
            live,
            fields,
            settled(self.kind.members, fields),
            send=lambda: self._rest.replace(f"{self.kind.path}{live.id}", body, document.etag),
            read=lambda: self.get(live.id),
            operation=operation,
        )

    def delete(self, live: LiveObject) -> None:
        """Delete and look; an object already gone is no error."""
        with suppress(NotFoundError):
            self._rest.delete(f"{self.kind.path}{live.id}")
        confirm_gone(lambda: self.get(live.id), f"DELETE {self.kind.path}{live.id}")

    def _read(self, live_id: str) -> Document | None:
        try:
            return self._rest.read(f"{self.kind.path}{segment_of_path(live_id)}")
        except NotFoundError:
            return None

    def _matches(self, row: Row, source: str, code: str) -> bool:
        return decode_text(row.get("integrationCode")) == code and (
            not source or decode_text(row.get("dataSourceId")) == source
        )


def changed_at(row: Row) -> datetime | None:
    """Return when a row was last written."""
    milliseconds = decode_number(row.get("updateTime"))
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
