"""Injected faults: what a rule looks like, which call it strikes, how it is played on the wire.

A rule names its calls by a glob over `METHOD /path` or `SOAP schema#Method`. With no rules set a call costs one truth
test.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, cast, get_args
from xml.sax.saxutils import escape

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Kind = Literal["status", "soap_fault", "cut", "reset", "latency"]
When = Literal["before", "after"]

_SOAP_FAULT = (
    "<?xml version='1.0'?><SOAP-ENV:Envelope xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
    "xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body><SOAP-ENV:Fault>"
    "<faultcode>SOAP-ENV:Server</faultcode><faultstring xsi:type='xsd:string'>{text}</faultstring>"
    "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
_DEFAULT_FAULT_TEXT = "SOP-330011 Error while executing the method."
_ABORT_WITH_RESET = struct.pack("ii", 1, 0)


class FaultRuleError(ValueError):
    """A fault rule that cannot be understood."""


@dataclass(slots=True)
class FaultRule:
    """One fault and the calls it strikes."""

    route: str
    kind: Kind
    when: When = "before"
    """`after`: the call is carried out first, then its answer is lost or replaced."""
    nth: int | None = None
    """Strike from the nth matching call on, counted from 1; None strikes from the first."""
    times: int | None = None
    """How many calls to strike; None means one when `nth` is given, else every one."""
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    latency_ms: int = 0
    matched: int = 0
    struck: int = 0

    def strikes(self, label: str) -> bool:
        """Count a call and tell whether this rule strikes it."""
        if not fnmatchcase(label, self.route):
            return False
        self.matched += 1
        if self.nth is not None and self.matched < self.nth:
            return False
        allowed = self.times if self.times is not None else (1 if self.nth is not None else None)
        if allowed is not None and self.struck >= allowed:
            return False
        self.struck += 1
        return True

    def as_json(self) -> dict[str, object]:
        """Give the rule and its counters."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """The rules in force. Used from the event loop only, hence no lock."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def pick(self, label: str) -> FaultRule | None:
        """Count the call against every rule and give the first that strikes it."""
        for rule in self.rules:
            if rule.strikes(label):
                return rule
        return None


def parse_rules(document: object) -> list[FaultRule]:
    """Read a rule or a list of rules; raises FaultRuleError naming what is wrong."""
    items = document if isinstance(document, list) else [document]
    return [_parse_rule(item) for item in items]


def _parse_rule(item: object) -> FaultRule:
    if not isinstance(item, dict):
        raise FaultRuleError("a rule is an object with at least route and kind")
    route, kind, when = item.get("route"), item.get("kind"), item.get("when", "before")
    if not isinstance(route, str) or not route:
        raise FaultRuleError(
            "route must be text such as 'GET /v1/segments*' or 'SOAP xtk:persist#*'"
        )
    if kind not in get_args(Kind):
        raise FaultRuleError(f"kind must be one of {', '.join(get_args(Kind))}")
    if when not in get_args(When):
        raise FaultRuleError("when must be before or after")
    unknown = set(item) - {
        "route",
        "kind",
        "when",
        "nth",
        "times",
        "status",
        "headers",
        "body",
        "latency_ms",
    }
    if unknown:
        raise FaultRuleError(f"unknown keys: {', '.join(sorted(unknown))}")
    headers = item.get("headers", {})
    if not isinstance(headers, dict):
        raise FaultRuleError("headers must be an object")
    body = item.get("body", "")
    status = _count(item, "status", low=200, high=599)
    return FaultRule(
        route=route,
        kind=cast("Kind", kind),
        when=cast("When", when),
        nth=_count(item, "nth"),
        times=_count(item, "times"),
        status=500 if status is None else status,
        headers={str(name): str(value) for name, value in headers.items()},
        body=body if isinstance(body, str) else json.dumps(body),
        latency_ms=_count(item, "latency_ms", low=0) or 0,
    )


def _count(item: Mapping[str, object], name: str, low: int = 1, high: int = 10**6) -> int | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FaultRuleError(f"{name} must be a whole number from {low} to {high}")
    return value


async def play(rule: FaultRule, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one call as `rule` says, through or instead of `app`."""
    if rule.kind == "latency":
        await asyncio.sleep(rule.latency_ms / 1000)
        await app(scope, receive, send)
        return
    answer: Sequence[Message] = ()
    if rule.when == "after":
        answer = await _carry_out(app, scope, receive)
    else:
        await _drain(receive)
    match rule.kind:
        case "status":
            await _send_whole(send, rule.status, rule.headers, rule.body)
        case "soap_fault":
            text = _SOAP_FAULT.format(text=escape(rule.body or _DEFAULT_FAULT_TEXT))
            whole = rule.body if rule.body.lstrip().startswith("<") else text
            await _send_whole(
                send, 200, {"Content-Type": "text/xml; charset=utf-8", **rule.headers}, whole
            )
        case "cut":
            await _send_half(send, answer)
            _transport(scope).close()
        case "reset":
            _reset(_transport(scope))


async def _drain(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _carry_out(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    sent: list[Message] = []

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    return sent


async def _send_whole(send: Send, status: int, headers: Mapping[str, str], body: str) -> None:
    raw = body.encode()
    named = {"Content-Type": "application/json", **headers, "Content-Length": str(len(raw))}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        }
    )
    await send({"type": "http.response.body", "body": raw})


async def _send_half(send: Send, answer: Sequence[Message]) -> None:
    body = b"".join(message.get("body", b"") for message in answer) or b'[{"sid": 1, "name": "'
    promised = len(body) * 2
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(promised).encode()),
            ],
        }
    )
    await send(
        {"type": "http.response.body", "body": body[: (len(body) + 1) // 2], "more_body": True}
    )


def _transport(scope: Scope) -> asyncio.Transport:
    # Put there by the server's protocol class: ASGI itself offers no way to drop a connection.
    return cast("asyncio.Transport", scope["state"]["transport"])


def _reset(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_WITH_RESET)
    transport.abort()
