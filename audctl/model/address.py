"""Addresses: how people and the ledger name resources and objects."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """``Kind/name`` for a resource, ``Kind/name#object`` for one of its objects; sorts by its parts.

    A folder's name is its path, so ``Folder/Web/Commerce#aam.traitFolder`` is one address.
    """

    kind: str
    name: str
    object: str = ""
    """Object type, e.g. ``aam.segment``; empty for the resource itself."""

    def of(self, object_type: str) -> Address:
        """Return the address of this resource's object of that type."""
        return Address(self.kind, self.name, object_type)

    @property
    def resource(self) -> Address:
        """The resource this object belongs to."""
        return Address(self.kind, self.name)

    def __str__(self) -> str:
        return (
            f"{self.kind}/{self.name}#{self.object}" if self.object else f"{self.kind}/{self.name}"
        )


def parse_address(text: str) -> Address:
    """Read the text form back; raise ValueError when it has no kind or no name."""
    head, mark, object_type = text.rpartition("#")
    if not mark:
        head, object_type = object_type, ""
    kind, slash, name = head.partition("/")
    if not (kind and slash and name):
        message = f"not an address: {text!r} (expected Kind/name or Kind/name#object)"
        raise ValueError(message)
    return Address(kind, name, object_type)
