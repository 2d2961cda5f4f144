"""Desired objects: what the resources of a project ask for, one per live object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.resource import Resource
    from audctl.model.span import Span
    from audctl.model.value import DesiredValue


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredObject:
    """One object that should exist, with only the fields its manifest owns."""

    address: Address
    type: str
    fields: Mapping[str, DesiredValue]
    """Owned fields; an absent one is left as it is live, None clears it."""
    paths: Mapping[str, str]
    """Manifest path of each owned field (``spec.rule``), for messages, places and lifecycle.ignore."""
    resource: Resource | None
    """The resource that asks for it; None for a folder that several resources use."""
    requires: tuple[Address, ...] = ()
    """Objects that must exist first although no field refers to them."""
    observed: bool = False
    """Only looked at: audctl never writes it. True for whatever another product makes."""
    manual: str = ""
    """For an observed object: what a person must do when it is missing or different."""

    def span(self, field: str = "") -> Span | None:
        """Return the field's place in its manifest, else the resource's."""
        if self.resource is None:
            return None
        return self.resource.span(self.paths.get(field, ""))
