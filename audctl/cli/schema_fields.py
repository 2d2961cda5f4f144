"""Schemas as a reader asks for them: one self-contained document, or one field by its dotted path."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.manifest.schemas import (
    Schema,
    read_schema,
    resolve_ref,
    schema_kinds,
    schema_of,
)
from audctl.model.report import FieldExplanation, FieldSummary

if TYPE_CHECKING:
    from collections.abc import Iterable


def known_kind(kind: str) -> str:
    """Return the kind as it is spelt; raise UsageError when there is none of that name."""
    kinds = schema_kinds()
    spelling = {each.lower(): each for each in kinds}
    found = spelling.get(kind.lower())
    if found is None:
        raise UsageError(f"there is no kind {kind!r}; {_known(kind, kinds)}")
    return found


def bundled_schema(kind: str) -> Schema:
    """Return a kind's schema with the shared definitions inside, so that it needs no second file."""
    definitions = read_schema("definitions")
    schema = dict(schema_of(known_kind(kind)))
    # A compound document: references name the embedded document by its $id, as they do on disk.
    schema["$defs"] = {**schema.get("$defs", {}), "definitions": definitions}
    return schema


def explain_field(path: str) -> FieldExplanation:
    """Return what the schemas say about ``Kind`` or ``Kind.spec.field``; raise UsageError for an unknown one.

    A list stands for its items, so a path holds no numbers.
    """
    kind, *names = path.split(".")
    walked = known_kind(kind)
    node, required = resolve_ref(dict(schema_of(walked))), False
    for name in names:
        holder = _with_fields(node)
        fields = holder.get("properties", {})
        if name not in fields:
            known = _known(name, fields) if fields else "there are no fields below it"
            raise UsageError(f"{walked} has no field {name!r}; {known}")
        required = name in holder.get("required", ())
        node, walked = resolve_ref(fields[name]), f"{walked}.{name}"
    holder = _with_fields(node)
    return FieldExplanation(
        path=walked,
        type=_type(node),
        description=str(node.get("description", "")),
        required=required,
        choices=_as_json(node.get("enum", ())),
        default=json.dumps(node["default"], ensure_ascii=False) if "default" in node else None,
        examples=_as_json(node.get("examples", ())),
        fields=tuple(
            _summary(name, resolve_ref(each), required=name in holder.get("required", ()))
            for name, each in holder.get("properties", {}).items()
        ),
    )


def _known(name: str, names: Iterable[str]) -> str:
    listed = list(names)
    close = get_close_matches(name, listed, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(listed)}"


def _as_json(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(json.dumps(each, ensure_ascii=False) for each in values)


def _summary(name: str, node: Schema, *, required: bool) -> FieldSummary:
    return FieldSummary(
        name=name,
        type=_type(node),
        required=required,
        description=str(node.get("description", "")),
    )


def _with_fields(node: Schema) -> Schema:
    """Return the node whose fields a path goes on with: itself, its items, or the alternative with fields."""
    if "properties" in node:
        return node
    below = [node.get("items"), node.get("additionalProperties")]
    for each in (*below, *node.get("oneOf", ()), *node.get("anyOf", ())):
        if isinstance(each, dict):
            found = _with_fields(resolve_ref(each))
            if "properties" in found:
                return found
    return node


def _type(node: Schema) -> str:
    if "const" in node:
        return json.dumps(node["const"])
    named = node.get("type")
    if isinstance(named, list):
        return " or ".join(named)
    if named == "array" and isinstance(node.get("items"), dict):
        return f"list of {_type(resolve_ref(node['items']))}"
    if named is None:
        alternatives = (*node.get("oneOf", ()), *node.get("anyOf", ()))
        return (
            " or ".join(dict.fromkeys(_type(resolve_ref(each)) for each in alternatives)) or "any"
        )
    return str(named)
