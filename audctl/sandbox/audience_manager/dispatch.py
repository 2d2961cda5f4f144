"""The way of one call through the stand-in: sign-in, body, transaction, answer.

Handlers are plain functions from a `Call` to an `Answer`; they run in the thread pool inside one transaction, which a
refusal undoes.
"""

import json
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.errors import ApiError, GatewayError, invalid, not_found
from audctl.sandbox.front import ENCODED_SLASH
from audctl.sandbox.ims import CLIENTS, token_client

if (
    TYPE_CHECKING
):  # the store creates this package's tables, so it is the one that imports at run time
    from audctl.sandbox.store import Store

_ESCAPABLE = re.compile(r"\\(.)|[&<>]", re.DOTALL)
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call, ready for its handler."""

    conn: sqlite3.Connection
    now_ms: int
    user_id: int
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: object
    """Parsed JSON; None when the method carries none."""
    if_match: str | None
    choices: Choices

    def flag(self, name: str) -> bool:
        """Read a boolean query parameter, false when absent."""
        return self.query.get(name, ["false"])[-1].lower() == "true"

    def text(self, name: str) -> str | None:
        """Read a query parameter's last value."""
        values = self.query.get(name)
        return values[-1] if values else None

    def numbers(self, name: str) -> list[int]:
        """Read a repeatable numeric query parameter."""
        found = [parse_id(value) for value in self.query.get(name, [])]
        if None in found:
            raise invalid(f"{name} must be a number")
        return [number for number in found if number is not None]

    def id(self, name: str, kind: str) -> int:
        """Read a numeric path parameter; anything else names no object."""
        value = parse_id(self.path[name])
        if value is None:
            raise not_found(kind, self.path[name])
        return value

    def members(self) -> dict[str, object]:
        """Give the body as an object."""
        if not isinstance(self.body, dict):
            raise invalid("the body must be a JSON object")
        return self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler gives back; `text` is JSON, unescaped."""

    status: int
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


def as_json(value: object) -> str:
    """Write compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_id(text: str) -> int | None:
    """Read an object id; None when the text is not one."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > _MAX_ID:  # noqa: PLR2004 - digits of 2**63
        return None
    return int(text)


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
    store: "Store", choices: Choices, handlers: Mapping[str, Handler]
) -> Callable[[Request], Awaitable[Response]]:
    """Make the ASGI endpoint of one path from its handlers by method."""

    async def serve(request: Request) -> Response:
        try:
            raw = await _read_body(request, choices.max_body_bytes)
        except ApiError as error:
            return _respond(Answer(error.status, as_json(error.body())), request, choices)
        handler = handlers["GET" if request.method == "HEAD" else request.method]
        answer = await run_in_threadpool(_run, store, choices, handler, request, raw)
        return _respond(answer, request, choices)

    return serve


def _run(
    store: "Store", choices: Choices, handler: Handler, request: Request, raw: bytes
) -> Answer:
    transaction = store.read if request.method in {"GET", "HEAD"} else store.write
    now = store.now()
    try:
        body = _parse_body(request, raw)
        with transaction() as conn:
            client_id = _sign_in(request, choices, lambda token: token_client(conn, token, now))
            return handler(
                Call(
                    conn=conn,
                    now_ms=int(now.timestamp() * 1000),
                    user_id=CLIENTS[client_id].user_id,
                    path={
                        name: value.replace(ENCODED_SLASH, "/")
                        for name, value in request.path_params.items()
                    },
                    query=_parse_query(request),
                    body=body,
                    if_match=request.headers.get("if-match"),
                    choices=choices,
                )
            )
    except ApiError as error:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}  # noqa: PLR2004
        return Answer(error.status, as_json(error.body()), headers)


def _sign_in(request: Request, choices: Choices, find_client: Callable[[str], str | None]) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    client_id = find_client(token.strip()) if scheme.lower() == "bearer" else None
    if client_id is None:
        raise GatewayError(401, "401013", "Oauth token is not valid")
    api_key = request.headers.get("x-api-key")
    if api_key is None and choices.api_key_required:
        raise GatewayError(403, "403000", "Api Key is required")
    if api_key is not None and api_key not in CLIENTS:
        raise GatewayError(403, "403003", "Api Key is invalid")
    return client_id


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


def _parse_body(request: Request, raw: bytes) -> object:
    if request.method not in {"POST", "PUT"}:
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


def _parse_query(request: Request) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    raw = request.scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(raw, keep_blank_values=True):
        query.setdefault(name, []).append(value.replace("\x00", ""))
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
