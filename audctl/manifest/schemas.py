"""The JSON Schemas: found in a checkout or in an installed wheel, compiled, and asked about single fields."""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from audctl.model.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import jsonschema_rs

API_VERSION: Final = "audctl.dev/v1"
PROJECT_KIND: Final = "Project"

Schema = dict[str, Any]


@cache
def schema_folder() -> Path:
    """Return the folder of the schemas: the wheel's own copy, else the checkout's."""
    package = Path(__file__).resolve().parent.parent
    packaged = package / "_schemas"
    return packaged if packaged.is_dir() else package.parent / "schemas"


def schema_stem(kind: str) -> str:
    """Return the file name of a kind's schema, without its ending: ``ImportBinding`` → ``import-binding``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()


def schema_kinds() -> tuple[str, ...]:
    """Return every kind that has a schema, the project first."""
    return (PROJECT_KIND, *KINDS)


@cache
def read_schema(stem: str) -> Schema:
    """Return one schema file, parsed."""
    loaded: Schema = json.loads((schema_folder() / f"{stem}.schema.json").read_bytes())
    return loaded


def resolve_ref(schema: Schema) -> Schema:
    """Return a schema with its ``$ref`` into the definitions replaced; what stands beside it wins."""
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**read_schema("definitions")["$defs"][name], **beside}
    return schema


def field_schema(schema: Schema, path: tuple[str | int, ...]) -> Schema | None:
    """Return the schema of a path below ``schema``, None when it knows no such field."""
    found: Schema = resolve_ref(schema)
    for step in path:
        below = (
            found.get("items")
            if isinstance(step, int)
            else found.get("properties", {}).get(step, found.get("additionalProperties"))
        )
        if not isinstance(below, dict):
            return None
        found = resolve_ref(below)
    return found


@cache
def property_order(kind: str, path: tuple[str | int, ...]) -> Mapping[str, int]:
    """Return the fields below a path with their places in the kind's schema; none where names are people's own."""
    found = field_schema(read_schema(schema_stem(kind)), path) or {}
    return {name: place for place, name in enumerate(found.get("properties", ()))}


class KindSchema:
    """One kind's schema, ready for use; compiled on first need."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.schema: Schema = read_schema(schema_stem(kind))
        self._types: dict[tuple[str | int, ...], frozenset[str]] = {}

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        import jsonschema_rs  # noqa: PLC0415 - 36 ms that only loading needs

        definitions = read_schema("definitions")
        registry = jsonschema_rs.Registry([(definitions["$id"], definitions)])
        return jsonschema_rs.Draft202012Validator(self.schema, registry=registry)

    def is_valid(self, tree: object) -> bool:
        """Tell whether a document fits; :mod:`audctl.manifest.schema_check` says why not."""
        return self._validator.is_valid(tree)

    def failing_paths(self, tree: object) -> list[tuple[str | int, ...]]:
        """Return where a document does not fit."""
        return [tuple(each.instance_path) for each in self._validator.iter_errors(tree)]

    def types(self, path: tuple[str | int, ...]) -> frozenset[str]:
        """Return the JSON types a field may have; empty when the schema does not say."""
        found = self._types.get(path)
        if found is None:
            # All items of a list are alike; without this, long lists would fill the cache.
            normal = tuple(0 if isinstance(step, int) else step for step in path)
            types = (field_schema(self.schema, normal) or {}).get("type", ())
            found = frozenset([types] if isinstance(types, str) else types)
            self._types[normal] = found
        return found

    def is_secret(self, path: tuple[str | int, ...]) -> bool:
        """Tell whether a field holds a secret."""
        return bool((field_schema(self.schema, path) or {}).get("x-audctl-secret"))


@cache
def kind_schema(kind: str) -> KindSchema:
    """Return the schema of a kind in :func:`schema_kinds`."""
    return KindSchema(kind)


def schema_of(kind: str) -> Mapping[str, Any]:
    """Return a kind's schema as written; raise KeyError for a kind that has none."""
    if kind not in schema_kinds():
        raise KeyError(kind)
    return read_schema(schema_stem(kind))
