"""Why a document does not fit its schema, in words that say what to change.

Only documents that the compiled validator refused come here; jsonschema walks those again and names every
failing keyword, and each keyword has its own sentence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from audctl.manifest.controls import control_hint, control_name, find_control, without_controls
from audctl.manifest.positions import path_text
from audctl.manifest.schemas import field_schema, read_schema, resolve_ref, schema_of
from audctl.model.finding import Finding, Severity
from audctl.model.suggestion import did_you_mean
from audctl.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import Draft202012Validator

    from audctl.manifest.schemas import KindSchema, Schema
    from audctl.manifest.yaml_tree import Document

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_TRUTHS = {
    "yes": "true",
    "on": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "false": "false",
}
_CONDITIONS = {"Trait": ("type", ""), "Audience": ("source", "audienceManager")}
"""The field on which others depend, and its default."""
_ANNOTATIONS = ("metadata", "annotations")
_BLANK = {"", "~"}
"""Spellings of null that nobody means as a word."""
_SHOWN = 60


def explain(document: Document, schema: KindSchema) -> list[Finding]:
    """Return one finding for each thing that is wrong with a document, in file order.

    Nothing is said about references that lead nowhere, nor about what depends on such a value.
    """
    explanation = _Explanation(document, schema)
    found: dict[tuple[str, str], Finding] = {}
    unresolved = set(document.unresolved)
    doubtful = ("spec", _CONDITIONS.get(schema.kind, ("",))[0]) in unresolved
    covered = set()
    for failure in _failures(schema.kind, document.root):
        covered.add(failure.path)
        if failure.path in unresolved or (failure.conditional and doubtful):
            continue
        for finding in explanation.findings(failure):
            found.setdefault((finding.code, finding.message), finding)
    # The two validators read regular expressions with two engines: what one refuses is never let through.
    for path in schema.failing_paths(document.root):
        if path not in covered and path not in unresolved:
            finding = explanation.unexplained(path)
            found.setdefault((finding.code, finding.message), finding)
    return sorted(found.values(), key=lambda each: each.sort_key)


@dataclass(frozen=True, slots=True)
class _Failure:
    """One keyword of the schema that a value does not meet."""

    path: tuple[str | int, ...]
    keyword: str
    limit: Any
    """What stands beside the keyword."""
    value: Any
    schema: Schema
    conditional: bool
    """Holds only because another field has the value it has."""
    key: bool
    """The value is a key of the mapping at the path."""

    @property
    def where(self) -> str:
        """The path as text."""
        return path_text(self.path)


def _failures(kind: str, root: object) -> Iterator[_Failure]:
    errors = list(_validator(kind).iter_errors(root))
    mistyped = {tuple(each.absolute_path) for each in errors if each.validator == "type"}
    for error in errors:
        if error.validator in {"enum", "const"} and tuple(error.absolute_path) in mistyped:
            continue  # said already
        yield _Failure(
            tuple(error.absolute_path),
            str(error.validator),
            error.validator_value,
            error.instance,
            error.schema if isinstance(error.schema, dict) else {},
            not {"then", "else"}.isdisjoint(error.absolute_schema_path),
            "propertyNames" in error.absolute_schema_path,
        )


@cache
def _validator(kind: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 80 ms, for wrong input only
    from referencing import Registry, Resource  # noqa: PLC0415

    definitions = Resource.from_contents(read_schema("definitions"))
    registry = Registry().with_resource(definitions.id() or "", definitions)
    return Draft202012Validator(dict(schema_of(kind)), registry=registry)


class _Explanation:
    """Findings for one document."""

    def __init__(self, document: Document, schema: KindSchema) -> None:
        self.document = document
        self.schema = schema
        self.sentences: dict[str, Callable[[_Failure], Iterator[Finding]]] = {
            "not": self._out_of_place,
            "additionalProperties": self._unknown,
            "required": self._missing,
            "type": self._wrong_type,
            "enum": self._wrong_choice,
            "const": self._wrong_choice,
            "pattern": self._wrong_form,
        }

    def findings(self, failure: _Failure) -> Iterator[Finding]:
        yield from self.sentences.get(failure.keyword, self._other)(failure)

    def unexplained(self, path: tuple[str | int, ...]) -> Finding:
        where = path_text(path)
        control = self._control(path, _value_at(self.document.root, path))
        message = f"{where or 'the manifest'} does not have the form its field asks for"
        return control or self._finding("AUD1207", message, where)

    def _control(self, path: tuple[str | int, ...], value: object) -> Finding | None:
        """Return a finding if a text that is refused for its form holds a control character."""
        at = find_control(value) if isinstance(value, str) else None
        if at is None or self.schema.is_secret(path):
            return None
        assert isinstance(value, str)
        where = path_text(path)
        raw = next((each.raw for each in self.document.templates if each.path == path), None)
        places = self.document.positions
        name = control_name(value[at])
        if raw is not None and find_control(raw) != at:
            message = f'{where}: the value of "{_short(raw)}" holds {name}'
            return Finding("AUD1210", Severity.ERROR, message, places.span(where))
        message = f"{where} holds {name}"
        place = places.inside(where, at)
        return Finding("AUD1210", Severity.ERROR, message, place, control_hint(value[at]))

    def _out_of_place(self, failure: _Failure) -> Iterator[Finding]:
        where = failure.where
        if failure.path[:2] == _ANNOTATIONS:
            known = field_schema(self.schema.schema, _ANNOTATIONS) or {}
            names = list(known.get("properties", ()))
            message = f'audctl has no annotation "{_short(str(failure.path[-1]))}"'
            hint = did_you_mean(str(failure.path[-1]), names) or f"known here: {', '.join(names)}"
            yield self._finding("AUD1203", message, where, hint, key=True)
            return
        message = f"{where} has no place here{self._because(failure)}"
        yield self._finding("AUD1209", message, where, "remove it", key=True)

    def _unknown(self, failure: _Failure) -> Iterator[Finding]:
        where = failure.where
        known = list(failure.schema.get("properties", ()))
        for name in failure.value:
            if name not in known:
                hint = did_you_mean(name, known) or f"known here: {', '.join(sorted(known))}"
                message = f'{where or "the manifest"} has no field "{_short(name)}"'
                path = f"{where}.{name}" if where else name
                yield self._finding("AUD1203", message, path, hint, key=True)

    def _missing(self, failure: _Failure) -> Iterator[Finding]:
        where = failure.where
        for name in failure.limit:
            if name not in failure.value:
                below = field_schema(self.schema.schema, (*failure.path, name)) or {}
                path = f"{where}.{name}" if where else name
                message = f"{path} is missing{self._because(failure)}"
                yield self._finding("AUD1204", message, where, _first_sentence(below))

    def _wrong_type(self, failure: _Failure) -> Iterator[Finding]:
        wanted = [failure.limit] if isinstance(failure.limit, str) else failure.limit
        words = " or ".join(_TYPE_WORDS[each] for each in wanted)
        value = failure.value
        hint = ""
        if "boolean" in wanted and isinstance(value, str) and value.lower() in _TRUTHS:
            hint = f'did you mean "{_TRUTHS[value.lower()]}"?'
        elif "array" in wanted and isinstance(value, str):
            hint = "write a list: [a, b]"
        elif value is None and "string" in wanted and "enum" not in failure.schema:
            word = self._written(failure.path)
            hint = f'write "{word}" in quotes to mean the word' if word not in _BLANK else ""
        where = failure.where or "the manifest"
        message = f"{where} must be {words}, not {self._shown(failure)}"
        yield self._finding("AUD1205", message, failure.where, hint)

    def _wrong_choice(self, failure: _Failure) -> Iterator[Finding]:
        choices = failure.limit if failure.keyword == "enum" else [failure.limit]
        words = [str(each) for each in choices]
        value = failure.value
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        if isinstance(value, str) and _TRUTHS.get(value.lower()) in words:
            hint = f'did you mean "{_TRUTHS[value.lower()]}"?'
        expected = failure.schema.get(
            "x-audctl-expected", f"{'one of ' if len(words) > 1 else ''}{', '.join(words)}"
        )
        message = f"{failure.where} is {self._shown(failure)}; expected {expected}"
        yield self._finding("AUD1206", message, failure.where, hint)

    def _wrong_form(self, failure: _Failure) -> Iterator[Finding]:
        where = failure.where
        if failure.key:
            yield self._wrong_key(failure)
            return
        control = self._control(failure.path, failure.value)
        if control is not None:
            yield control
            return
        if self.schema.is_secret(failure.path):
            message = f"{where} holds a secret itself; secrets are given only by reference"
            hint = "write ${env:NAME} or ${file:PATH}; and renew the secret, it stood in a file"
            yield self._finding("AUD1208", message, where, hint)
            return
        expected = failure.schema.get("x-audctl-expected") or f"text like {failure.limit}"
        message = f"{where} is {self._shown(failure)}; expected {expected}"
        yield self._finding("AUD1207", message, where)

    def _wrong_key(self, failure: _Failure) -> Finding:
        at = find_control(failure.value)
        shown = f'{failure.where} has the key "{_short(failure.value)}"'
        path = f"{failure.where}.{failure.value}"
        if at is not None:
            message = f"{shown}, which holds {control_name(failure.value[at])}"
            return self._finding("AUD1210", message, path, key=True)
        message = f"{shown}; expected {failure.schema.get('x-audctl-expected')}"
        return self._finding("AUD1207", message, path, key=True)

    def _other(self, failure: _Failure) -> Iterator[Finding]:
        limit = failure.limit
        sentences = {
            "minimum": f"is {self._shown(failure)}; the least is {limit}",
            "maximum": f"is {self._shown(failure)}; the most is {limit}",
            "minLength": "is empty",
            "maxLength": f"has more than {limit} characters",
            "minItems": "is an empty list",
            "uniqueItems": "names something twice",
            "minProperties": f"is empty; {_choice_of(failure.schema)}",
            "maxProperties": f"says more than one thing; {_choice_of(failure.schema)}",
        }
        sentence = sentences.get(failure.keyword, f"does not fit: {failure.keyword}")
        message = f"{failure.where or 'the manifest'} {sentence}"
        yield self._finding("AUD1207", message, failure.where)

    def _because(self, failure: _Failure) -> str:
        """Name the field that a condition looks at; each kind has at most one such field."""
        spec = self.document.root.get("spec") if isinstance(self.document.root, dict) else None
        if not failure.conditional or not isinstance(spec, dict):
            return ""
        field, default = _CONDITIONS[self.schema.kind]
        value = spec.get(field, default)
        return f" when {field} is {value}" if isinstance(value, str) else ""

    def _shown(self, failure: _Failure) -> str:
        if self.schema.is_secret(failure.path):
            return MASK
        for template in self.document.templates:
            if template.path == failure.path:
                # What a reference leads to may be nobody's business; the reference itself is not.
                return f'the value of "{_short(template.raw)}"'
        value = failure.value
        if value is None:
            return "empty" if self._written(failure.path) in _BLANK else "null"
        if isinstance(value, str):
            return f'"{_short(value)}"'
        if isinstance(value, dict):
            return "a mapping"
        return "a list" if isinstance(value, list) else json.dumps(value)

    def _written(self, path: tuple[str | int, ...]) -> str:
        """Return how an unquoted word stands in the file."""
        return next((each.raw for each in self.document.loose if each.path == path), "")

    def _finding(
        self, code: str, message: str, path: str, hint: str = "", *, key: bool = False
    ) -> Finding:
        positions = self.document.positions
        span = positions.key_span(path) if key else positions.span(path)
        return Finding(code, Severity.ERROR, message, span, hint)


def _value_at(tree: Any, path: tuple[str | int, ...]) -> object:  # noqa: ANN401 - a tree
    for step in path:
        tree = tree[step]
    return tree


def _choice_of(schema: Schema) -> str:
    names = list(resolve_ref(schema).get("properties", ()))
    return f"say one of {', '.join(names)}" if names else "say something"


def _first_sentence(schema: Schema) -> str:
    description = str(schema.get("description", ""))
    return description.partition(". ")[0].rstrip(".")


def _short(text: str) -> str:
    flat = without_controls(text)
    return flat if len(flat) <= _SHOWN else flat[:_SHOWN] + "…"
