"""Renamed manifests: which ledger entry ``metadata.previousNames`` means, seen over the whole project.

The ledger keeps the previous names of each entry as they were last applied: those are done, and say nothing more. A
name that is new in the list is a *claim*: the object recorded under it belongs to this manifest now. A claim on a name
that another manifest bears counts only when that one moves on by a claim of its own::

    a → b → c      the manifest b was a, the manifest c was b
    a ⇄ b          they exchanged their names

What stays open is never guessed at: a wrong guess would give one live object the other's content, and delete the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.canonical import canonical
from audctl.model.objects import OBJECT_TYPES, Form
from audctl.model.value import Reference
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState

_TOLD = frozenset({Form.TEXT, Form.NUMBER, Form.FLAG, Form.SET})
"""Forms of fields that look alike in manifests and in the ledger."""


class Renames:
    """Which entries move to which addresses, and for which addresses nobody can tell."""

    def __init__(self, desired: Iterable[DesiredObject], live: LiveState, ledger: Ledger) -> None:
        self.ledger = ledger
        self.live = live
        self.desired = {each.address: each for each in desired}
        self.previous: dict[Address, tuple[Address, ...]] = {}
        self.doubts: dict[Address, str] = {}
        """Why nobody can tell which live object an address now means, and words for each."""
        for each in self.desired.values():
            if each.resource is not None and each.resource.previous_names and not each.observed:
                self.previous[each.address] = tuple(
                    Address(each.address.kind, name, each.address.object)
                    for name in each.resource.previous_names
                    if name != each.address.name
                )
        self.source = self._claims()
        """Where the entry of an address comes from, for those that claim another."""
        self._settle()
        self._doubt_cycles()
        self._doubt_pushes()
        self.moves: Mapping[Address, Address] = self._moves()
        """New address of each entry that changes its own, by old address."""

    def _claims(self) -> dict[Address, Address]:
        fresh = {
            address: [each for each in self._fresh(address) if self._stands(each)]
            for address in self.previous
        }
        found: dict[Address, Address] = {}
        for address, claimed in fresh.items():
            held = [each for each in claimed if each in self.desired and not fresh.get(each)]
            free = [each for each in claimed if each not in held]
            if held and address not in self.ledger.entries:
                self._doubt_use(address, held)
            elif len(free) > 1:
                self.doubts[address] = f"{address} was called {self._names(free)} before"
            elif free:
                found[address] = free[0]
        rivals: dict[Address, list[Address]] = {}
        for address, old in found.items():
            rivals.setdefault(old, []).append(address)
        for old, addresses in rivals.items():
            for address in addresses if len(addresses) > 1 else ():
                both = " and ".join(map(str, sorted(addresses)))
                self.doubts[address] = f"{both} were both called {self._names([old])} before"
                del found[address]
        return found

    def _fresh(self, address: Address) -> Iterator[Address]:
        """Yield the previous names that the ledger does not know as done."""
        entry = self.ledger.entries.get(address)
        done = frozenset(entry.previous_names) if entry is not None else frozenset()
        return (each for each in self.previous[address] if each.name not in done)

    def _settle(self) -> None:
        """Drop the claims on names whose bearers stay, and doubt those that would push an object out."""
        left = sorted(self.source)
        while left:
            address = left.pop()
            old = self.source.get(address)
            if old is None or old not in self.desired or old in self.source:
                continue
            del self.source[address]
            if address not in self.ledger.entries or old in self.doubts:
                self._doubt_use(address, [old])
            left.extend(each for each, other in self.source.items() if other == address)
        self._doubt_pushes()

    def _doubt_pushes(self) -> None:
        """Doubt each claim whose own object nobody takes, and then those that rely on it."""
        pushing = True
        while pushing:
            taken = {old for each, old in self.source.items() if each not in self.doubts}
            pushing = False
            for address in sorted(self.source.keys() - self.doubts.keys()):
                if address in self.ledger.entries and address not in taken:
                    self.doubts[address] = (
                        f"{address} owns {self._shown(address)}, and was called "
                        f"{self._names([self.source[address]])} before"
                    )
                    pushing = True

    def _doubt_use(self, address: Address, held: list[Address]) -> None:
        self.doubts[address] = (
            f"{address} was called {self._names(held)} before, and that name is in use still"
        )

    def _doubt_cycles(self) -> None:
        """Doubt names that were exchanged where the manifests' content says the contrary."""
        for ring in _rings(self.source):
            if any(self._fit(each, each) > self._fit(each, self.source[each]) for each in ring):
                self._doubt_ring(ring, "have exchanged names")
        done = {
            address: next((each for each in names if each in self.previous), None)
            for address, names in self.previous.items()
            if address not in self.source and address in self.ledger.entries
        }
        kept = {address: old for address, old in done.items() if old in done and old is not None}
        for ring in _rings(kept):
            if all(self._fit(each, kept[each]) > self._fit(each, each) for each in ring):
                self._doubt_ring(ring, "seem to have exchanged names again")

    def _doubt_ring(self, ring: list[Address], what: str) -> None:
        for place, address in enumerate(ring):
            other = ring[(place + 1) % len(ring)]
            self.doubts[address] = (
                f"{address} and {other} {what}, so that {self._shown(other)} could be either"
            )

    def _fit(self, address: Address, owner: Address) -> int:
        """Return how many fields of a manifest are as they were last applied to an entry's object.

        A key that is called like its manifest says nothing: it moves with the name.
        """
        wanted = self.desired[address]
        kinds = OBJECT_TYPES[wanted.type]
        recorded = self.ledger.entries[owner].fields
        alike = 0
        for name, value in wanted.fields.items():
            kind = kinds.fields.get(name)
            if kind is None or kind.form not in _TOLD or isinstance(value, (Reference, Secret)):
                continue
            if name in kinds.key and value == address.name:
                continue
            if name in recorded:
                same = canonical(kind.form, value) == canonical(kind.form, recorded[name])
                alike += same
        return alike

    def _moves(self) -> dict[Address, Address]:
        moves = {
            old: address
            for address, old in sorted(self.source.items())
            if address not in self.doubts
        }
        # What is gone live claims nothing; but its entry goes along, so that it is not mourned twice.
        for address, names in sorted(self.previous.items()):
            if address in self.ledger.entries or address in self.doubts or address in self.source:
                continue
            for old in names:
                if old in self.ledger.entries and old not in self.desired and old not in moves:
                    moves[old] = address
                    break
        return moves

    def doubt(self, address: Address) -> str:
        """Return why nobody can tell which live object an address now means; empty when it is plain."""
        return self.doubts.get(address, "")

    def _stands(self, address: Address) -> bool:
        """Whether the ledger has an object there that exists: the entry of one that is gone claims nothing."""
        entry = self.ledger.entries.get(address)
        return entry is not None and (entry.type, entry.live_id) in self.live.by_id

    def _shown(self, address: Address) -> str:
        entry = self.ledger.entries[address]
        return f"{entry.type} {entry.live_id}"

    def _names(self, addresses: Iterable[Address]) -> str:
        return " and ".join(f'"{each.name}" (owns {self._shown(each)})' for each in addresses)


def _rings(following: Mapping[Address, Address]) -> Iterator[list[Address]]:
    """Yield each circle of a map once, from its smallest member on."""
    seen: set[Address] = set()
    for start in sorted(following):
        path: list[Address] = []
        at: Address | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = following.get(at)
        if at in path:
            ring = path[path.index(at) :]
            first = ring.index(min(ring))
            yield [*ring[first:], *ring[:first]]
