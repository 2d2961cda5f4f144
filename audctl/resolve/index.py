"""Resources by address, and what they are to each other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.model.kinds.export_binding import ExportBindingSpec
from audctl.model.kinds.kind import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.address import Address
    from audctl.model.resource import Resource


def surroundings(
    resources: Iterable[Resource], *, audience_identifier: str = "mapping"
) -> Surroundings:
    """Index resources; of two with one address the first counts."""
    by_address: dict[Address, Resource] = {}
    exports: dict[str, list[Resource]] = {}
    for each in resources:
        if by_address.setdefault(each.address, each) is each and isinstance(
            each.spec, ExportBindingSpec
        ):
            exports.setdefault(each.spec.audience, []).append(each)
    return Surroundings(
        resources=MappingProxyType(by_address),
        exports=MappingProxyType(
            {
                name: tuple(sorted(bindings, key=lambda each: each.address))
                for name, bindings in exports.items()
            }
        ),
        audience_identifier=audience_identifier,
    )
