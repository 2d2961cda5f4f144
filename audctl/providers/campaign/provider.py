"""Campaign behind the provider port: reads whole tables, writes single rows, in canonical fields.

Lists and their shared-audience side are two object types on one table: one read serves both. The number of
calls of a read grows with pages, never with objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import RejectedError
from audctl.model.live import LiveState
from audctl.providers.campaign import people
from audctl.providers.campaign.mapping.data_source import DataSourceMapping
from audctl.providers.campaign.mapping.external_account import ExternalAccountMapping
from audctl.providers.campaign.mapping.folder import FolderMapping
from audctl.providers.campaign.mapping.list import ListMapping
from audctl.providers.campaign.mapping.shared_list import SharedListMapping
from audctl.providers.campaign.mapping.table import Instance, TableMapping
from audctl.providers.campaign.mapping.workflow import WorkflowMapping
from audctl.providers.campaign.members import count_members
from audctl.providers.campaign.names import CampaignNames
from audctl.providers.campaign.persist import server_time
from audctl.providers.campaign.probe import ProbeResult, SchemaCatalog, probe
from audctl.providers.campaign.query import select_all
from audctl.providers.campaign.technical import (
    Operator,
    Prerequisites,
    read_operator,
    read_prerequisites,
)
from audctl.providers.campaign.workflow_runs import read_workflow_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from lxml import etree

    from audctl.model.live import LiveObject
    from audctl.model.people import PeoplePage, PeopleTable
    from audctl.model.synchronisation import WorkflowRun
    from audctl.ports import Clock, Observer, WriteValue
    from audctl.providers.campaign.client import CampaignClient

_MAPPINGS: tuple[type[TableMapping], ...] = (
    FolderMapping,
    DataSourceMapping,
    ListMapping,
    SharedListMapping,
    WorkflowMapping,
    ExternalAccountMapping,
)


class CampaignProvider:
    """Adobe Campaign Classic, as :class:`audctl.ports.Provider`."""

    system = "campaign"

    def __init__(
        self, client: CampaignClient, *, clock: Clock, names: CampaignNames | None = None
    ) -> None:
        self.client = client
        self.names = names or CampaignNames()
        self._clock = clock
        self._catalog = SchemaCatalog(client)
        instance = Instance(client, self.names, self._catalog, clock)
        self._mappings = {each.object_type: each(instance) for each in _MAPPINGS}

    def read(
        self,
        types: Collection[str],
        observer: Observer,
        *,
        within: Mapping[str, Collection[str]],  # noqa: ARG002 - every type here is listed as a whole
    ) -> LiveState:
        """Read all objects of these types; raise a ProviderError when any page fails."""
        begun = self.client.calls
        read_at = self._clock.now()
        by_schema: dict[str, list[TableMapping]] = {}
        for name in types:
            mapping = self._mapping(name)
            by_schema.setdefault(mapping.schema, []).append(mapping)
        objects = [
            each
            for mappings in by_schema.values()
            for each in self._read_schema(mappings, observer)
        ]
        return LiveState(
            objects=tuple(objects),
            types_read=frozenset(types),
            read_at=read_at,
            calls={self.system: self.client.calls - begun},
        )

    def find(self, object_type: str, key: tuple[str, ...]) -> LiveObject | None:
        """Look one object up by its key."""
        return self._mapping(object_type).find(key)

    def get(self, object_type: str, live_id: str) -> LiveObject | None:
        """Read one object again by id; None when it is gone."""
        return self._mapping(object_type).get(live_id)

    def refuses_second(self, object_type: str, fields: Mapping[str, WriteValue]) -> bool:  # noqa: ARG002
        """Tell whether the table's documented unique index, or the create itself, refuses a key that is taken."""
        return self._mapping(object_type).refuses_second

    def create(self, object_type: str, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Insert and read back; raise ConflictError when the key is taken."""
        return self._mapping(object_type).create(fields)

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Write these fields and read back; raise RejectedError that names what was not kept."""
        return self._mapping(live.type).update(live, fields)

    def delete(self, live: LiveObject) -> None:
        """Delete the row if it still is the one that was read; one already gone is no error."""
        self._mapping(live.type).delete(live)

    def count_people(self, object_type: str, live_ids: Collection[str]) -> Mapping[str, int]:
        """Return the number of members of lists; of other types nothing is known."""
        return (
            count_members(self.client, live_ids) if object_type == ListMapping.object_type else {}
        )

    def read_people(self, table: PeopleTable, *, after: int | None = None) -> Iterator[PeoplePage]:
        """Give a table of people in pages, as :class:`audctl.ports.PeopleReader` says."""
        return people.read_people(self.client, self.names, table, after=after)

    def count_rows(self, table: PeopleTable) -> int:
        """Return how many rows a table of people has now."""
        return people.count_rows(self.client, self.names, table)

    def add_members(self, list_id: str, recipients: Sequence[int]) -> None:
        """Put recipients on a list, as :class:`audctl.ports.MemberWriter` says."""
        people.add_members(self.client, list_id, recipients)

    def remove_members(self, list_id: str, recipients: Sequence[int]) -> None:
        """Take recipients off a list."""
        people.remove_members(self.client, list_id, recipients)

    def probe(self) -> tuple[ProbeResult, ...]:
        """Compare every configured name with the live instance's own schemas."""
        return probe(self._catalog, self.names)

    def prerequisites(self) -> Prerequisites:
        """Return what the integration needs beside audctl's own objects, as it stands."""
        return read_prerequisites(self.client, self.names)

    def workflow_runs(self) -> Mapping[str, WorkflowRun]:
        """Return where every workflow stands, by internal name, without its definition."""
        return read_workflow_runs(self.client, page_size=self.names.page_size)

    def who_am_i(self) -> Operator:
        """Return the operator the calls are made as, with its rights: proves that sign-in works."""
        return read_operator(self.client)

    def server_time(self) -> datetime:
        """Return the server's clock. It answers anyone: for proof of sign-in ask :meth:`who_am_i`."""
        return server_time(self.client)

    def close(self) -> None:
        """Drop the connections."""
        self.client.close()

    def _mapping(self, object_type: str) -> TableMapping:
        found = self._mappings.get(object_type)
        if found is None:
            raise RejectedError(f"Campaign holds no objects of type {object_type!r}")
        return found

    def _read_schema(
        self, mappings: Sequence[TableMapping], observer: Observer
    ) -> Iterator[LiveObject]:
        counts = dict.fromkeys((each.object_type for each in mappings), 0)
        for rows in self._pages(mappings):
            for mapping in mappings:
                found = [each for each in map(mapping.decode, rows) if each is not None]
                counts[mapping.object_type] += len(found)
                observer.reading(mapping.object_type, counts[mapping.object_type])
                yield from found

    def _pages(self, mappings: Sequence[TableMapping]) -> Iterator[list[etree._Element]]:
        try:
            pages = self._select(mappings)
            page = next(pages, None)
        except RejectedError as error:
            given_up = [each.gives_up_audit(error) for each in mappings]
            if not any(given_up):
                raise
            pages = self._select(mappings)
            page = next(pages, None)
        if page is not None:
            yield page
            yield from pages

    def _select(self, mappings: Sequence[TableMapping]) -> Iterator[list[etree._Element]]:
        return select_all(
            self.client,
            mappings[0].schema,
            tuple(dict.fromkeys(node for each in mappings for node in each.nodes)),
            mappings[0].page_condition,
            page_size=min(each.page_size() for each in mappings),
        )
