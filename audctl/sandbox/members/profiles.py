"""Profiles: which ids count as one person, by the merge rule.

A merge rule without data sources looks at each device by itself. One with data sources takes the devices on which the
same id of those data sources was declared last as one profile, named by that id; other devices stand alone. What is
known of a declared id also reaches the devices it was declared on, and so their profiles.
"""

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import compress
from operator import itemgetter

from audctl.sandbox.members.choices import read_choices
from audctl.sandbox.members.id_sets import (
    EMPTY,
    IdSet,
    collect,
    flags_of,
    from_flags,
    members_of,
    without,
)

DEVICE = 0
"""Data source of Audience Manager's own visitor ids."""


def numbers(conn: sqlite3.Connection, query: str, *values: object) -> Iterator[int]:
    """Run a query for one column of numbers, past the row objects that would take most of the time."""
    cursor = conn.cursor()
    cursor.row_factory = None
    return map(itemgetter(0), cursor.execute(query, values))


class Profiles:
    """The profiles of one merge rule, as of one moment. A profile goes by the number of one of its ids."""

    def __init__(self, conn: sqlite3.Connection, merge_rule_id: int) -> None:
        (highest,) = conn.execute("SELECT max(id) FROM aam_identity").fetchone()
        self.size = (highest or 0) + 1
        self._conn = conn
        self._by_source: dict[int, IdSet] = {}
        self._reach_devices = read_choices(conn).linked_ids_reach_devices
        self.devices = self.ids_of_source(DEVICE)
        self._links: tuple[array[int], array[int]] | None = None
        sources = [
            row[0]
            for row in conn.execute(
                "SELECT used.value FROM aam_merge_rule AS rule, json_each(rule.data_source_ids) AS used"
                " WHERE rule.id = ?",
                (merge_rule_id,),
            )
        ]
        self._merged = EMPTY
        for source in sources:
            self._merged |= self.ids_of_source(source)
        self._owner = self._find_owners(sources) if sources else None
        self.everyone = self._merged | self._profiles_of(self.devices)

    def ids_of_source(self, data_source_id: int) -> IdSet:
        """Give the ids of one data source."""
        known = self._by_source.get(data_source_id)
        if known is None:
            query = "SELECT id FROM aam_identity WHERE data_source_id = ?"
            known = collect(numbers(self._conn, query, data_source_id), self.size)
            self._by_source[data_source_id] = known
        return known

    def reached_from(self, ids: IdSet) -> IdSet:
        """Give the profiles for which something known of any of the ids counts."""
        declared = without(ids, self.devices)
        devices = ids & self.devices
        if declared and self._reach_devices:
            devices |= self._follow(declared, *self._tied)
        return self._profiles_of(devices) | (declared & self._merged)

    def total(self, amounts: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Add up amounts known of ids for each profile they count for, once for each id."""
        given = dict(amounts)
        declared = without(collect(given, self.size), self.devices)
        totals: dict[int, int] = defaultdict(int)
        pairs: set[tuple[int, int]] = set()
        if declared:
            pairs = {(number, number) for number in members_of(declared & self._merged, self.size)}
            if self._reach_devices:
                flags = flags_of(declared, self.size)
                chosen = map(flags.__getitem__, self._tied[0])
                for number, device in compress(zip(*self._tied, strict=True), chosen):
                    pairs.add((number, self._profile_of(device)))
        for number, profile in pairs:
            totals[profile] += given[number]
        flags = flags_of(self.devices, self.size)
        for number, amount in given.items():
            if flags[number]:
                totals[self._profile_of(number)] += amount
        return totals

    def ids_in(self, profiles: IdSet, data_source_id: int) -> IdSet:
        """Give the ids of one data source that belong to any of the profiles."""
        devices = profiles & self.devices
        if self._owner is not None:
            # Devices merged under a declared id.
            flags = flags_of(profiles, self.size)
            chosen = map(flags.__getitem__, map(self._owner.__getitem__, range(self.size)))
            devices |= self.devices & from_flags(bytes(chosen))
        if data_source_id == DEVICE:
            return devices
        declared = self._follow(devices, *reversed(self._tied)) | profiles
        return declared & self.ids_of_source(data_source_id)

    @property
    def _tied(self) -> "tuple[array[int], array[int]]":
        """Give the declared id and the device of every link, read when first needed."""
        if self._links is None:
            order = "FROM aam_identity_link ORDER BY declared_id, device_id"
            self._links = (
                array("I", numbers(self._conn, f"SELECT declared_id {order}")),
                array("I", numbers(self._conn, f"SELECT device_id {order}")),
            )
        return self._links

    def _find_owners(self, sources: list[int]) -> "array[int]":
        """Give for each number the profile it belongs to; of several declared ids the last one seen wins."""
        owner = array("I", range(self.size))
        marks = ", ".join("?" * len(sources))
        for device, declared in self._conn.execute(
            "SELECT link.device_id, link.declared_id FROM aam_identity_link AS link"  # noqa: S608 - question marks
            f" JOIN aam_identity AS identity ON identity.id = link.declared_id AND data_source_id IN ({marks})"
            " ORDER BY link.seen_s, link.declared_id",
            sources,
        ):
            owner[device] = declared
        return owner

    def _profile_of(self, device: int) -> int:
        return device if self._owner is None else self._owner[device]

    def _profiles_of(self, devices: IdSet) -> IdSet:
        if self._owner is None:
            return devices
        return collect(compress(self._owner, flags_of(devices, self.size)), self.size)

    def _follow(self, ids: IdSet, here: "array[int]", there: "array[int]") -> IdSet:
        flags = flags_of(ids, self.size)
        return collect(compress(there, map(flags.__getitem__, here)), self.size)
