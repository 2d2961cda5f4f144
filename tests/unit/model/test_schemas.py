"""The schemas, which are the public contract, and the Python model say the same."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from audctl.manifest import removed
from audctl.manifest.environment import Environment
from audctl.manifest.schemas import (
    read_schema,
    resolve_ref,
    schema_folder,
    schema_kinds,
    schema_of,
    schema_stem,
)
from audctl.model.kinds import KINDS
from audctl.model.kinds.spelling import camel_case, spec_paths
from audctl.model.kinds.unset import Unset
from audctl.model.objects import OBJECT_TYPES
from audctl.model.policy import GRACE_DAYS, Limits, RemovedAction, Restriction
from audctl.model.resource import DEFAULT_POLICIES, DeletionPolicy, Lifecycle
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

STEMS = sorted(path.name.removesuffix(".schema.json") for path in schema_folder().glob("*.json"))
DEFINITIONS = Resource.from_contents(read_schema("definitions"))
REGISTRY: Any = Registry().with_resource(DEFINITIONS.id() or "", DEFINITIONS)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema, registry=REGISTRY)


def nodes(schema: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every property's schema with its path."""
    if not isinstance(schema, dict):
        return
    for name, below in schema.get("properties", {}).items():
        yield f"{path}.{name}", below
        yield from nodes(below, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        yield from nodes(schema.get(word), f"{path}.{word}")
    for name, below in schema.get("$defs", {}).items():
        yield f"$defs.{name}", below
        yield from nodes(below, f"$defs.{name}")


def test_there_is_a_schema_for_each_kind_and_nothing_else() -> None:
    expected = {schema_stem(kind) for kind in schema_kinds()} | {"definitions"}
    results = {
        "plan",
        "status",
        "journal",
        "ledger",
    }  # schemas of what commands give belong to other parts
    assert set(STEMS) - results == expected


@pytest.mark.parametrize("kind", schema_kinds())
def test_a_schema_is_valid_versioned_and_refers_to_what_exists(kind: str) -> None:
    schema = dict(schema_of(kind))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"https://audctl.dev/schemas/v1/{schema_stem(kind)}.schema.json"
    for path, node in nodes(schema):
        reference = node.get("$ref", "")
        if reference:
            name = reference.rpartition("/")[2]
            assert name in read_schema("definitions")["$defs"], path


@pytest.mark.parametrize("stem", [schema_stem(kind) for kind in schema_kinds()] + ["definitions"])
def test_every_property_is_described_has_examples_and_they_are_valid(stem: str) -> None:
    for path, node in nodes(read_schema(stem)):
        whole = resolve_ref(node) if "#/$defs" in node.get("$ref", "") else node
        assert whole.get("description", "").endswith("."), f"{stem}{path}"
        is_part = whole.get("type") == "object" and path.startswith("$defs")
        assert whole.get("examples") or is_part, f"{stem}{path}"
        local = {"$id": "https://audctl.dev/schemas/v1/test.schema.json", **_absolute(node)}
        for example in [*whole.get("examples", ()), *_default(whole)]:
            errors = [error.message for error in validator(local).iter_errors(example)]
            assert errors == [], f"{stem}{path}: {example}"


@pytest.mark.parametrize("kind", schema_kinds())
def test_the_whole_example_of_a_kind_is_valid(kind: str) -> None:
    schema = dict(schema_of(kind))
    for example in schema["examples"]:
        assert list(validator(schema).iter_errors(example)) == []


@pytest.mark.parametrize("kind", schema_kinds())
def test_every_mapping_says_that_it_is_closed(kind: str) -> None:
    for path, node in nodes(schema_of(kind)):
        if node.get("type") == "object":
            assert "additionalProperties" in node, path


def _default(schema: dict[str, Any]) -> list[Any]:
    return [schema["default"]] if "default" in schema else []


def _absolute(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a node with references that work from anywhere."""
    base = "https://audctl.dev/schemas/v1/definitions.schema.json#/$defs/"
    text = json.dumps(schema).replace('"definitions.schema.json#/$defs/', f'"{base}')
    loaded: dict[str, Any] = json.loads(text.replace('"#/$defs/', f'"{base}'))
    return loaded


def spec_schema(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = schema_of(kind)["properties"]["spec"]
    return schema


@pytest.mark.parametrize("kind", list(KINDS))
def test_spec_and_dataclass_agree(kind: str) -> None:
    schema = spec_schema(kind)
    properties = {
        name: below for name, below in schema["properties"].items() if name != "lifecycle"
    }
    agree({**schema, "properties": properties}, KINDS[kind].spec, kind)


def test_lifecycle_guards_and_environment_agree() -> None:
    definitions = read_schema("definitions")["$defs"]
    agree(definitions["lifecycle"], Lifecycle, "lifecycle")
    without = definitions["lifecycleWithoutPause"]
    only_pausing = {"graceDays"}
    assert [*without["properties"], *only_pausing] == list(definitions["lifecycle"]["properties"])
    with_pause = {
        kind for kind in KINDS if "/lifecycle'" in f"{spec_schema(kind)['properties']['lifecycle']}"
    }
    assert with_pause == removed.PAUSABLE
    assert without["properties"]["deletionPolicy"]["enum"] == [
        each.value for each in DeletionPolicy if each is not DeletionPolicy.PAUSE
    ]
    spec = spec_schema("Project")["properties"]
    agree(resolve_ref(spec["guards"]), Limits, "guards")
    agree(resolve_ref(spec["restrictions"]["items"]), Restriction, "restrictions")
    assert spec["graceDays"]["default"] == GRACE_DAYS
    assert spec["removed"]["items"]["properties"]["action"]["enum"] == list(RemovedAction)
    environment = spec["environments"]["additionalProperties"]
    named = {**environment, "properties": {**environment["properties"], "name": {"type": "string"}}}
    agree(named, Environment, "environment")


def agree(schema: dict[str, Any], cls: type[Any], where: str) -> None:
    hints = get_type_hints(cls)
    by_name = {camel_case(each.name): each for each in fields(cls)}
    assert set(schema["properties"]) == set(by_name), where
    required = {name for name, each in by_name.items() if not has_default(each)}
    # A secret that the schema requires may be filled in by an embedded sandbox.
    assert required == set(schema.get("required", ())) - {"clientSecret"}, where
    for name, field in by_name.items():
        agree_field(
            resolve_ref(schema["properties"][name]), hints[field.name], field, f"{where}.{name}"
        )


def has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def agree_field(schema: dict[str, Any], hint: object, field: Field[Any], where: str) -> None:
    arguments = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    # A part that may be absent is None in Python, and still cannot be written as null.
    is_optional = Unset not in arguments and has_default(field) and default_of(field) is None
    if "null" in types or not is_optional:
        assert ("null" in types) == (NoneType in arguments), where
    real = [each for each in arguments if each not in {NoneType, Unset}]
    assert {json_type(each) for each in real} == set(types) - {"null"}, where
    assert bool(schema.get("x-audctl-secret")) == (real == [Secret]), where
    [*_, inner] = real
    if get_origin(inner) is tuple:
        inner = get_args(inner)[0]
        schema = resolve_ref(schema["items"])
    if is_dataclass(inner) and isinstance(inner, type):
        agree(schema, inner, where)
    choices = [each.value for each in inner] if is_enum(inner) else None
    assert schema.get("enum") == choices, where
    if "default" in schema and has_default(field):
        default = default_of(field)
        plain = list(default) if isinstance(default, tuple) else default
        if plain is not None and not isinstance(plain, Unset):
            assert plain == schema["default"], where


def default_of(field: Field[Any]) -> object:
    if field.default is not MISSING:
        return field.default
    assert field.default_factory is not MISSING
    return field.default_factory()


def is_enum(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum) and hint is not Unset


def json_type(hint: object) -> str:
    if get_origin(hint) is tuple:
        return "array"
    if hint is Secret or is_enum(hint) or hint is str:
        return "string"
    if hint is bool:
        return "boolean"
    return "integer" if hint is int else "object"


def test_references_in_schemas_are_those_the_kinds_report() -> None:
    for kind in KINDS:
        for path, node in nodes(spec_schema(kind)):
            if "name" in node.get("$ref", ""):
                assert node.get("x-audctl-kind") in KINDS, f"{kind}{path}"


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_paths_of_a_spec_are_those_of_its_schema(kind: str) -> None:
    found = {f"spec{path}" for path, _ in nodes(spec_schema(kind))}
    assert spec_paths(KINDS[kind].spec) == found - {"spec.lifecycle"}


PAUSABLE = {"Audience": "aam.segment", "ExportBinding": "campaign.workflow"}


@pytest.mark.parametrize("kind", list(KINDS))
def test_only_what_has_a_state_to_rest_in_can_be_paused(kind: str) -> None:
    reference = spec_schema(kind)["properties"]["lifecycle"]["$ref"].rpartition("/")[2]
    assert (reference == "lifecycle") == (kind in PAUSABLE)
    policies = resolve_ref(spec_schema(kind)["properties"]["lifecycle"])["properties"]
    default = DEFAULT_POLICIES.get(kind, DeletionPolicy.DELETE)
    assert default in policies["deletionPolicy"]["enum"]


def test_the_types_that_can_be_paused_are_those_of_the_kinds_that_can() -> None:
    pausable = {name for name, each in OBJECT_TYPES.items() if each.paused}
    assert pausable == set(PAUSABLE.values())


@pytest.mark.parametrize("stem", [schema_stem(kind) for kind in schema_kinds()] + ["definitions"])
@pytest.mark.parametrize(
    "control", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\ufffe", "\uffff"]
)
def test_no_text_field_takes_a_control_character(stem: str, control: str) -> None:
    for path, node in nodes(read_schema(stem)):
        whole = resolve_ref(node) if "#/$defs" in node.get("$ref", "") else node
        types = whole.get("type", ())
        if "string" not in ([types] if isinstance(types, str) else types) or "enum" in whole:
            continue
        compiled = jsonschema_rs.Draft202012Validator({"pattern": whole["pattern"]})
        for example in whole["examples"]:
            if isinstance(example, str):
                for at in (0, len(example) // 2, len(example)):
                    text = example[:at] + control + example[at:]
                    assert not compiled.is_valid(text), f"{stem}{path}: {text!r}"
                    assert not re.search(whole["pattern"], text), f"{stem}{path}: {text!r}"
