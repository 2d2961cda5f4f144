"""Two resources that ask for one live object: found before anything live is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.finding import Finding, Severity
from audctl.model.kinds import KINDS
from audctl.model.objects import OBJECT_TYPES
from audctl.model.value import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.kinds.kind import Surroundings

Key = tuple[str, ...]


def check_claims(around: Surroundings) -> Iterator[Finding]:
    """Yield a finding for every object whose type and key an earlier one has already."""
    first: dict[Key, DesiredObject] = {}
    for resource in around.resources.values():
        for each in KINDS[resource.address.kind].desired(resource, around):
            names = [
                name for name in OBJECT_TYPES[each.type].key if each.fields.get(name) is not None
            ]
            if not names:
                continue
            key = (each.type, *(f"{name}={_text(each, name)}" for name in names))
            other = first.setdefault(key, each)
            if other is not each:
                yield _finding(other, each, names)


def _text(each: DesiredObject, name: str) -> str:
    value = each.fields[name]
    return str(value.target) if isinstance(value, Reference) else str(value)


def _finding(first: DesiredObject, second: DesiredObject, names: list[str]) -> Finding:
    said = ", ".join(f'{name} "{_shown(second, name)}"' for name in names)
    place = first.span()
    # The last part of a key is what tells objects of one owner apart: there the manifest has to change.
    return Finding(
        "AUD1307",
        Severity.ERROR,
        f"{second.address.resource} and {first.address.resource} both ask for the {second.type} "
        f"with {said}",
        second.span(names[-1]),
        f"{first.address.resource} stands at {place}; one of the two must change or go",
        second.address.resource,
    )


def _shown(each: DesiredObject, name: str) -> str:
    value = each.fields[name]
    return value.target.name if isinstance(value, Reference) else str(value)
