"""Where the file of a resource lies: a folder for each kind, below it the live system's own folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.brownfield.names import slug

if TYPE_CHECKING:
    from audctl.model.address import Address

FOLDERS = {
    "DataSource": "data-sources",
    "Trait": "traits",
    "Audience": "audiences",
    "Destination": "destinations",
    "List": "lists",
    "ImportBinding": "bindings/imports",
    "ExportBinding": "bindings/exports",
    "ExternalAccount": "accounts",
}


def file_of(address: Address, spec: object) -> str:
    """Return the path of a resource's file: ``audiences/web/commerce/cart-abandoners.yaml``."""
    folder = getattr(spec, "folder", None)
    parts = (slug(each).lower() for each in folder.split("/")) if isinstance(folder, str) else ()
    # Bindings lie together: the folder of a workflow says nothing about them.
    below = [each for each in parts if each] if not FOLDERS[address.kind].startswith("b") else []
    return "/".join([FOLDERS[address.kind], *below, f"{address.name}.yaml"])
