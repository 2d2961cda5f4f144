"""The sandbox's own controls under `/_sandbox/`: clock, faults, call log, expiry of every sign-in at once."""

import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audctl.sandbox.body import RequestTooLargeError, read_limited
from audctl.sandbox.calls import CallLog
from audctl.sandbox.faults import FaultRuleError, Faults, parse_rules
from audctl.sandbox.members.timeline import Timeline
from audctl.sandbox.store import Store

MAX_ADVANCE = timedelta(days=3650)
_DURATION = re.compile(r"(?:\d{1,9}[smhd])+", re.ASCII)
_DURATION_PART = re.compile(r"(?P<count>\d+)(?P<unit>[smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
DEFAULT_LAST_CALLS = 100
MAX_BODY_BYTES = 1024 * 1024
MAX_DIGITS = 9
MAX_EVENTS_TOLD = 1000


def routes(store: Store, faults: Faults, calls: CallLog) -> list[Route]:
    """List the control endpoints."""
    timeline = Timeline(store)

    async def clock(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"now": store.now().isoformat()})
        delta = _parse_duration(await _json(request))
        now, happened = await run_in_threadpool(timeline.advance, delta)
        events = [each.as_json() for each in happened[-MAX_EVENTS_TOLD:]]
        return JSONResponse({"now": now.isoformat(), "events": events})

    async def rules(request: Request) -> Response:
        if request.method == "POST":
            faults.add(parse_rules(await _json(request)))
        elif request.method == "DELETE":
            number = request.query_params.get("number")
            if not faults.clear(None if number is None else _number("number", number)):
                raise ValueError(f"no fault rule has the number {number}")
        return JSONResponse({"rules": faults.as_json()})

    async def log(request: Request) -> Response:
        if request.method == "DELETE":
            calls.clear()
        last = request.query_params.get("last", str(DEFAULT_LAST_CALLS))
        return JSONResponse(calls.report(_number("last", last)))

    async def expire(_request: Request) -> Response:
        await run_in_threadpool(store.expire_sign_ins)
        return Response(status_code=204)

    return [
        Route("/_sandbox/clock", _explain(clock), methods=["GET", "POST"]),
        Route("/_sandbox/faults", _explain(rules), methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/calls", _explain(log), methods=["GET", "DELETE"]),
        Route("/_sandbox/expire-tokens", expire, methods=["POST"]),
    ]


def _explain(
    handler: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def explained(request: Request) -> Response:
        try:
            return await handler(request)
        except RequestTooLargeError as error:
            return JSONResponse({"message": str(error)}, status_code=413)
        except FaultRuleError as error:
            body = {"message": str(error), "problems": error.problems}
            return JSONResponse(body, status_code=400)
        except RecursionError:
            return JSONResponse({"message": "the body is nested too deeply"}, status_code=400)
        except ValueError as error:
            return JSONResponse({"message": str(error)}, status_code=400)

    return explained


async def _json(request: Request) -> object:
    return json.loads(await read_limited(request, MAX_BODY_BYTES))


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
        raise ValueError(f"{name} must be a whole number")
    return int(text)


def _parse_duration(document: object) -> timedelta:
    """Read `{"advance": "36h"}`; units s, m, h and d may be joined, as in `1d12h`."""
    text = document.get("advance") if isinstance(document, dict) else None
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError('expected {"advance": "36h"}: whole numbers with units s, m, h or d')
    delta = sum(
        (
            timedelta(**{_UNITS[part["unit"]]: int(part["count"])})
            for part in _DURATION_PART.finditer(text)
        ),
        timedelta(),
    )
    if delta > MAX_ADVANCE:
        raise ValueError(f"the clock moves at most {MAX_ADVANCE.days} days at a time")
    return delta
