"""Answers a struck call as its rule says: through the application, instead of it, or both."""

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Send

from audctl.sandbox.faults import wire
from audctl.sandbox.faults.call import Answer, Call
from audctl.sandbox.faults.editor import edit_object, sign_in_editor
from audctl.sandbox.faults.rule import ArmedRule, FaultRule

if TYPE_CHECKING:  # the store's own imports lead here
    from audctl.sandbox.store import Store

_XML = "text/xml; charset=utf-8"
_SOAP_FAULT_TEXT = "SOP-330011 Error while executing the method."


async def play(armed: ArmedRule, call: Call, app: ASGIApp, store: "Store", send: Send) -> None:
    """Answer one call as `armed` says."""
    rule = armed.rule
    if rule.latency_ms:
        await asyncio.sleep(rule.latency_ms / 1000)
    match rule.kind:
        case "status" | "soap_fault" | "html":
            if rule.when == "after":
                await call.answer(app)
            await wire.send_whole(send, _made_up(rule, call))
        case "malformed":
            await wire.send_whole(send, wire.broken(await _due(rule, call, app)))
        case "cut":
            await wire.send_half(send, await _due(rule, call, app), call.scope)
        case "reset":
            if rule.when == "after":
                await call.answer(app)
            wire.reset(call.scope)
        case "slow":
            await wire.send_slowly(
                send,
                await call.answer(app),
                chunk_bytes=rule.chunk_bytes,
                pause_ms=rule.pause_ms,
            )
        case "concurrent_editor":
            await wire.send_whole(send, await _edited(armed, call, app, store))
        case _:
            await wire.send_whole(send, await _answer(rule, call, app, store))


async def _answer(rule: FaultRule, call: Call, app: ASGIApp, store: "Store") -> Answer:
    match rule.kind:
        case "expired_token":
            await run_in_threadpool(store.expire_sign_ins)
        case "lost_write":
            with store.losing_writes():
                return await call.answer(app)
        case "duplicate_page":
            return await _duplicate(call, app)
        case "shift_page":
            return await _shift(rule, call, app)
    return await call.answer(app)


async def _due(rule: FaultRule, call: Call, app: ASGIApp) -> Answer:
    """Give the true answer, or one made up where the call is not carried out."""
    if rule.when == "after":
        return await call.answer(app)
    if call.is_soap:
        return wire.make_answer(200, {}, wire.soap_fault(_SOAP_FAULT_TEXT), _XML)
    return wire.make_answer(200, {}, '[{"sid": 1, "name": "half"}]', "application/json")


def _made_up(rule: FaultRule, call: Call) -> Answer:
    headers, body = rule.answer_headers(), rule.body or ""
    if rule.kind == "soap_fault":
        return wire.make_answer(200, headers, wire.soap_fault(body or _SOAP_FAULT_TEXT), _XML)
    status = rule.answer_status
    if rule.kind == "html":
        page = body or wire.HTML_PAGE.format(status=status)
        return wire.make_answer(status, headers, page, "text/html; charset=utf-8")
    media_type = "application/json"
    if call.is_soap:
        media_type = _XML if body.lstrip().startswith("<") else "text/plain; charset=utf-8"
    return wire.make_answer(status, headers, body, media_type)


async def _edited(armed: ArmedRule, call: Call, app: ASGIApp, store: "Store") -> Answer:
    rule = armed.rule
    assert rule.edit is not None  # the kind needs it
    token = await run_in_threadpool(sign_in_editor, store)
    answer = await call.answer(app) if rule.when == "after" else None
    armed.trouble = await edit_object(app, token, call, rule.edit)
    return await call.answer(app) if answer is None else answer


async def _duplicate(call: Call, app: ASGIApp) -> Answer:
    page = call.page
    assert page is not None  # other calls are not struck
    if call.is_soap:
        return await call.at_page(max(page.start - page.lines, 0) if page.lines else 0).answer(app)
    answer = await call.at_page(page.start - 1).answer(app)
    found = answer.json()
    if not isinstance(found, dict) or "list" not in found:
        return answer
    return answer.with_body(_as_json({**found, "page": page.start}))


async def _shift(rule: FaultRule, call: Call, app: ASGIApp) -> Answer:
    page = call.page
    assert page is not None  # other calls are not struck
    if call.is_soap:
        return await call.at_page(max(page.start + rule.rows, 0)).answer(app)
    answer = await call.answer(app)
    beside = await call.at_page(page.start + (1 if rule.rows > 0 else -1)).answer(app)
    found, other = answer.json(), beside.json()
    if not (isinstance(found, dict) and isinstance(other, dict) and "list" in found):
        return answer
    here, there = found["list"], other.get("list", [])
    if rule.rows > 0:
        shifted = (here + there)[rule.rows : rule.rows + len(here)]
    else:
        start = max(len(there) + rule.rows, 0)
        shifted = (there + here)[start : start + found["pageSize"]]
    return answer.with_body(_as_json({**found, "list": shifted}))


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
