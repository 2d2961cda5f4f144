"""Audience Manager as a provider: the port's six verbs, handed to one module per kind of object."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Protocol

from audctl.model.live import LiveState
from audctl.providers.audience_manager.data_sources import DATA_SOURCE
from audctl.providers.audience_manager.destinations import Destinations
from audctl.providers.audience_manager.folders import Folders
from audctl.providers.audience_manager.kind import PlainObjects
from audctl.providers.audience_manager.mappings import Mappings
from audctl.providers.audience_manager.ownership import Ownership
from audctl.providers.audience_manager.populations import POPULATION, count_population
from audctl.providers.audience_manager.rest import RestClient
from audctl.providers.audience_manager.segment_use import read_destinations
from audctl.providers.audience_manager.segments import SEGMENT, add_merge_rules
from audctl.providers.audience_manager.traits import TRAIT
from audctl.providers.audience_manager.transfers import read_transfers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from concurrent.futures import Future
    from datetime import datetime

    from audctl.model.live import LiveObject
    from audctl.model.synchronisation import Transfer
    from audctl.ports import Clock, Observer, WriteValue
    from audctl.providers.ims import ImsAuth
    from audctl.providers.transport import TransportSettings

    Part = Callable[[], list[LiveObject]]


class Objects(Protocol):
    """What every kind of object can do; ``fields`` are canonical."""

    def get(self, live_id: str) -> LiveObject | None: ...  # noqa: D102 - see ports.Provider
    def find(self, key: tuple[str, ...]) -> LiveObject | None: ...  # noqa: D102
    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject: ...  # noqa: D102
    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject: ...  # noqa: D102
    def delete(self, live: LiveObject) -> None: ...  # noqa: D102


class AudienceManagerProvider:
    """One company's Audience Manager (:class:`audctl.ports.Provider`); safe to share between threads."""

    system = "aam"

    def __init__(  # noqa: PLR0913 - the parts it is put together from, all by keyword
        self,
        endpoint: str,
        auth: ImsAuth,
        *,
        clock: Clock,
        observer: Observer | None = None,
        settings: TransportSettings | None = None,
        page_size: int | None = None,
        population: str = POPULATION,
    ) -> None:
        """``endpoint`` ends in ``/v1``. ``page_size`` None: lists are read whole, in one call each.

        ``population`` names the metric that counts as a segment's people; empty: they are not asked for.
        """
        self.rest = RestClient(
            endpoint, auth, clock=clock, observer=observer, settings=settings, page_size=page_size
        )
        self.ownership = Ownership(self.rest)
        self._population = population
        self._clock = clock
        self._trait_folders = Folders(
            "aam.traitFolder", "/folders/traits/", self.rest, self.ownership
        )
        self._segment_folders = Folders(
            "aam.segmentFolder", "/folders/segments/", self.rest, self.ownership
        )
        self._data_sources = PlainObjects(DATA_SOURCE, self.rest, self.ownership)
        self._traits = PlainObjects(TRAIT, self.rest, self.ownership)
        self._segments = PlainObjects(SEGMENT, self.rest, self.ownership)
        self._destinations = Destinations(self.rest, self.ownership)
        self._mappings = Mappings(self.rest, clock=clock)
        self._objects: dict[str, Objects] = {
            "aam.dataSource": self._data_sources,
            "aam.traitFolder": self._trait_folders,
            "aam.segmentFolder": self._segment_folders,
            "aam.trait": self._traits,
            "aam.segment": self._segments,
            "aam.destination": self._destinations,
            "aam.mapping": self._mappings,
        }

    def read(
        self, types: Collection[str], observer: Observer, *, within: Mapping[str, Collection[str]]
    ) -> LiveState:
        """Read whole lists side by side; see the port.

        Data sources are always read: whether a trait or a segment is this company's own depends on them.
        """
        wanted = self._checked(types)
        begun, calls = self._clock.now(), self.rest.transport.calls
        objects: list[LiveObject] = []
        with ThreadPoolExecutor(self.rest.transport.ceiling) as pool:
            self.ownership.company()
            sources = self._data_sources.rows()
            self.ownership.learn_data_sources(sources)
            reading: list[tuple[str, Future[list[LiveObject]]]] = [
                (object_type, pool.submit(part))
                for object_type in wanted
                for part in self._parts(object_type, within)
            ]
            if "aam.dataSource" in wanted:
                objects += (self._data_sources.live(row) for row in sources)
                observer.reading("aam.dataSource", len(objects))
            counts = dict.fromkeys(wanted, 0)
            for object_type, future in reading:
                found = future.result()
                objects += found
                counts[object_type] += len(found)
                observer.reading(object_type, counts[object_type])
        return LiveState(
            objects=tuple(_details_first(objects)),
            types_read=frozenset(wanted),
            read_at=begun,
            calls={self.system: self.rest.transport.calls - calls},
        )

    def find(self, object_type: str, key: tuple[str, ...]) -> LiveObject | None:
        """Look one object up by key: by ``ic:`` address where there is one, else in a filtered list."""
        return self._objects[object_type].find(key)

    def get(self, object_type: str, live_id: str) -> LiveObject | None:
        """Read one object again by id; None when it is gone."""
        return self._objects[object_type].get(live_id)

    def refuses_second(self, object_type: str, fields: Mapping[str, WriteValue]) -> bool:
        """Tell whether the data source keeps the integration codes of its traits or segments unique."""
        return self.ownership.keeps_unique(object_type, str(fields.get("dataSource") or ""))

    def create(self, object_type: str, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Create and read back."""
        return self._objects[object_type].create(fields)

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Write these fields, keep all others. ConflictError: it is no longer as ``live`` shows it."""
        return self._objects[live.type].update(live, fields)

    def delete(self, live: LiveObject) -> None:
        """Delete; an object already gone is no error."""
        self._objects[live.type].delete(live)

    def count_people(self, object_type: str, live_ids: Collection[str]) -> Mapping[str, int]:
        """Return the population of segments; of other types nothing is known."""
        if object_type != "aam.segment" or not self._population:
            return {}
        return count_population(self.rest, live_ids, self._population)

    def destinations_of(self, segments: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return the destinations that segments are mapped to; those are left out of which the API does not tell."""
        return read_destinations(self.rest, segments)

    def transfers_to(
        self, destination: str, *, since: datetime, until: datetime
    ) -> tuple[Transfer, ...]:
        """Return what was sent to a destination between two moments, oldest first."""
        return read_transfers(self.rest, destination, since=since, until=until)

    def close(self) -> None:
        """Drop the connections."""
        self.rest.transport.close()

    def _checked(self, types: Collection[str]) -> tuple[str, ...]:
        if unknown := set(types) - self._objects.keys():
            raise ValueError(f"not types of Audience Manager: {', '.join(sorted(unknown))}")
        return tuple(name for name in self._objects if name in types)

    def _parts(self, object_type: str, within: Mapping[str, Collection[str]]) -> list[Part]:
        """Return the independent reads that make up one type, data sources apart."""
        parents = sorted(set(within.get(object_type, ())))
        if object_type == "aam.mapping":
            return [partial(self._mappings.read, parent) for parent in parents]
        if object_type == "aam.destination":
            details: list[Part] = [partial(self._destination, parent) for parent in parents]
            return [*details, self._destination_rows]
        if object_type == "aam.segment":
            return [partial(self._segments_with, parents)]
        whole: dict[str, Part] = {
            "aam.traitFolder": self._trait_folders.read,
            "aam.segmentFolder": self._segment_folders.read,
            "aam.trait": self._traits.read,
        }
        return [whole[object_type]] if object_type in whole else []

    def _segments_with(self, merge_rules: Collection[str]) -> list[LiveObject]:
        rows = add_merge_rules(self._segments.rows(), merge_rules, self.rest)
        return [self._segments.live(row) for row in rows]

    def _destination(self, live_id: str) -> list[LiveObject]:
        found = self._destinations.get(live_id)
        return [] if found is None else [found]

    def _destination_rows(self) -> list[LiveObject]:
        return [self._destinations.live(row) for row in self._destinations.rows()]


def _details_first(objects: list[LiveObject]) -> list[LiveObject]:
    """Drop the list's row of an object that was also read with its details, which came before it."""
    kept: dict[tuple[str, str], LiveObject] = {}
    for each in objects:
        kept.setdefault((each.type, each.id), each)
    return list(kept.values())
