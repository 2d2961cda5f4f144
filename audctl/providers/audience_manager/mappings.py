"""Mappings of segments to destinations: listed one destination at a time.

Contract: the documentation's pages on destinations, with the paths of update and delete that the vendor's own
tools use. Three names of the id, and a start date that reads back a day early, come from the samples: putting
back the date that was read may move it another day into the past, which changes nothing for a mapping in force.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from audctl.errors import ConflictError, InvalidAnswerError, NotFoundError, RejectedError
from audctl.model.live import LiveObject
from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import (
    ID,
    TEXT,
    Codec,
    Member,
    decode_members,
    decode_text,
    encode_members,
    encode_text,
    settled,
)
from audctl.providers.audience_manager.destinations import ID_NAME, PATH
from audctl.providers.audience_manager.kind import changed_at
from audctl.providers.audience_manager.rest import segment_of_path
from audctl.providers.audience_manager.write_back import confirm_gone, read_created, write_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.ports import Clock, WriteValue
    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.rest import RestClient

_DATE = Codec(decode_text, lambda value: encode_text(value) or None)
_MEMBERS = (
    Member("destination", ID_NAME, ID),
    Member("segment", "sid", ID),
    Member("alias", "traitAlias", TEXT),
    Member("startDate", "startDate", _DATE),
    Member("endDate", "endDate", _DATE),
)


class Mappings:
    """Reads and writes mappings; remembers which destination each one is in, for the API's paths need it."""

    type = "aam.mapping"

    def __init__(self, rest: RestClient, *, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock
        self._lock = threading.Lock()
        self._destinations: dict[str, str] = {}
        self._searched = False
        self._mapped: dict[str, str] = {}
        """By destination: a segment that a read showed mapped there."""
        self._filter_tells: dict[str, bool] = {}

    def read(self, destination: str) -> list[LiveObject]:
        """Read all mappings of one destination; none when there is no such destination."""
        path = f"{PATH}{segment_of_path(destination)}/mappings"
        try:
            rows = self._rest.rows(path, names.MAPPING_IDS, sort=False)
        except NotFoundError:
            return []
        return [
            self.live(row, destination)
            for row in rows
            if decode_text(row.get("traitType")) in {"", names.SEGMENT_MAPPING}
            and decode_text(row.get("elementStatus")).lower() != "deleted"
        ]

    def live(self, row: Row, destination: str, etag: str = "") -> LiveObject:
        """Return a row in canonical form, and remember its place."""
        live_id = _id_of(row)
        with self._lock:
            self._destinations[live_id] = destination
            self._mapped[destination] = decode_text(row.get("sid"))
        return LiveObject(
            type=self.type,
            id=live_id,
            fields=decode_members(_MEMBERS, {**row, ID_NAME: destination}),
            changed_at=changed_at(row),
            changed_by=decode_text(row.get("upUID")),
            etag=etag,
        )

    def get(self, live_id: str) -> LiveObject | None:
        """Read one again; None when it is gone."""
        destination = self._destinations.get(live_id)
        if destination is None:
            return self._search(live_id)
        try:
            document = self._rest.read(_path(destination, live_id))
        except NotFoundError:
            return None
        return self.live(document.row, destination, document.etag)

    def find(self, key: tuple[str, ...]) -> LiveObject | None:
        """Look one up by destination, segment and alias; ConflictError when several share them.

        The list of a destination is read only when the segment is mapped there at all.
        """
        if self._is_unmapped(key[1], key[0]):
            return None
        found = [each for each in self.read(key[0]) if each.key == key]
        if len(found) > 1:
            ids = ", ".join(sorted(each.id for each in found))
            raise ConflictError(
                f"segment {key[1]} is mapped several times to destination {key[0]} as {key[2]!r}: {ids}"
            )
        return found[0] if found else None

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Map a segment, from today on unless a start date is given, and read back."""
        destination = str(fields.get("destination") or "")
        if not destination:
            raise RejectedError("a mapping needs a destination")
        path = f"{PATH}{segment_of_path(destination)}/mappings/"
        body = encode_members(_MEMBERS, fields)
        del body[ID_NAME]
        body.setdefault("startDate", self._clock.now().date().isoformat())
        body["traitType"] = names.SEGMENT_MAPPING
        created = self._rest.create(path, body)

        def created_mapping() -> LiveObject | None:
            return self.get(self.live(created, destination).id)

        return read_created(created_mapping, fields, f"POST {path}")

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Read whole, merge, write, read back."""
        destination = self._destination_of(live)
        path = _path(destination, live.id)
        operation = f"PUT {path}"
        document = self._rest.read(path)
        now = self.live(document.row, destination, document.etag)
        body = {**document.row, **encode_members(_MEMBERS, fields)}
        return write_over(
            now,
            live,
            fields,
            settled(_MEMBERS, fields),
            send=lambda: self._rest.replace(path, body, document.etag),
            read=lambda: self.get(live.id),
            operation=operation,
        )

    def delete(self, live: LiveObject) -> None:
        """Unmap and look; a mapping already gone is no error."""
        path = _path(self._destination_of(live), live.id)
        with suppress(NotFoundError):
            self._rest.delete(path)
        confirm_gone(lambda: self.get(live.id), f"DELETE {path}")

    def _destination_of(self, live: LiveObject) -> str:
        known = decode_text(live.fields.get("destination")) or self._destinations.get(live.id, "")
        if not known:
            raise RejectedError(f"mapping {live.id}: its destination is not known")
        return known

    def _is_unmapped(self, segment: str, destination: str) -> bool:
        """Whether the destination has no mapping of the segment for certain, by a list that stays short.

        The filter is documented and could not be tried: a segment that is known to be mapped there must show first
        that it works, once per destination. Until then, and wherever it does not, nothing is certain.
        """
        witness = self._mapped.get(destination)
        if not segment or not witness:
            return False
        if destination not in self._filter_tells:
            try:
                self._filter_tells[destination] = destination in self._mapped_to(witness)
            except RejectedError:
                self._filter_tells[destination] = False
        return self._filter_tells[destination] and destination not in self._mapped_to(segment)

    def _mapped_to(self, segment: str) -> frozenset[str]:
        """Return the destinations that a segment is mapped to, as the filtered list has them."""
        rows = self._rest.rows(PATH, (ID_NAME,), {"containsSegment": segment})
        return frozenset(decode_text(row.get(ID_NAME)) for row in rows)

    def _search(self, live_id: str) -> LiveObject | None:
        """Look through all destinations, for an id that no read has shown yet: at most once.

        Whatever exists is known afterwards: ids are asked for by those who saw them, and none comes back.
        """
        if self._searched:
            return None
        found = None
        for row in self._rest.rows(PATH, (ID_NAME,)):
            for each in self.read(decode_text(row.get(ID_NAME))):
                if each.id == live_id:
                    found = each
        self._searched = True
        return found


def _path(destination: str, live_id: str) -> str:
    return f"{PATH}{segment_of_path(destination)}/mappings/{segment_of_path(live_id)}"


def _id_of(row: Row) -> str:
    for name in names.MAPPING_IDS:
        if row.get(name) is not None:
            return decode_text(row[name])
    raise InvalidAnswerError("a mapping without an id")
