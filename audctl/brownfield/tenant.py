"""Everything live, by id and by reference, and which resource stands for what."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from audctl.model.kinds.inverse import InexpressibleError, text_of
from audctl.model.kinds.unset import UNSET, Unset
from audctl.model.objects import OBJECT_TYPES
from audctl.model.substitution import TRAIT, trait_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.live import LiveObject, LiveState

Id: TypeAlias = "tuple[str, str]"
"""Type and live id of an object."""

WORKFLOW = "campaign.workflow"
_ROOT_FOLDER = "0"
_SHOWN = MappingProxyType(
    {
        "aam.dataSource": "data source",
        "aam.segment": "segment",
        "aam.destination": "destination",
        "campaign.list": "list",
        "campaign.dataSource": "Campaign data source",
    }
)


class LiveTenant:
    """A live state with names; see :class:`audctl.model.kinds.inverse.Tenant`."""

    def __init__(self, live: LiveState, *, audience_identifier: str) -> None:
        self.audience_identifier = audience_identifier
        self.state = live
        self.standing: dict[Id, Address] = {}
        """Resource that stands for an object, written already or about to be."""
        self.objects: dict[Address, tuple[LiveObject, ...]] = {}
        """What a resource stands for."""
        self.reasons: dict[Id, str] = {}
        """Why no resource stands for an object."""
        self._indexes: dict[tuple[str, str], Mapping[str, tuple[LiveObject, ...]]] = {}
        self._exported: dict[str, set[str]] = defaultdict(set)
        self._trait_names: dict[str, str] = {}

    # --- what is live -----------------------------------------------------------------------------

    def live(self, object_type: str, live_id: str) -> LiveObject | None:
        """Return one object by id."""
        return self.state.by_id.get((object_type, live_id))

    def referring(self, object_type: str, field: str, live_id: str) -> tuple[LiveObject, ...]:
        """Return the objects of a type whose reference field holds an id, in the order of their own ids."""
        index = self._indexes.get((object_type, field))
        if index is None:
            found: defaultdict[str, list[LiveObject]] = defaultdict(list)
            for each in sorted(self.state.objects, key=age):
                if each.type == object_type:
                    found[text_of(each, field)].append(each)
            index = {key: tuple(each) for key, each in found.items()}
            self._indexes[object_type, field] = index
        return index.get(live_id, ())

    def folder(self, object_type: str, live_id: str) -> str | Unset:
        """Return a folder's path, ``/`` for the root of an Audience Manager tree; UNSET for no folder."""
        found = self.live(object_type, live_id)
        if found is not None:
            return text_of(found, "path") or UNSET
        is_root = live_id == _ROOT_FOLDER and OBJECT_TYPES[object_type].system == "aam"
        return "/" if is_root else UNSET

    # --- what stands for it -----------------------------------------------------------------------

    def stand(self, address: Address, *objects: LiveObject) -> None:
        """Let a resource stand for all of its objects at once."""
        self.objects[address.resource] = objects
        for each in objects:
            self.standing[each.type, each.id] = address.resource
            if each.type == TRAIT:
                self._trait_names[trait_token(each.id)] = address.name
        self._learn_export(address, objects)

    def fall(self, why: str, *objects: LiveObject) -> None:
        """Let nothing stand for objects any more, and remember why."""
        for each in objects:
            self.standing.pop((each.type, each.id), None)
            self.reasons[each.type, each.id] = why
            self._trait_names.pop(trait_token(each.id), None)

    def name(self, kind: str, object_type: str, live_id: str) -> str:
        """Return the name of the resource of that kind which stands for an object."""
        address = self.standing.get((object_type, live_id))
        if address is not None and address.kind == kind:
            return address.name
        shown = f"{_SHOWN.get(object_type, object_type)} {live_id or '(none)'}"
        why = self.reasons.get((object_type, live_id)) or (
            "which is not there"
            if self.live(object_type, live_id) is None
            else "which no manifest stands for"
        )
        raise InexpressibleError(f"it needs {shown}: {why}", "import that first")

    @property
    def trait_names(self) -> Mapping[str, str]:
        """Names that rules may give to traits, by their live token."""
        return self._trait_names

    def exported_traits(self, segment: str) -> tuple[str, ...]:
        """Return the live tokens of the traits through which exports fill a segment, sorted."""
        return tuple(sorted(self._exported.get(segment, ())))

    def _learn_export(self, address: Address, objects: tuple[LiveObject, ...]) -> None:
        if address.kind != "ExportBinding":
            return
        workflow = next((each for each in objects if each.type == WORKFLOW), None)
        trait = next((each for each in objects if each.type == TRAIT), None)
        if workflow is not None and trait is not None:
            self._exported[text_of(workflow, "audience")].add(trait_token(trait.id))


def age(live: LiveObject) -> tuple[str, int, str]:
    """Sort key: the order in which a system made its objects, as far as ids tell it."""
    return live.type, int(live.id) if live.id.isdigit() else 0, live.id
