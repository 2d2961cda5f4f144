"""How a fault looks on the wire: whole answers, half ones, trickled ones, none at all."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import cast
from xml.sax.saxutils import escape

from starlette.types import Scope, Send

from audctl.sandbox.faults.call import Answer

SOAP_FAULT = (
    "<?xml version='1.0'?><SOAP-ENV:Envelope xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
    "xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body><SOAP-ENV:Fault>"
    "<faultcode>SOAP-ENV:Server</faultcode><faultstring xsi:type='xsd:string'>{text}</faultstring>"
    "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
HTML_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n"
    "<body><h1>{status}</h1><p>The proxy could not handle the request.</p><hr></body></html>\n"
)
_BODILESS = (204, 304)
"""Half of such an answer would be the whole."""
_ABORT_WITH_RESET = struct.pack("ii", 1, 0)


def make_answer(status: int, headers: Mapping[str, str], body: str, media_type: str) -> Answer:
    """Make up an answer; a type among `headers` wins over `media_type`."""
    raw = body.encode()
    named = {name.lower(): value for name, value in headers.items()}
    all_of_them = {"content-type": media_type, **named, "content-length": str(len(raw))}
    encoded = [(name.encode(), value.encode()) for name, value in all_of_them.items()]
    return Answer(status, encoded, raw)


def soap_fault(text: str) -> str:
    """Write a fault's envelope, unless the text is one."""
    return text if text.lstrip().startswith("<") else SOAP_FAULT.format(text=escape(text))


def broken(answer: Answer) -> Answer:
    """Give half an answer as if it were the whole."""
    # Half of a JSON object or list, or of an XML document, is never one itself.
    return answer.with_body(answer.body[: (len(answer.body) + 1) // 2] or b"{")


async def send_whole(send: Send, answer: Answer) -> None:
    """Send an answer as it is."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def send_half(send: Send, answer: Answer, scope: Scope) -> None:
    """Promise the whole of an answer, send half and end the connection."""
    if answer.status not in _BODILESS and scope["method"] != "HEAD":
        # An answer without a body would be whole at once.
        promised = answer if answer.body else answer.with_body(b"{}")
        await send(
            {"type": "http.response.start", "status": promised.status, "headers": promised.headers}
        )
        half = promised.body[: (len(promised.body) + 1) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
    _transport(scope).close()


async def send_slowly(send: Send, answer: Answer, *, chunk_bytes: int, pause_ms: int) -> None:
    """Send an answer in pieces."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    for start in range(0, len(answer.body), chunk_bytes):
        piece = answer.body[start : start + chunk_bytes]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(pause_ms / 1000)
    await send({"type": "http.response.body", "body": b""})


def reset(scope: Scope) -> None:
    """End the connection at once, with a reset."""
    transport = _transport(scope)
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_WITH_RESET)
    transport.abort()


def _transport(scope: Scope) -> asyncio.Transport:
    # Put there by the server's protocol class: ASGI itself offers no way to drop a connection.
    return cast("asyncio.Transport", scope["state"]["transport"])
