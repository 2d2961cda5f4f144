"""The concurrent editor: somebody else who changes, through the same interfaces, what a call is about."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from audctl.sandbox import ims
from audctl.sandbox.faults.call import Answer, Call

if TYPE_CHECKING:  # the store's own imports lead here
    from audctl.sandbox.store import Store

EDITOR = "marketer"
"""The client he signs in as."""
_WRITE = (
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>'
    '<Write xmlns="urn:xtk:persist"><sessiontoken/><domDoc>{document}</domDoc></Write>'
    "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
_DONE = range(200, 300)


def sign_in_editor(store: "Store") -> str:
    """Issue a token to the editor."""
    with store.write() as conn:
        return ims.issue_token(conn, EDITOR, store.now())


async def edit_object(
    app: ASGIApp, token: str, call: Call, edit: Mapping[str, object] | str
) -> str:
    """Write the edit, and say what came in its way; empty when it is done."""
    if isinstance(edit, str):
        headers = {"soapaction": "xtk:persist#Write", "content-type": "text/xml"}
        # A declaration may only stand at the beginning of a document.
        document = edit.partition("?>")[2] if edit.lstrip().startswith("<?xml") else edit
        answer = await _ask(app, token, call, "POST", headers, _WRITE.format(document=document))
        return "" if answer.status in _DONE and b"<WriteResponse" in answer.body else _told(answer)
    if call.scope["method"] == "POST":
        made = _object(call.body)
        if made is None:
            return "the call's body is no JSON object"
        answer = await _ask(app, token, call, "POST", {}, json.dumps({**made, **edit}))
        return "" if answer.status in _DONE else _told(answer)
    found = await _ask(app, token, call, "GET", {}, "")
    current = _object(found.body) if found.status in _DONE else None
    if current is None:
        return _told(found)
    answer = await _ask(app, token, call, "PUT", {}, json.dumps({**current, **edit}))
    return "" if answer.status in _DONE else _told(answer)


async def _ask(  # noqa: PLR0913, PLR0917 - an HTTP call and who makes it
    app: ASGIApp, token: str, call: Call, method: str, headers: Mapping[str, str], body: str
) -> Answer:
    sent = {
        "authorization": f"Bearer {token}",
        "x-api-key": EDITOR,
        "content-type": "application/json",
        "aam-disable-escaping-html": "true",
        **headers,
    }
    scope = {
        **call.scope,
        "method": method,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    return await Call(f"{method} {scope['path']}", scope, body.encode()).answer(app)


def _object(raw: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _told(answer: Answer) -> str:
    return f"the edit was answered with {answer.status}: {answer.body[:500].decode('utf-8', 'replace')}"
