"""Destinations: only observed, because server-to-server ones cannot be made through the API.

Contract: the documentation's full pages on destinations. List rows lack all but name and type; export labels
need one call per destination, so they are read only for those that somebody asks about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import NotFoundError, RejectedError
from audctl.model.live import LiveObject, Origin
from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import (
    TEXT,
    Member,
    decode_members,
    decode_text,
    word_sets,
    words,
)
from audctl.providers.audience_manager.kind import changed_at
from audctl.providers.audience_manager.rest import segment_of_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.ports import WriteValue
    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.ownership import Ownership
    from audctl.providers.audience_manager.rest import RestClient

PATH = "/destinations/"
ID_NAME = "destinationId"
_MEMBERS = (
    Member("id", ID_NAME, TEXT),
    Member("label", "name", TEXT),
    Member("type", "destinationType", words(names.DESTINATION_TYPES)),
    Member("exportLabels", "dataExportLabels", word_sets(names.EXPORT_CONTROLS), optional=True),
)


class Destinations:
    """Reads destinations; refuses every write."""

    type = "aam.destination"

    def __init__(self, rest: RestClient, ownership: Ownership) -> None:
        self._rest = rest
        self._ownership = ownership

    def rows(self) -> list[Row]:
        """Read the list, without details."""
        return self._rest.rows(PATH, (ID_NAME,))

    def live(self, row: Row, etag: str = "") -> LiveObject:
        """Return a row, of the list or a detail, in canonical form."""
        ours = decode_text(row.get("pid")) in {"", self._ownership.company()}
        return LiveObject(
            type=self.type,
            id=decode_text(row.get(ID_NAME)),
            fields=decode_members(_MEMBERS, row),
            origin=Origin.CUSTOMER if ours else Origin.READ_ONLY,
            changed_at=changed_at(row),
            changed_by=decode_text(row.get("upUID")),
            etag=etag,
        )

    def get(self, live_id: str) -> LiveObject | None:
        """Read one with its details; None when it does not exist."""
        try:
            document = self._rest.read(f"{PATH}{segment_of_path(live_id)}")
        except NotFoundError:
            return None
        # Absent in a detail means without labels; absent in a list row means unknown.
        return self.live({"dataExportLabels": [], **document.row}, document.etag)

    def find(self, key: tuple[str, ...]) -> LiveObject | None:
        """Look one up by id, its only key."""
        return self.get(key[0])

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Refuse: it is set up by a person."""
        raise _observed(str(fields.get("id") or ""))

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Refuse."""
        raise _observed(f"{live.id} ({', '.join(sorted(fields))})")

    def delete(self, live: LiveObject) -> None:
        """Refuse."""
        raise _observed(live.id)


def _observed(what: str) -> RejectedError:
    return RejectedError(f"destination {what}: audctl only observes destinations")
