"""The way of one call through the stand-in: sign-in, body, transaction, answer.

Handlers are plain functions from a `Call` to an `Answer`; they run in the thread pool inside one transaction, which a
refusal undoes.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from audctl.sandbox.audience_manager.call import Answer, Call, Population, as_json
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.errors import ApiError, invalid
from audctl.sandbox.audience_manager.gateway import sign_in
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.front import ENCODED_SLASH

if (
    TYPE_CHECKING
):  # the store creates this package's tables, so it is the one that imports at run time
    from audctl.sandbox.store import Store

_ESCAPABLE = re.compile(r"\\(.)|[&<>]", re.DOTALL)


def escape_html(text: str, characters: Mapping[str, str]) -> str:
    """Escape every string value of a JSON text; keys hold none of the characters.

    Works on the text: a quote inside a string is the pair backslash-quote there, and the pattern consumes each
    backslash with the character it protects, so a closing quote is never taken for content.
    """

    def replace(match: re.Match[str]) -> str:
        if match[1] is None:
            return characters.get(match[0], match[0])
        return characters.get('"', match[0]) if match[1] == '"' else match[0]

    return _ESCAPABLE.sub(replace, text)


def endpoint(
    store: "Store",
    choices: Choices,
    population: Population,
    operations: Mapping[str, Operation],
) -> Callable[[Request], Awaitable[Response]]:
    """Make the ASGI endpoint of one path from its operations by method."""

    async def serve(request: Request) -> Response:
        try:
            raw = await _read_body(request, choices.max_body_bytes)
        except ApiError as error:
            return _respond(Answer(error.status, as_json(error.body())), request, choices)
        operation = operations["GET" if request.method == "HEAD" else request.method]
        work = _Work(store, choices, population, operation, request, raw)
        return _respond(await run_in_threadpool(work.run), request, choices)

    return serve


@dataclass(frozen=True, slots=True)
class _Work:
    """One call on its way through the thread pool."""

    store: "Store"
    choices: Choices
    population: Population
    operation: Operation
    request: Request
    raw: bytes

    def run(self) -> Answer:
        """Sign in and carry out, in one transaction that a refusal undoes."""
        request = self.request
        transaction = self.store.read if self.operation.method == "GET" else self.store.write
        now = self.store.now()
        try:
            with transaction() as conn:
                caller = sign_in(conn, request.headers, now, self.choices)
                return self.operation.handler(
                    Call(
                        conn=conn,
                        now_ms=int(now.timestamp() * 1000),
                        caller=caller,
                        path={
                            name: value.replace(ENCODED_SLASH, "/")
                            for name, value in request.path_params.items()
                        },
                        query=_parse_query(request, self.operation),
                        body=_parse_body(request, self.operation, self.raw),
                        if_match=request.headers.get("if-match"),
                        choices=self.choices,
                        population=self.population,
                    )
                )
        except ApiError as error:
            return Answer(error.status, as_json(error.body()), error.headers)


async def _read_body(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
    # Read to the end even when it is too much: an answer sent while the client still writes gets lost.
    if size > limit:
        raise ApiError(413, "REQUEST_TOO_LARGE", f"the body may have at most {limit} bytes")
    return b"".join(chunks)


def _parse_body(request: Request, operation: Operation, raw: bytes) -> object:
    if operation.body is None:
        return None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        if b"\\ud" in raw.lower():
            as_json(body).encode()  # an unpaired surrogate is not text and could not be stored
    except RecursionError:
        raise ApiError(400, "MALFORMED_JSON", "the body is nested too deeply") from None
    except ValueError as error:
        raise ApiError(400, "MALFORMED_JSON", f"the body is not JSON: {_reason(error)}") from None
    return body


def _reason(error: ValueError) -> str:
    return "an unpaired surrogate" if isinstance(error, UnicodeEncodeError) else str(error)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _parse_query(request: Request, operation: Operation) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {parameter.name: [] for parameter in operation.parameters}
    raw = request.scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(raw, keep_blank_values=True):
        if name in query:
            query[name].append(value.replace("\x00", ""))
    missing = [each.name for each in operation.parameters if each.required and not query[each.name]]
    if missing:
        raise invalid(*(f"{name} is required" for name in missing))
    return query


def _respond(answer: Answer, request: Request, choices: Choices) -> Response:
    if answer.text is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    text = answer.text
    if request.headers.get("aam-disable-escaping-html", "").lower() != "true":
        text = escape_html(text, choices.escaped_characters)
    return Response(
        text, status_code=answer.status, headers=dict(answer.headers), media_type="application/json"
    )
