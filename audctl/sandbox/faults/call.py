"""One call as a fault sees it, before anybody has answered it: what is asked, and for which page."""

import json
import re
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope

from audctl.sandbox.faults.rule import FaultRule

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Calls with a larger body are left alone by every fault: nothing would be gained by keeping them."""
_START_LINE = re.compile(rb"""(\bstartLine\s*=\s*["'])(\d{1,9})(["'])""")
_LINE_COUNT = re.compile(rb"""\blineCount\s*=\s*["'](\d{1,9})["']""")
_PAGE_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_PAGE_KINDS = ("duplicate_page", "shift_page")
_READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a call asks for."""

    start: int
    """Number of the page for Audience Manager, first line for Campaign; more than 0."""
    lines: int
    """Rows of a Campaign page; 0 when the call leaves them open, as it may for Audience Manager."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call, its body read to the end."""

    label: str
    """`METHOD /path`, or `SOAP schema#Method`."""
    scope: Scope
    body: bytes

    @property
    def is_soap(self) -> bool:
        """Whether it goes to Campaign."""
        return self.label.startswith("SOAP ")

    @property
    def page(self) -> Page | None:
        """The page asked for; None for a first page, or where nothing is asked by page."""
        if not self.is_soap:
            number = _PAGE_NUMBER.fullmatch(dict(parse_qsl(self._query)).get("page", ""))
            wanted = 0 if number is None else int(number[0])
            return Page(wanted, 0) if wanted and self.scope["method"] in _READS else None
        start, count = _START_LINE.search(self.body), _LINE_COUNT.search(self.body)
        if start is None or int(start[2]) == 0:
            return None
        return Page(int(start[2]), 0 if count is None else int(count[1]))

    def at_page(self, start: int) -> "Call":
        """Ask for another page."""
        if self.is_soap:
            body = _START_LINE.sub(rb"\g<1>%d\g<3>" % start, self.body, count=1)
            return replace(self, body=body)
        query = [
            (name, str(start) if name == "page" else value)
            for name, value in parse_qsl(self._query, keep_blank_values=True)
        ]
        return replace(self, scope={**self.scope, "query_string": urlencode(query).encode()})

    def suits(self, rule: FaultRule) -> bool:
        """Tell whether a rule of this kind can do anything to this call."""
        if rule.kind in _PAGE_KINDS:
            return self.page is not None
        if rule.kind == "lost_write":
            return self.scope["method"] not in _READS
        if rule.kind == "concurrent_editor":
            return self.is_soap == isinstance(rule.edit, str)
        return True

    @property
    def _query(self) -> str:
        return str(self.scope["query_string"].decode("latin-1"))

    async def answer(self, app: ASGIApp) -> "Answer":
        """Let the application answer, and keep the answer."""
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        # A scope of its own: the application writes into it.
        await app({**self.scope}, replay(self.body), keep)
        head = sent[0]
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(head["status"], list(head["headers"]), body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    """As ASGI has them: names in lower case."""
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever the JSON holds
        """Read the body; None when it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_body(self, body: bytes) -> "Answer":
        """Put another body in, of whatever length."""
        kept = [(name, value) for name, value in self.headers if name != b"content-length"]
        return Answer(self.status, [*kept, (b"content-length", b"%d" % len(body))], body)


def replay(body: bytes) -> Receive:
    """Give a body that was read already to whoever reads it next."""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def read_body(receive: Receive) -> tuple[bytes, bool]:
    """Read a request's body, up to the limit; and tell whether that was all of it."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks), False
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        whole = not message.get("more_body")
        if whole or size > MAX_KEPT_BYTES:
            return b"".join(chunks), whole


def join(start: bytes, rest: Receive) -> Receive:
    """Give the part of a body that was read already, then what is still to come."""
    parts = [start]

    async def receive() -> MutableMapping[str, Any]:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": True}
        return await rest()

    return receive
