"""Whose an object is: this company's people, the server's own, or somebody else's.

Lists show what the company may see, which is more than what it made: third-party data, report suites of
Analytics, traits that the server keeps beside folders and data sources.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from audctl.errors import InvalidAnswerError
from audctl.model.live import Origin
from audctl.providers.audience_manager.codec import decode_text
from audctl.providers.audience_manager.names import (
    GENERAL_DATA_SOURCE,
    GLOBAL_DATA_SOURCES,
    SYSTEM_USER,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.rest import RestClient

WHO_AM_I = "/users/self"
_UNIQUE = {
    "aam.trait": "uniqueTraitIntegrationCodes",
    "aam.segment": "uniqueSegmentIntegrationCodes",
}
"""By object type: the member of a data source that says that no two may share an integration code."""
DATA_SOURCES = "/datasources/"


class Ownership:
    """Judges origins; asks once who the caller is, and which data sources are foreign."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._lock = threading.Lock()
        self._company: str | None = None
        self._foreign: frozenset[str] | None = None
        self._unique: set[tuple[str, str]] = set()
        """Object type and data source."""

    def company(self) -> str:
        """Return the company's id (pid). The same call is the API's documented probe of access."""
        if self._company is not None:
            return self._company
        with self._lock:
            if self._company is None:
                self._company = decode_text(self._rest.read(WHO_AM_I).row.get("pid"))
                if not self._company:
                    raise InvalidAnswerError(f"GET {WHO_AM_I}: no pid", operation=f"GET {WHO_AM_I}")
            return self._company

    def learn_data_sources(self, rows: Iterable[Row]) -> None:
        """Remember from a complete list which data sources are not this company's own."""
        self._foreign = frozenset(
            decode_text(row.get("dataSourceId"))
            for row in rows
            if self.of_data_source(row) is not Origin.CUSTOMER
        )

    def foreign_data_sources(self) -> frozenset[str]:
        """Return ids of data sources whose traits and segments another product or company keeps."""
        if self._foreign is None:
            self.learn_data_sources(self._rest.rows(DATA_SOURCES, ("dataSourceId",)))
        return self._foreign or frozenset()

    def of_data_source(self, row: Row) -> Origin:
        """Judge a data source, and remember which integration codes it keeps unique."""
        source = decode_text(row.get("dataSourceId"))
        for object_type, member in _UNIQUE.items():
            if row.get(member) is True:
                self._unique.add((object_type, source))
            else:
                self._unique.discard((object_type, source))
        return origin_of_data_source(row, self.company())

    def keeps_unique(self, object_type: str, source: str) -> bool:
        """Whether a data source refuses a second object of this type with the same integration code."""
        return (object_type, source) in self._unique

    def of_member(self, row: Row) -> Origin:
        """Judge an object that lies in a data source."""
        pid = decode_text(row.get("pid"))
        if pid and pid != self.company():
            return Origin.READ_ONLY
        if decode_text(row.get("dataSourceId")) in self.foreign_data_sources():
            return Origin.READ_ONLY
        return Origin.CUSTOMER


def origin_of_data_source(row: Row, company: str) -> Origin:
    """Judge a data source by owner, by the list of global ones, and by its type (a report suite's differs)."""
    foreign = (
        decode_text(row.get("pid")) not in {"", company}
        or decode_text(row.get("dataSourceId")) in GLOBAL_DATA_SOURCES
        or decode_text(row.get("type")) not in {"", GENERAL_DATA_SOURCE}
    )
    if foreign:
        return Origin.READ_ONLY
    return Origin.SERVER if decode_text(row.get("crUID")) == SYSTEM_USER else Origin.CUSTOMER
