"""How the fields of specs are spelled in manifests."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterator


def camel_case(name: str) -> str:
    """Return a Python field's name as manifests spell it: ``ttl_days`` → ``ttlDays``."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


@cache
def spec_paths(spec: type[Any]) -> frozenset[str]:
    """Return the path of every field of a spec, parts and their fields: ``spec.campaign.name``."""
    return frozenset(_paths(spec, "spec"))


def _paths(spec: type[Any], prefix: str) -> Iterator[str]:
    hints = get_type_hints(spec)
    for each in fields(spec):
        path = f"{prefix}.{camel_case(each.name)}"
        yield path
        for part in (hints[each.name], *get_args(hints[each.name])):
            if is_dataclass(part) and isinstance(part, type):
                yield from _paths(part, path)
