"""Find out which live object each desired object is.

In this order: the id the ledger recorded; the key an interrupted run was about to create; the type's key
fields, read through references that are identified already. A reference that leads nowhere makes the key
lead nowhere: the object is absent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from audctl.model.address import parse_address
from audctl.model.canonical import canonical
from audctl.model.finding import Finding, Severity
from audctl.model.live import Origin
from audctl.model.objects import OBJECT_TYPES
from audctl.model.value import Reference
from audctl.plan.renames import Renames

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Intent, Ledger, LedgerEntry
    from audctl.model.live import LiveObject, LiveState

TYPE_ORDER: Mapping[str, int] = {name: place for place, name in enumerate(OBJECT_TYPES)}
"""Place of each type in an order in which references point backwards."""


class Standing(Enum):
    """How a desired object stands towards the live system."""

    ABSENT = auto()
    """No live object carries its key."""
    OWNED = auto()
    """The ledger recorded the live object."""
    CLAIMED = auto()
    """A run that was interrupted made it and could not record it."""
    FOREIGN = auto()
    """It carries the key and nobody owns it."""
    USED = auto()
    """A shared object (folder) that exists anyhow, or one that is only observed."""
    UNCLEAR = auto()
    """An error finding says why nothing can be decided."""


@dataclass(frozen=True, slots=True)
class Match:
    """A desired object beside its live object and its ledger entry."""

    desired: DesiredObject
    standing: Standing
    live: LiveObject | None = None
    entry: LedgerEntry | None = None
    """Last-applied; kept for an absent object too, where it says "deleted outside audctl"."""
    renamed_from: Address | None = None
    """The address the ledger still records, when the manifest was renamed; that entry goes once this is done."""


@dataclass
class Identified:
    """All matches in type order, and what could not be told apart."""

    ledger: Ledger
    """With renamed entries under their new addresses."""
    matches: list[Match] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    renamed: set[Address] = field(default_factory=set)
    """Old addresses whose entries went over to new ones, or might have to: nothing there is let go of."""


def in_type_order(desired: Iterable[DesiredObject]) -> list[DesiredObject]:
    """Sort so that what an object refers to comes before it; ties by address."""
    return sorted(desired, key=lambda each: (TYPE_ORDER[each.type], each.address))


def identify(
    desired: Iterable[DesiredObject],
    live: LiveState,
    ledger: Ledger,
    *,
    unreadable: frozenset[str] = frozenset(),
) -> Identified:
    """Match every desired object; types in ``unreadable`` are left out, their ids taken from the ledger."""
    return _Identification(list(desired), live, ledger, unreadable).run()


class _Identification:
    """One pass over the desired objects; later ones see what earlier ones turned out to be."""

    def __init__(
        self,
        desired: list[DesiredObject],
        live: LiveState,
        ledger: Ledger,
        unreadable: frozenset[str],
    ) -> None:
        self.desired = desired
        self.addresses = frozenset(each.address for each in desired)
        self.renames = Renames(desired, live, ledger)
        self.came_from = {new: old for old, new in self.renames.moves.items()}
        self.live = live
        self.ledger = ledger = ledger.with_moves(self.renames.moves)
        self.unreadable = unreadable
        self.ids: dict[Address, str] = {}
        self.owners = {(each.type, each.live_id): each.address for each in ledger.entries.values()}
        self.claims: dict[tuple[str, str], Address] = {}
        self.keys: dict[tuple[str, tuple[str, ...]], Address] = {}
        self.partial: dict[
            tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[LiveObject]]
        ] = {}
        self.result = Identified(ledger)

    def run(self) -> Identified:
        twice = [
            each for each, count in Counter(o.address for o in self.desired).items() if count > 1
        ]
        for address in sorted(twice):
            self._problem("AUD2006", f"{address} is asked for twice", None)
        for each in in_type_order(self.desired):
            if each.type in self.unreadable:
                if entry := self.ledger.entries.get(each.address):
                    self.ids[each.address] = entry.live_id
                continue
            match = self._match(each)
            self.result.matches.append(match)
            if match.live is not None:
                self.ids[each.address] = match.live.id
        return self.result

    def _match(self, wanted: DesiredObject) -> Match:
        if wanted.observed:
            return self._observed(wanted)
        if doubt := self.renames.doubt(wanted.address):
            self.result.renamed.update(self.renames.previous[wanted.address])
            return self._unclear(
                wanted,
                "AUD2016",
                doubt,
                hint="what was renamed already needs no previous name any more: take it away; otherwise rename in two "
                "steps, through a third name, and apply in between",
            )
        entry = self.ledger.entries.get(wanted.address)
        renamed_from = self.came_from.get(wanted.address)
        if renamed_from is not None:
            self.result.renamed.add(renamed_from)
        if entry is not None:
            standing = self.live.by_id.get((wanted.type, entry.live_id))
            if standing is not None:
                return self._claim(wanted, Standing.OWNED, standing, entry, renamed_from)
        if claimed := self._interrupted(wanted):
            return self._claim(wanted, Standing.CLAIMED, claimed, None, renamed_from)
        return self._by_key(wanted, entry, renamed_from)

    def _interrupted(self, wanted: DesiredObject) -> LiveObject | None:
        intent = self.ledger.intents.get(wanted.address)
        if intent is None or intent.type != wanted.type:
            return None
        found = self.live.by_key.get((wanted.type, self._intent_key(intent)), ())
        ours = [
            each
            for each in found
            if each.origin is Origin.CUSTOMER and (each.type, each.id) not in self.owners
        ]
        return ours[0] if len(ours) == 1 else None

    def _intent_key(self, intent: Intent) -> tuple[str, ...]:
        """Fill in what was not created yet when the intent was written down."""
        return tuple(self._intended_part(part) for part in intent.key)

    def _intended_part(self, part: str) -> str:
        if "#" not in part:
            return part
        try:
            return self.ids.get(parse_address(part), part)
        except ValueError:
            return part

    def _by_key(
        self, wanted: DesiredObject, entry: LedgerEntry | None, renamed_from: Address | None
    ) -> Match:
        key, known = self._key(wanted)
        rival = self.keys.setdefault((wanted.type, key), wanted.address)
        if rival != wanted.address:
            return self._unclear(
                wanted,
                "AUD2006",
                f"{wanted.address} and {rival} both ask for the {wanted.type} {_shown(key)}",
                hint="give one of them another key, or let both refer to one resource",
            )
        found = self.live.by_key.get((wanted.type, key), ()) if known else ()
        if not found:
            return Match(wanted, Standing.ABSENT, None, entry, renamed_from)
        if len(found) > 1:
            ids = ", ".join(sorted(each.id for each in found))
            return self._unclear(
                wanted,
                "AUD2004",
                f"{wanted.address}: {len(found)} live objects of type {wanted.type} have the key "
                f"{_shown(key)}: {ids}",
                hint="remove or rename all but one of them in the live system",
            )
        return self._single(wanted, found[0], entry, renamed_from)

    def _single(
        self,
        wanted: DesiredObject,
        found: LiveObject,
        entry: LedgerEntry | None,
        renamed_from: Address | None,
    ) -> Match:
        owner = self.owners.get((found.type, found.id))
        if owner is not None and owner != wanted.address:
            return self._unclear(
                wanted,
                "AUD2006",
                f"{wanted.address} asks for {found.type} {found.id}, which {owner} owns",
                hint=f'if it was renamed, write metadata.previousNames: ["{owner.name}"]',
            )
        if OBJECT_TYPES[wanted.type].shared:
            return Match(wanted, Standing.USED, found, entry)
        if found.origin is not Origin.CUSTOMER:
            maker = (
                "the live system itself made it"
                if found.origin is Origin.SERVER
                else "it comes from another product"
            )
            return self._unclear(
                wanted,
                "AUD2005",
                f"{wanted.address}: {found.type} {found.id} has the same key, and {maker}: "
                "it can be referred to, never taken over",
                hint="choose another key",
            )
        return self._claim(wanted, Standing.FOREIGN, found, None, renamed_from)

    def _observed(self, wanted: DesiredObject) -> Match:
        entry = self.ledger.entries.get(wanted.address) or self._formerly(wanted)
        live_id = wanted.fields.get("id")
        if entry is not None and (owned := self.live.by_id.get((wanted.type, entry.live_id))):
            # Its key may have changed live; which object was meant is on record.
            return self._looked_at(wanted, owned, entry)
        if isinstance(live_id, (str, int)) and live_id != "":
            found = self.live.by_id.get((wanted.type, str(live_id)))
            candidates = [found] if found else []
        else:
            candidates = self._by_known_fields(wanted)
        if len(candidates) > 1:
            ids = ", ".join(sorted(each.id for each in candidates))
            return self._unclear(
                wanted,
                "AUD2004",
                f"{wanted.address}: {len(candidates)} live objects of type {wanted.type} fit: {ids}",
                hint="say spec.id",
            )
        if not candidates:
            return Match(wanted, Standing.ABSENT, None, entry)
        return self._looked_at(wanted, candidates[0], entry)

    def _formerly(self, wanted: DesiredObject) -> LedgerEntry | None:
        """Return what is recorded under a former name of something that is only looked at now."""
        names = wanted.resource.previous_names if wanted.resource is not None else ()
        former = (wanted.address._replace(name=each) for each in names)
        return next(
            (self.ledger.entries[each] for each in former if self._is_left_behind(each)), None
        )

    def _is_left_behind(self, address: Address) -> bool:
        return address in self.ledger.entries and address not in self.addresses

    def _looked_at(
        self, wanted: DesiredObject, found: LiveObject, entry: LedgerEntry | None
    ) -> Match:
        """Match something that is never written; a record that nobody's manifest stands for any more goes with it.

        Otherwise the object would be removed as one whose manifest is gone, while a manifest looks at it.
        """
        owner = entry.address if entry is not None else self.owners.get((found.type, found.id))
        if owner is not None and owner != wanted.address and self._is_left_behind(owner):
            entry = self.ledger.entries[owner]
            self.result.renamed.add(owner)
        return Match(wanted, Standing.USED, found, entry)

    def _by_known_fields(self, wanted: DesiredObject) -> list[LiveObject]:
        """Look by the key fields the manifest sets: what others make is known by some of them only."""
        names = tuple(name for name in OBJECT_TYPES[wanted.type].key if wanted.fields.get(name))
        key = tuple(self._part(wanted, name) for name in names)
        if not names or None in key:
            return []
        index = self.partial.get((wanted.type, names))
        if index is None:
            index = {}
            for each in self.live.objects:
                if each.type == wanted.type:
                    own = tuple(str(each.fields.get(name) or "") for name in names)
                    index.setdefault(own, []).append(each)
            self.partial[wanted.type, names] = index
        return index.get(tuple(part or "" for part in key), [])

    def _key(self, wanted: DesiredObject) -> tuple[tuple[str, ...], bool]:
        """Return the key and whether it is known; an unknown part is the address it waits for."""
        parts: list[str] = []
        known = True
        for name in OBJECT_TYPES[wanted.type].key:
            part = self._part(wanted, name)
            if part is None:
                value = wanted.fields[name]
                part = str(value.target) if isinstance(value, Reference) else ""
                known = False
            parts.append(part)
        return tuple(parts), known

    def _part(self, wanted: DesiredObject, name: str) -> str | None:
        value = wanted.fields.get(name)
        if isinstance(value, Reference):
            return self.ids.get(value.target)
        form = OBJECT_TYPES[wanted.type].fields[name].form
        return str(canonical(form, value) or "")

    def _claim(
        self,
        wanted: DesiredObject,
        standing: Standing,
        found: LiveObject,
        entry: LedgerEntry | None,
        renamed_from: Address | None,
    ) -> Match:
        rival = self.claims.setdefault((found.type, found.id), wanted.address)
        if rival != wanted.address:
            return self._unclear(
                wanted,
                "AUD2006",
                f"{wanted.address} and {rival} both mean {found.type} {found.id}",
                hint="one live object belongs to one address; remove one of them",
            )
        return Match(wanted, standing, found, entry, renamed_from)

    def _unclear(self, wanted: DesiredObject, code: str, message: str, hint: str = "") -> Match:
        self._problem(code, message, wanted, hint)
        return Match(wanted, Standing.UNCLEAR)

    def _problem(
        self, code: str, message: str, wanted: DesiredObject | None, hint: str = ""
    ) -> None:
        self.result.findings.append(
            Finding(
                code,
                Severity.ERROR,
                message,
                wanted.span() if wanted else None,
                hint,
                wanted.address if wanted else None,
            )
        )


def _shown(key: tuple[str, ...]) -> str:
    return " / ".join(f'"{part}"' for part in key)
