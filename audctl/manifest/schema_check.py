"""Why a document does not fit its schema, in words that say what to change.

Only documents that the compiled validator refused come here; jsonschema walks those again and names every
failing keyword, and each keyword has its own sentence.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from audctl.manifest.positions import path_text
from audctl.manifest.schemas import field_schema, read_schema, resolve_ref
from audctl.model.finding import Finding, Severity
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

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
_SHOWN = 60


def explain(document: Document, schema: KindSchema) -> list[Finding]:
    """Return one finding for each thing that is wrong with a document, in file order."""
    explanation = _Explanation(document, schema)
    found: dict[tuple[str, str], Finding] = {}
    for error in _validator(schema.kind).iter_errors(document.root):
        for finding in explanation.findings(error):
            found.setdefault((finding.code, finding.message), finding)
    return sorted(found.values(), key=lambda each: each.sort_key)


@cache
def _validator(kind: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 80 ms, for wrong input only
    from referencing import Registry, Resource  # noqa: PLC0415

    from audctl.manifest.schemas import schema_of  # noqa: PLC0415

    definitions = Resource.from_contents(read_schema("definitions"))
    registry = Registry().with_resource(definitions.id() or "", definitions)
    return Draft202012Validator(dict(schema_of(kind)), registry=registry)


class _Explanation:
    """Findings for one document."""

    def __init__(self, document: Document, schema: KindSchema) -> None:
        self.document = document
        self.schema = schema
        self.sentences: dict[str, Callable[[ValidationError, str], Iterator[Finding]]] = {
            "additionalProperties": self._unknown,
            "required": self._missing,
            "type": self._wrong_type,
            "enum": self._wrong_choice,
            "const": self._wrong_choice,
            "pattern": self._wrong_form,
        }

    def findings(self, error: ValidationError) -> Iterator[Finding]:
        path = tuple(error.absolute_path)
        where = path_text(path)
        if error.validator is None:
            # The schema is `false`: a field that has no place here, because of another one.
            yield self._finding(
                "AUD1209", f"{where} has no place here{self._because()}", where, "remove it", key=True
            )
            return
        sentence = self.sentences.get(str(error.validator), self._other)
        yield from sentence(error, where)

    def _unknown(self, error: ValidationError, where: str) -> Iterator[Finding]:
        known = list(error.schema.get("properties", ()))
        for name in error.instance:
            if name not in known:
                path = f"{where}.{name}" if where else name
                hint = did_you_mean(name, known) or f"known here: {', '.join(sorted(known))}"
                owner = where or "the manifest"
                yield self._finding(
                    "AUD1203", f'{owner} has no field "{_short(name)}"', path, hint, key=True
                )

    def _missing(self, error: ValidationError, where: str) -> Iterator[Finding]:
        for name in error.validator_value:
            if name not in error.instance:
                path = f"{where}.{name}" if where else name
                below = field_schema(self.schema.schema, (*error.absolute_path, name)) or {}
                yield self._finding(
                    "AUD1204", f"{path} is missing{self._because(error)}", where, _first_sentence(below)
                )

    def _wrong_type(self, error: ValidationError, where: str) -> Iterator[Finding]:
        wanted = error.validator_value
        words = [_TYPE_WORDS[each] for each in ([wanted] if isinstance(wanted, str) else wanted)]
        value = error.instance
        hint = ""
        if isinstance(value, str) and value.lower() in {"yes", "on", "true"}:
            hint = 'did you mean "true"?' if "boolean" in wanted else ""
        elif isinstance(value, str) and value.lower() in {"no", "off", "false"}:
            hint = 'did you mean "false"?' if "boolean" in wanted else ""
        elif "array" in wanted and isinstance(value, str):
            hint = "write a list: [a, b]"
        yield self._finding(
            "AUD1205",
            f"{where or 'the manifest'} must be {' or '.join(words)}, not {self._shown(value, error)}",
            where, hint,
        )  # fmt: skip

    def _wrong_choice(self, error: ValidationError, where: str) -> Iterator[Finding]:
        wanted = error.validator_value if error.validator == "enum" else [error.validator_value]
        value = error.instance
        choices = ", ".join(str(each) for each in wanted)
        hint = did_you_mean(value, map(str, wanted)) if isinstance(value, str) else ""
        yield self._finding(
            "AUD1206",
            f"{where} is {self._shown(value, error)}; expected "
            f"{'one of ' if len(wanted) > 1 else ''}{choices}",
            where, hint,
        )  # fmt: skip

    def _wrong_form(self, error: ValidationError, where: str) -> Iterator[Finding]:
        if self._is_secret(error):
            yield self._finding(
                "AUD1208", f"{where} holds a secret itself; secrets are given only by reference", where,
                "write ${env:NAME} or ${file:PATH}, and change the secret: it has been in a file",
            )  # fmt: skip
            return
        expected = error.schema.get("x-audctl-expected") or f"text like {error.validator_value}"
        yield self._finding(
            "AUD1207", f"{where} is {self._shown(error.instance, error)}; expected {expected}", where
        )

    def _other(self, error: ValidationError, where: str) -> Iterator[Finding]:
        limit = error.validator_value
        subject = where or "the manifest"
        sentences = {
            "minimum": f"is {self._shown(error.instance, error)}; the least is {limit}",
            "maximum": f"is {self._shown(error.instance, error)}; the most is {limit}",
            "minLength": "is empty",
            "maxLength": f"has more than {limit} characters",
            "minItems": "is an empty list",
            "uniqueItems": "names something twice",
            "minProperties": f"is empty; {_choice_of(error.schema)}",
            "maxProperties": f"says more than one thing; {_choice_of(error.schema)}",
        }
        sentence = sentences.get(str(error.validator), f"does not fit: {error.validator}")
        yield self._finding("AUD1207", f"{subject} {sentence}", where)

    def _because(self, error: ValidationError | None = None) -> str:
        """Name the field another one depends on; the kinds know two such fields."""
        if error is not None and "then" not in error.absolute_schema_path:
            return ""
        spec = self.document.root.get("spec") if isinstance(self.document.root, dict) else None
        if not isinstance(spec, dict):
            return ""
        field = "type" if self.schema.kind == "Trait" else "source"
        value = spec.get(field, "audienceManager")
        return f" when {field} is {value}" if isinstance(value, str) else ""

    def _is_secret(self, error: ValidationError) -> bool:
        return self.schema.is_secret(tuple(error.absolute_path))

    def _shown(self, value: Any, error: ValidationError) -> str:  # noqa: ANN401 - any JSON value
        if self._is_secret(error):
            return "***"
        path = tuple(error.absolute_path)
        for template in self.document.templates:
            if template.path == path:
                # What a reference leads to may be nobody's business; the reference itself is not.
                return f'the value of "{_short(template.raw)}"'
        if value is None:
            return "empty"
        if isinstance(value, str):
            return f'"{_short(value)}"'
        if isinstance(value, dict):
            return "a mapping"
        return "a list" if isinstance(value, list) else json.dumps(value)

    def _finding(
        self, code: str, message: str, path: str, hint: str = "", *, key: bool = False
    ) -> Finding:
        positions = self.document.positions
        span = positions.key_span(path) if key else positions.span(path)
        return Finding(code, Severity.ERROR, message, span, hint)


def _choice_of(schema: Schema) -> str:
    names = list(resolve_ref(schema).get("properties", ()))
    return f"say one of {', '.join(names)}" if names else "say something"


def _first_sentence(schema: Schema) -> str:
    description = str(schema.get("description", ""))
    return description.partition(". ")[0].rstrip(".")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[:_SHOWN] + "…"
