"""A tree that fits its schema → frozen dataclasses. Nothing is checked here a second time."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from audctl.model.address import Address
from audctl.model.kinds import KINDS
from audctl.model.kinds.spelling import camel_case
from audctl.model.kinds.unset import Unset
from audctl.model.resource import DeletionPolicy, Lifecycle, Manage, Resource
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.manifest.positions import Positions

    Convert = Callable[[Any], Any]

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
    table = _table(cls)  # type: ignore[arg-type]  # mypy doubts that classes are hashable
    values: dict[str, Any] = {}
    for key, value in tree.items():
        name, convert, below = table[key]
        if value is None:
            values[name] = None
        elif below is not None:
            values[name] = secrets[value] if below is Secret else decode(below, value, secrets)
        else:
            values[name] = value if convert is None else convert(value)
    return cls(**values)


def _lifecycle(tree: Mapping[str, Any]) -> Lifecycle:
    policy = tree.get("deletionPolicy")
    return Lifecycle(
        protect=tree.get("protect", False),
        ignore=tuple(tree.get("ignore", ())),
        allow_replace=tree.get("allowReplace", False),
        deletion_policy=DeletionPolicy(policy) if policy else None,
        grace_days=tree.get("graceDays"),
        manage=Manage(tree.get("manage", Manage.FULL)),
    )


@cache
def _table(cls: type[Any]) -> dict[str, tuple[str, Convert | None, type | None]]:
    """Return, by key: the field's name, what converts its value, and the class of a part of its own."""
    hints = get_type_hints(cls)
    table = {}
    for each in fields(cls):
        hint = _value_type(hints[each.name])
        is_part = hint is Secret or is_dataclass(hint)
        convert = None if is_part else _converter(hint)
        table[camel_case(each.name)] = (each.name, convert, hint if is_part else None)
    return table


def _value_type(hint: Any) -> Any:  # noqa: ANN401 - type hints have no common type
    """Return a hint without null and UNSET; ``int | str`` stays as it is."""
    if get_origin(hint) in {Union, UnionType}:
        real = [each for each in get_args(hint) if each not in {NoneType, Unset}]
        return real[0] if len(real) == 1 else None
    return hint


def _converter(hint: Any) -> Convert | None:  # noqa: ANN401
    """Return what turns a tree's value into one of this type; None: it is the value already."""
    if get_origin(hint) is tuple:
        part = get_args(hint)[0]
        if is_dataclass(part):
            # Parts in lists hold no secrets: no schema has one there.
            return lambda trees: tuple(decode(part, tree, {}) for tree in trees)  # type: ignore[arg-type]
        item = _converter(part)
        return tuple if item is None else lambda values: tuple(map(item, values))
    if get_origin(hint) is not None:
        # Mapping[str, str], the only other generic that specs use.
        return MappingProxyType
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {each.value: each for each in hint}.__getitem__
    # 120.0 is a whole number to JSON Schema.
    return int if hint is int else None
