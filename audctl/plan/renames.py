"""Renamed manifests: which ledger entry ``metadata.previousNames`` means, seen over the whole project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger, LedgerEntry
    from audctl.model.live import LiveState


class Renames:
    """Entries under present and previous names.

    A name that passed from one object to another is never guessed at: a wrong guess would give one live object the
    other's content, and delete the other.
    """

    def __init__(self, desired: Iterable[DesiredObject], live: LiveState, ledger: Ledger) -> None:
        self.ledger = ledger
        self.live = live
        self.addresses: set[Address] = set()
        self.previous: dict[Address, tuple[Address, ...]] = {}
        for each in desired:
            self.addresses.add(each.address)
            if each.resource is not None and each.resource.previous_names:
                self.previous[each.address] = tuple(
                    Address(each.address.kind, name, each.address.object)
                    for name in each.resource.previous_names
                )

    def entry(self, address: Address) -> tuple[LedgerEntry | None, Address | None]:
        """Return what the ledger recorded for an address, and the old address where it did so under one."""
        entry = self.ledger.entries.get(address)
        if entry is not None:
            return entry, None
        for old in self.previous.get(address, ()):
            if old not in self.addresses and (entry := self.ledger.entries.get(old)):
                return entry, old
        return None, None

    def doubt(self, address: Address) -> str:
        """Return why nobody can tell which live object an address now means; empty when it is plain."""
        standing = [
            each
            for each in self.previous.get(address, ())
            if each != address and self._stands(each)
        ]
        left = [each for each in standing if each not in self.addresses]
        there = [each for each in standing if each in self.addresses]
        if address in self.ledger.entries:
            if left:
                own = self._shown(address)
                return f"{address} owns {own}, and was called {self._names(left)} before"
            for each in there:
                if self._leads_back(address):
                    what = self._shown(each)
                    return (
                        f"{address} and {each} have exchanged names, so that {what} could be either"
                    )
        elif there:
            return (
                f"{address} was called {self._names(there)} before, and that name is in use still"
            )
        elif len(left) > 1:
            return f"{address} was called {self._names(left)} before"
        return ""

    def _stands(self, address: Address) -> bool:
        """Whether the ledger has an object there that exists: the entry of one that is gone claims nothing."""
        entry = self.ledger.entries.get(address)
        return entry is not None and (entry.type, entry.live_id) in self.live.by_id

    def _shown(self, address: Address) -> str:
        entry = self.ledger.entries[address]
        return f"{entry.type} {entry.live_id}"

    def _names(self, addresses: Iterable[Address]) -> str:
        return " and ".join(f'"{each.name}" (owns {self._shown(each)})' for each in addresses)

    def _leads_back(self, address: Address) -> bool:
        return address in _reached(self.previous, address)


def _reached(previous: Mapping[Address, tuple[Address, ...]], start: Address) -> set[Address]:
    """Return every name that following previous names leads to."""
    found: set[Address] = set()
    left = [start]
    while left:
        for each in previous.get(left.pop(), ()):
            if each not in found:
                found.add(each)
                left.append(each)
    return found
