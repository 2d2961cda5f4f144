"""OpenAPI description of the REST part, generated from the operations that the routes are made from."""

import re
from collections.abc import Iterable

from audctl.sandbox.audience_manager.fields import Form
from audctl.sandbox.audience_manager.operation import Operation, Parameter
from audctl.sandbox.audience_manager.shapes import Schema

VERSION = "1.0.0"
_IN_BRACES = re.compile(r"\{(\w+)\}")
_BY_CODE = frozenset({"trait", "segment", "email"})
"""Path parameters that are not numbers only."""
_REFUSAL: Schema = {
    "oneOf": [
        {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "childMessages": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["code", "message"],
        },
        {
            "type": "object",
            "properties": {"error_code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["error_code", "message"],
        },
    ]
}
_FORMS: dict[Form, Schema] = {
    Form.TEXT: {"type": "string"},
    Form.NUMBER: {"type": "integer", "minimum": 0},
    Form.BOOLEAN: {"type": "boolean"},
}


def describe(operations: Iterable[Operation], prefix: str) -> dict[str, object]:
    """Give the OpenAPI 3.1 document of the operations."""
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        path = f"{prefix}{operation.path}"
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Audience Manager stand-in",
            "version": VERSION,
            "description": (
                "What the sandbox serves. Written from public documentation; not the vendor's own description."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": [], "key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
            "schemas": {"Refusal": _REFUSAL},
            "responses": {
                "Refused": {
                    "description": "Refused, by the application or by the gateway in front of it",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}
                    },
                }
            },
        },
    }


def _operation(operation: Operation) -> dict[str, object]:
    success: dict[str, object] = {"description": "Done"}
    if operation.answer is not None:
        success["content"] = {"application/json": {"schema": operation.answer}}
    described: dict[str, object] = {
        "operationId": _operation_id(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [
            *(_path_parameter(name) for name in _IN_BRACES.findall(operation.path)),
            *(_query_parameter(parameter) for parameter in operation.parameters),
        ],
        "responses": {
            str(operation.status): success,
            "4XX": {"$ref": "#/components/responses/Refused"},
        },
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": operation.body}},
        }
    return described


def _operation_id(operation: Operation) -> str:
    words = re.findall(r"\w+", operation.path.replace("-", "_"))
    return "_".join([operation.method.lower(), *words])


def _path_parameter(name: str) -> dict[str, object]:
    schema: Schema = {"type": "integer", "minimum": 0}
    if name in _BY_CODE:
        schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameter(parameter: Parameter) -> dict[str, object]:
    schema: dict[str, object] = dict(_FORMS[parameter.form])
    if parameter.allowed:
        schema["enum"] = list(parameter.allowed)
    if parameter.repeatable:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.summary,
        "schema": schema,
    }
