"""Put resources together from live objects, and say of every other object why no resource stands for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audctl.brownfield.names import NameBook
from audctl.brownfield.tenant import LiveTenant, age
from audctl.model.imported import Skipped
from audctl.model.kinds import KINDS
from audctl.model.kinds.inverse import Gathered, InexpressibleError, text_of
from audctl.model.live import Origin
from audctl.model.objects import OBJECT_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audctl.brownfield.tenant import Id
    from audctl.model.address import Address
    from audctl.model.kinds.kind import Kind
    from audctl.model.live import LiveObject, LiveState

    Fits = Callable[[str, object], str]
    """Of a kind and a spec: why no manifest may say it, empty when it may."""

EXPRESSED_IN_ORDER = (
    "Destination",
    "DataSource",
    "List",
    "ExternalAccount",
    "Trait",
    "Audience",
    "ExportBinding",
    "ImportBinding",
)
"""So that what cannot be expressed takes along what needs it."""
_GATHERED_FIRST = "ExportBinding"
"""Its trait must not be taken for one of its own."""
_CODE_FIELDS = {"integrationCode": "integration code", "name": "internal name", "alias": "alias"}
_LEFT_OVER = {
    "aam.mapping": ("no shared list of Campaign is filled through it", ""),
    "campaign.dataSource": (
        "no data source of Audience Manager stands for it alone: it names none, or shares it with another one",
        "set its Audience Manager data source in Campaign",
    ),
}
_READ_ONLY = {
    "aam.segment": "write an Audience with its id and source: analytics or peopleCoreService, then import again",
    "aam.trait": "rules may name it by its id, followed by T",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One resource as it would be written."""

    address: Address
    spec: object
    objects: tuple[LiveObject, ...]
    """What it stands for, the root first."""
    foreign: str = ""
    """Who else owns one of the objects; such a resource may only observe."""

    @property
    def root(self) -> LiveObject:
        """The object that the resource is named after."""
        return self.objects[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What is known about live objects beside themselves."""

    standing: Mapping[Id, Address]
    """Objects that existing manifests mean already."""
    owned: Mapping[Id, Address]
    """Objects in the project's own ledger."""
    foreign: Mapping[Id, str]
    """Objects that other projects own, and words for the owner."""
    audience_identifier: str
    fits: Fits
    refused: Mapping[Id, str]
    """Roots that may not become resources after all, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Every resource that could be written, and every object that no resource stands for."""

    drafts: tuple[Draft, ...]
    skipped: tuple[Skipped, ...]
    tenant: LiveTenant
    managed: int
    """Live objects that manifests or the ledger stand for already."""


def compose(live: LiveState, around: Neighbours) -> Composition:
    """Return all resources that live objects can become; the same input gives the same names."""
    refused = dict(around.refused)
    while True:
        composing = _Composing(live, around, refused)
        composing.run()
        lost = {
            root: why
            for root, why in composing.lost.items()
            if composing.kinds[root] == _GATHERED_FIRST
        }
        if not lost.keys() - refused.keys():
            return composing.composition()
        # Without the export its trait is a trait like any other, and the audience one with a rule.
        refused.update(lost)


def express_again(address: Address, tenant: LiveTenant) -> object | None:
    """Return what an existing resource would say were it written now; None when live does not tell."""
    inverse = KINDS[address.kind].inverse
    objects = tenant.objects.get(address, ())
    root = next((each for each in objects if each.type == inverse.root), None)
    if root is None:
        return None
    try:
        parts = inverse.gather(root, tenant)
        return inverse.express(Gathered(name=address.name, root=root, parts=parts), tenant)
    except InexpressibleError:
        return None


class _Composing:
    """One pass; objects fall out on the way and take along what needs them."""

    def __init__(self, live: LiveState, around: Neighbours, refused: Mapping[Id, str]) -> None:
        self.live = live
        self.around = around
        self.refused = refused
        self.tenant = LiveTenant(live, audience_identifier=around.audience_identifier)
        self.hints: dict[Id, str] = {}
        self.kinds: dict[Id, str] = {}
        self.lost: dict[Id, str] = {}
        self.gathered: dict[str, list[tuple[LiveObject, ...]]] = defaultdict(list)
        self.taken: set[Id] = set()
        self.drafts: list[Draft] = []

    def run(self) -> None:
        self._stand_existing()
        by_type: defaultdict[str, list[LiveObject]] = defaultdict(list)
        for each in sorted(self.live.objects, key=age):
            by_type[each.type].append(each)
        for name in (_GATHERED_FIRST, *(each for each in KINDS if each != _GATHERED_FIRST)):
            for root in by_type[KINDS[name].inverse.root]:
                self._gather(KINDS[name], root)
        book = NameBook(self.tenant.standing.values())
        named = {name: list(self._named(KINDS[name], book)) for name in KINDS}
        for name in EXPRESSED_IN_ORDER:
            for address, objects in named[name]:
                self._express(KINDS[name], address, objects)

    def _stand_existing(self) -> None:
        grouped: defaultdict[Address, list[LiveObject]] = defaultdict(list)
        for (object_type, live_id), address in self.around.standing.items():
            found = self.tenant.live(object_type, live_id)
            if found is not None:
                grouped[address.resource].append(found)
        for address, objects in grouped.items():
            self.tenant.stand(address, *objects)

    def _gather(self, kind: Kind, root: LiveObject) -> None:
        key = root.type, root.id
        if key in self.tenant.standing or key in self.taken or root.origin is Origin.SERVER:
            return
        self.kinds[key] = kind.name
        try:
            self._check(root)
            if key in self.refused:
                raise InexpressibleError(self.refused[key])  # noqa: TRY301 - one way out for all reasons
            parts = [
                part for part in kind.inverse.gather(root, self.tenant) if self._fit(kind, part)
            ]
        except InexpressibleError as error:
            self._drop((root,), error)
            return
        self.taken.update((each.type, each.id) for each in (root, *parts))
        self.gathered[kind.name].append((root, *parts))

    def _fit(self, kind: Kind, part: LiveObject) -> bool:
        try:
            if (owner := self.tenant.standing.get((part.type, part.id))) is not None:
                raise InexpressibleError(f"{owner} stands for it already")  # noqa: TRY301
            if (part.type, part.id) in self.taken:
                raise InexpressibleError("another resource needs it")  # noqa: TRY301
            self._check(part)
        except InexpressibleError as error:
            if kind.inverse.does_without:
                self._drop((part,), error)
                return False
            raise InexpressibleError(
                f"its {part.type} {part.id}: {error.reason}", error.hint
            ) from error
        return True

    def _check(self, live: LiveObject) -> None:
        """Raise for what makes an object unfit whatever its kind."""
        key = live.type, live.id
        if key in self.around.owned:
            raise InexpressibleError(
                f"audctl owns it as {self.around.owned[key].resource}, and that manifest is gone",
                "apply its removal first, or bring the manifest back",
            )
        kind = OBJECT_TYPES[live.type]
        if live.origin is not Origin.CUSTOMER and not kind.observed:
            raise InexpressibleError(
                "it comes from another product or company, and may only be referred to",
                _READ_ONLY.get(live.type, ""),
            )
        for field in kind.key:
            if not text_of(live, field) and not kind.observed:
                word = _CODE_FIELDS.get(field, field)
                raise InexpressibleError(
                    f"it has no {word}, by which audctl would find it",
                    "give it one that is unique, then import again",
                )
        others = [each.id for each in self.live.by_key[live.type, live.key] if each.id != live.id]
        if others:
            shown = " / ".join(live.key)
            raise InexpressibleError(
                f'its key "{shown}" is not its own: {live.type} {", ".join(sorted(others)[:5])} has it too',
                "change all but one of them",
            )

    def _named(
        self, kind: Kind, book: NameBook
    ) -> Iterable[tuple[Address, tuple[LiveObject, ...]]]:
        for objects in self.gathered[kind.name]:
            root = objects[0]
            address = book.give(kind.name, kind.inverse.called(root, self.tenant), root.id)
            self.tenant.stand(address, *objects)
            yield address, objects

    def _express(self, kind: Kind, address: Address, objects: tuple[LiveObject, ...]) -> None:
        root, *parts = objects
        found = Gathered(name=address.name, root=root, parts=tuple(parts))
        try:
            spec = kind.inverse.express(found, self.tenant)
            if why := self.around.fits(kind.name, spec):
                raise InexpressibleError(why)  # noqa: TRY301 - one way out for all reasons
        except InexpressibleError as error:
            self.lost[root.type, root.id] = error.reason
            self._drop(objects, error)
            return
        owners = (self.around.foreign.get((each.type, each.id), "") for each in objects)
        self.drafts.append(
            Draft(
                address=address,
                spec=spec,
                objects=objects,
                foreign=next(filter(None, owners), ""),
            )
        )

    def _drop(self, objects: tuple[LiveObject, ...], error: InexpressibleError) -> None:
        self.tenant.fall(error.reason, *objects)
        for each in objects:
            self.hints[each.type, each.id] = error.hint

    def composition(self) -> Composition:
        """Return the result of a pass."""
        importable = {kind.inverse.root for kind in KINDS.values()} | set(_LEFT_OVER)
        skipped = [
            self._skipped(each)
            for each in self.live.objects
            if each.type in importable
            and each.origin is not Origin.SERVER
            and (each.type, each.id) not in self.tenant.standing
        ]
        skipped.sort(key=lambda each: (each.type, each.reason, each.label, each.live_id))
        managed = self.around.standing.keys() | self.around.owned.keys()
        return Composition(
            drafts=tuple(sorted(self.drafts, key=lambda each: each.address)),
            skipped=tuple(skipped),
            tenant=self.tenant,
            managed=sum(key in self.live.by_id for key in managed),
        )

    def _skipped(self, live: LiveObject) -> Skipped:
        key = live.type, live.id
        reason, hint = _LEFT_OVER.get(live.type, ("no resource can stand for it", ""))
        return skipped_object(live, self.tenant.reasons.get(key, reason), self.hints.get(key, hint))


def skipped_object(live: LiveObject, reason: str, hint: str) -> Skipped:
    """Return the line about an object that no manifest is written for."""
    label = next(
        (text for field in ("label", "audienceName", "alias") if (text := text_of(live, field))), ""
    )
    return Skipped(type=live.type, live_id=live.id, label=label, reason=reason, hint=hint)
