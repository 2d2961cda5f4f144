"""A tree that fits its schema → frozen dataclasses. Nothing is checked here a second time."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from audctl.model.address import Address
from audctl.model.kinds import KINDS
from audctl.model.kinds.unset import Unset
from audctl.model.resource import DeletionPolicy, Lifecycle, Resource
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.manifest.positions import Positions

    Convert = Callable[[Any, Mapping[str, Secret]], Any]

_NO_LIFECYCLE = Lifecycle()


def decode_resource(
    kind: str, tree: Mapping[str, Any], positions: Positions, secrets: Mapping[str, Secret]
) -> Resource:
    """Return the resource a valid document describes; ``secrets`` by the reference that names them."""
    metadata = tree["metadata"]
    spec = tree["spec"]
    lifecycle = _NO_LIFECYCLE
    if "lifecycle" in spec:
        lifecycle = _lifecycle(spec["lifecycle"])
        spec = {key: value for key, value in spec.items() if key != "lifecycle"}
    return Resource(
        Address(kind, metadata["name"]),
        decode(KINDS[kind].spec, spec, secrets),
        positions,
        MappingProxyType(metadata.get("labels", {})),
        MappingProxyType(metadata.get("annotations", {})),
        tuple(metadata.get("previousNames", ())),
        lifecycle,
    )


def decode(cls: type[Any], tree: Mapping[str, Any], secrets: Mapping[str, Secret]) -> Any:  # noqa: ANN401
    """Return an instance of the dataclass ``cls``; its fields are the tree's keys in snake_case."""
    table = _table(cls)
    values = {}
    for key, value in tree.items():
        name, convert = table[key]
        values[name] = value if convert is None or value is None else convert(value, secrets)
    return cls(**values)


def camel_case(name: str) -> str:
    """Return a Python field's name as manifests spell it: ``ttl_days`` → ``ttlDays``."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _lifecycle(tree: Mapping[str, Any]) -> Lifecycle:
    policy = tree.get("deletionPolicy")
    return Lifecycle(
        protect=tree.get("protect", False),
        ignore=tuple(tree.get("ignore", ())),
        allow_replace=tree.get("allowReplace", False),
        deletion_policy=DeletionPolicy(policy) if policy else None,
    )


@cache
def _table(cls: type[Any]) -> dict[str, tuple[str, Convert | None]]:
    hints = get_type_hints(cls)
    return {
        camel_case(each.name): (each.name, _converter(hints[each.name]))
        for each in fields(cls)
        if each.init
    }


def _converter(hint: Any) -> Convert | None:  # noqa: ANN401, PLR0911 - one answer for each form of hint
    """Return what turns a tree's value into a field of this type; None: it is the value already."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union or origin is UnionType:
        real = [each for each in arguments if each not in {NoneType, Unset}]
        return _converter(real[0]) if len(real) == 1 else None
    if origin is tuple:
        item = _converter(arguments[0])
        if item is None:
            return lambda value, _secrets: tuple(value)
        return lambda value, secrets: tuple(item(each, secrets) for each in value)
    if not isinstance(hint, type):
        # Mapping[str, str], the only other generic that specs use.
        return lambda value, _secrets: MappingProxyType(value)
    if hint is Secret:
        return lambda value, secrets: secrets[value]
    if is_dataclass(hint):
        return lambda value, secrets: decode(hint, value, secrets)
    if issubclass(hint, Enum):
        return lambda value, _secrets: hint(value)
    if hint is int:
        # 120.0 is a whole number to JSON Schema.
        return lambda value, _secrets: int(value)
    return None
