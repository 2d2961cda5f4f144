"""All objects that a project asks for."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.address import Address
from audctl.model.desired import DesiredObject
from audctl.model.kinds import KINDS
from audctl.model.value import Reference
from audctl.resolve.index import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.resource import Resource

_FOLDER = "Folder"
_TOP = {"campaign.folder": ""}
"""Parent of a first-level folder; ``"0"``, the tree's root, in Audience Manager."""


def desired_objects(
    resources: Iterable[Resource], *, audience_identifier: str = "mapping"
) -> tuple[DesiredObject, ...]:
    """Return every object, folders included, sorted by address.

    Only for resources without findings of severity error. ``audience_identifier`` says what a shared list
    stores as its audience: the id of the ``mapping``, or of the ``segment``.
    """
    around = surroundings(resources, audience_identifier=audience_identifier)
    found: list[DesiredObject] = []
    folders: dict[Address, DesiredObject] = {}
    looked_at: dict[Address, DesiredObject] = {}
    for resource in around.resources.values():
        into = looked_at if resource.is_watched else folders
        for each in KINDS[resource.address.kind].desired(resource, around):
            found.append(replace(each, observed=True) if resource.is_watched else each)
            folder = each.fields.get("folder")
            if isinstance(folder, Reference) and folder.target not in into:
                _add_folders(folder.target, into)
    found.extend(folders.values())
    # A folder that only observed resources are in must not be made for their sake.
    found.extend(
        replace(each, observed=True)
        for address, each in looked_at.items()
        if address not in folders
    )
    found.sort(key=lambda each: each.address)
    return tuple(found)


def _add_folders(address: Address, folders: dict[Address, DesiredObject]) -> None:
    """Add a folder and all above it, one object for each prefix of the path."""
    tree = address.object
    parent: Reference | str = _TOP.get(tree, "0")
    path = ""
    for part in address.name.split("/"):
        path = f"{path}/{part}" if path else part
        here = Address(_FOLDER, path, tree)
        if here not in folders:
            folders[here] = DesiredObject(
                address=here,
                type=tree,
                fields=MappingProxyType({"path": f"/{path}", "parent": parent}),
                paths=MappingProxyType({}),
                resource=None,
            )
        parent = Reference(here)
