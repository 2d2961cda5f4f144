"""References inside values: which objects a value needs, and the value with live ids in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audctl.model.rules.segment_rule import SegmentRule
from audctl.model.value import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audctl.model.address import Address
    from audctl.model.value import DesiredValue

TRAIT = "aam.trait"
_TRAIT_TOKEN = re.compile(r"([1-9][0-9]*)T")


def trait_token(live_id: str) -> str:
    """Return the token by which a live segment rule names a trait."""
    return f"{live_id}T"


def trait_id(token: str) -> str | None:
    """Return the live id in a rule's token, None when the token is a name."""
    found = _TRAIT_TOKEN.fullmatch(token)
    return found[1] if found else None


def traits_by_name(addresses: Iterable[Address]) -> dict[str, Address]:
    """Return the trait object each name in a rule means.

    A ``Trait`` wins over another kind's trait of the same name (an export binding makes one too).
    """
    found: dict[str, Address] = {}
    for each in addresses:
        if each.object == TRAIT and (each.kind == "Trait" or each.name not in found):
            found[each.name] = each
    return found


def targets(value: DesiredValue, traits: Mapping[str, Address]) -> tuple[Address, ...]:
    """Return the objects a value refers to, sorted."""
    if isinstance(value, Reference):
        return (value.target,)
    if isinstance(value, SegmentRule):
        return tuple(sorted(traits[name] for name in value.traits if name in traits))
    return ()


def substitute(
    value: DesiredValue, ids: Mapping[Address, str], traits: Mapping[str, Address]
) -> DesiredValue:
    """Return the value over live ids; a Reference, or a rule with names in it, where one is not known."""
    if isinstance(value, Reference):
        return ids.get(value.target, value)
    if isinstance(value, SegmentRule):
        names = {
            name: trait_token(ids[traits[name]])
            for name in value.traits
            if name in traits and traits[name] in ids
        }
        return value.rename(names) if names else value
    return value


def missing(
    value: DesiredValue, ids: Mapping[Address, str], traits: Mapping[str, Address]
) -> tuple[Address, ...]:
    """Return the objects a value refers to whose live id is not known, sorted."""
    return tuple(each for each in targets(value, traits) if each not in ids)
