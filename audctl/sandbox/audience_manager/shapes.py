"""JSON Schemas of bodies and answers, made from the field tables that the handlers decode by."""

from collections.abc import Mapping, Sequence

from audctl.sandbox.audience_manager.fields import Field, Form

Schema = Mapping[str, object]

TEXT: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": ["integer", "null"]}
BOOLEAN: Schema = {"type": ["boolean", "null"]}
STAMPS: Mapping[str, Schema] = {
    name: {"type": "integer"} for name in ("crUID", "upUID", "createTime", "updateTime")
}
_DIGITS = "^[0-9]{1,15}$"


def written(fields: Sequence[Field], **constants: str) -> Schema:
    """Describe a body that carries `fields`; `constants` are members with one value."""
    properties: dict[str, Schema] = {spec.name: _written(spec) for spec in fields}
    properties.update({name: {"const": value} for name, value in constants.items()})
    required = [spec.name for spec in fields if spec.required] + list(constants)
    return {"type": "object", "properties": properties, "required": required}


def shown(
    fields: Sequence[Field], required: Sequence[str] = (), **server_set: Schema
) -> dict[str, object]:
    """Describe an answer that has `fields` and what the server adds."""
    properties = {spec.name: _SHOWN[spec.form] for spec in fields}
    return {"type": "object", "properties": {**properties, **server_set}, "required": [*required]}


def list_of(row: Schema) -> Schema:
    """Describe a list."""
    return {"type": "array", "items": row}


def paged(row: Schema) -> Schema:
    """Describe the answer to a list call: bare, or in a page when one was asked for."""
    page: Schema = {
        "type": "object",
        "properties": {
            "total": {"type": "integer"},
            "page": {"type": "integer"},
            "pageSize": {"type": "integer"},
            "list": list_of(row),
        },
        "required": ["total", "page", "pageSize", "list"],
    }
    return {"oneOf": [list_of(row), page]}


IDS: Schema = list_of({"type": ["integer", "string"], "minimum": 0, "pattern": _DIGITS})
"""Body of the bulk deletes."""


def _written(spec: Field) -> Schema:
    schema: dict[str, object] = {}
    kinds: list[str] = []
    match spec.form:
        case Form.TEXT:
            kinds = ["string"]
            if spec.max_length is not None:
                schema["maxLength"] = spec.max_length
        case Form.NUMBER:
            kinds = ["integer", "string"]
            schema.update(minimum=spec.low, maximum=spec.high, pattern=_DIGITS)
        case Form.BOOLEAN:
            kinds = ["boolean", "string"]
            schema["pattern"] = "^(true|false)$"
        case Form.TEXTS | Form.NUMBERS:
            kinds = ["array"]
            member = "string" if spec.form is Form.TEXTS else "integer"
            schema["items"] = {"type": member} | _enumeration(spec, nullable=False)
    if not spec.required:
        kinds.append("null")
    schema["type"] = kinds
    if spec.form is Form.TEXT:
        schema |= _enumeration(spec, nullable=not spec.required)
    return schema


def _enumeration(spec: Field, *, nullable: bool) -> dict[str, object]:
    if spec.allowed is None:
        return {}
    return {"enum": [*sorted(spec.allowed), *([None] if nullable else [])]}


_SHOWN: Mapping[Form, Schema] = {
    Form.TEXT: TEXT,
    Form.NUMBER: NUMBER,
    Form.BOOLEAN: BOOLEAN,
    Form.TEXTS: {"type": ["array", "null"], "items": {"type": "string"}},
    Form.NUMBERS: {"type": ["array", "null"], "items": {"type": "integer"}},
}
