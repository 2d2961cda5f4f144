"""A gate before the sandbox: every HTTP call passes it, is named and counted, and may be met by an act.

The process under test is not touched: it is killed, or somebody else edits, from where the live system stands.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.concurrency import run_in_threadpool

from audctl.sandbox.faults import FaultRule, play
from audctl.sandbox.faults.call import Call
from audctl.sandbox.faults.rule import ArmedRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from audctl.sandbox.store import Store

SOAP_PATH = "/nl/jsp/soaprouter.jsp"
OWN_PATHS = "/_sandbox"

_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")
_CODE = re.compile(r"(?<=/ic:).+")
_SCHEMA = re.compile(rb'(?:xtkschema|\sschema)="(?!xtk:queryDef)([a-z]+:\w+)"')
_VERB = re.compile(rb'(?:_operation|\soperation)="(\w+)"')
_OPTION = re.compile(rb"audctl\.[\w-]+\.[\w-]+\.(?:(lock)|(ledger)|(\d+-[0-9a-f]+))?")
_PARTS = ("lock", "pointer", "chunk")
DEADLINE_S = 30.0


ANY = "any"


class Point(NamedTuple):
    """One call of a run: the nth of its class, or of ``ANY``."""

    call: str
    nth: int


@dataclass
class Snare:
    """What happens at one point."""

    at: Point
    after: bool
    """The call is carried out first, and its answer held back until the act is over."""
    act: Callable[[], None]
    fatal: bool
    """The caller is dead after it: nothing of it passes any more."""
    sprung: bool = False


@dataclass
class Strike:
    """A fault of the sandbox at one point, or from there on at every call of its class."""

    at: Point
    rule: FaultRule
    lasting: bool = False
    struck: int = 0

    def meets(self, point: Point) -> bool:
        """Tell whether a call is one to strike."""
        if self.lasting:
            return point.call == self.at.call and point.nth >= self.at.nth
        return point == self.at


class Gate:
    """The ASGI application that stands before the sandbox's."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app = app
        self._store = store
        self._lock = threading.Condition()
        self._inside = 0
        self._shut = False
        self._counts: Counter[str] = Counter()
        self.calls: list[Point] = []
        """Of the run at hand, in the order of their arrival."""
        self.snare: Snare | None = None
        self.strike: Strike | None = None

    def open(self, snare: Snare | None = None, strike: Strike | None = None) -> None:
        """Begin another run, once the last call of the one before is over."""
        with self._lock:
            if not self._lock.wait_for(lambda: not self._inside, DEADLINE_S):
                raise TimeoutError("calls of an earlier run do not end")
            self._counts.clear()
            self.calls = []
            self.snare = snare
            self.strike = strike
            self._shut = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"].startswith(OWN_PATHS):
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        snare, strike = self._enter(call_name(scope, body))
        try:
            if self._shut:
                _drop(scope)
                return
            if strike is not None:
                call = Call(f"SOAP {_action(scope)}" if _is_soap(scope) else "", scope, body)
                await play(ArmedRule(1, strike.rule), call, self._app, self._store, send)
                return
            if snare is None:
                await self._app(scope, _again(body), send)
                return
            held: list[Message] = []

            async def hold(message: Message) -> None:
                held.append(message)

            if snare.after:
                await self._app(scope, _again(body), hold)
            await run_in_threadpool(snare.act)
            if snare.fatal:
                _drop(scope)
            elif snare.after:
                for message in held:
                    await send(message)
            else:
                await self._app(scope, _again(body), send)
        finally:
            with self._lock:
                self._inside -= 1
                self._lock.notify_all()

    def _enter(self, name: str) -> tuple[Snare | None, Strike | None]:
        """Count a call, and return what waits for it."""
        with self._lock:
            self._inside += 1
            self._counts[name] += 1
            self._counts[ANY] += 1
            point = Point(name, self._counts[name])
            whichever = Point(ANY, self._counts[ANY])
            if not self._shut:
                self.calls.append(point)
            strike = self.strike
            if strike is not None and (strike.meets(point) or strike.meets(whichever)):
                strike.struck += 1
                return None, strike
            snare = self.snare
            if snare is None or snare.sprung or snare.at not in {point, whichever}:
                return None, None
            snare.sprung = True
            return snare, None

    def shut(self) -> None:
        """Let nothing more in: the caller is dead."""
        self._shut = True


_QUERIES = ("queryDef", "GetServerTime", "GetEntityIfMoreRecent", "EncryptPassword")


def is_soap(call: str) -> bool:
    """Tell whether a class of calls goes to Campaign."""
    return call.startswith("SOAP ")


def writes(call: str) -> bool:
    """Tell whether a class of calls changes anything."""
    if is_soap(call):
        return not any(each in call for each in _QUERIES)
    return not call.startswith("GET ") and "/ims/" not in call


def call_name(scope: Scope, body: bytes) -> str:
    """Name the class of a call: what it is about, without ids."""
    if not _is_soap(scope):
        path = _CODE.sub("{code}", _NUMBER.sub("{id}", scope["path"].rstrip("/")))
        return f"{scope['method']} {path}"
    action = _action(scope)
    schema, verb = _SCHEMA.search(body), _VERB.search(body)
    words = [f"SOAP {action}"]
    if schema is None and action.endswith("#DeleteCollection"):
        schema = re.search(rb">([a-z]+:\w+)</", body)
    if schema is not None:
        words.append(schema[1].decode())
    if verb is not None:
        words.append(verb[1].decode())
    if schema is not None and schema[1] == b"xtk:option":
        option = _OPTION.search(body)
        found = zip(_PARTS, option.groups() if option is not None else (), strict=False)
        words.append(next((part for part, text in found if text), "all"))
    return " ".join(words)


def _is_soap(scope: Scope) -> bool:
    return bool(scope["path"] == SOAP_PATH)


def _action(scope: Scope) -> str:
    found = next((value for name, value in scope["headers"] if name == b"soapaction"), b"")
    return found.decode("latin-1").strip("\"' ")


def _drop(scope: Scope) -> None:
    transport: Any = scope["state"]["transport"]
    transport.abort()


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _again(body: bytes) -> Receive:
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            # A real connection says nothing more until its client leaves.
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
