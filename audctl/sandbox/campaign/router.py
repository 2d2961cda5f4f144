"""HTTP side of Campaign: the SOAP endpoint, and the two pages that clients probe."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from audctl.sandbox.campaign.catalog import catalog_of
from audctl.sandbox.campaign.envelope import (
    Action,
    Message,
    parse_action,
    parse_message,
    write_fault,
    write_response,
)
from audctl.sandbox.campaign.faults import (
    CampaignFault,
    SessionRefusedError,
    bad_call,
    unknown_schema,
)
from audctl.sandbox.campaign.quirks import DEFAULT_QUIRKS, Quirks
from audctl.sandbox.campaign.services import ANONYMOUS, SERVICES, Call, Method
from audctl.sandbox.campaign.session import (
    BUILD,
    INSTANCE,
    Credentials,
    authenticate,
    session_cookie,
)
from audctl.sandbox.campaign.tables import apply_switches
from audctl.sandbox.campaign.values import stored_moment
from audctl.sandbox.campaign.xml import parse_document

if TYPE_CHECKING:
    from audctl.sandbox.store import Store

SOAP_PATH = "/nl/jsp/soaprouter.jsp"
_XML = "text/xml; charset=utf-8"
_QUEUE = "Ok\n{now}\n0/400 pending events\n"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    text: str
    media_type: str = _XML


def routes(store: "Store", quirks: Quirks = DEFAULT_QUIRKS) -> list[Route]:
    """List the Campaign endpoints; raises ValueError for switches that cannot be."""
    with store.write() as conn:
        apply_switches(conn, quirks)

    async def soap(request: Request) -> Response:
        body = await _read_body(request, quirks.max_body_bytes)
        answer = await run_in_threadpool(answer_call, store, quirks, request.headers, body)
        return Response(answer.text, answer.status, media_type=answer.media_type)

    def probe(request: Request) -> Response:
        host = request.client.host if request.client else ""
        return Response(
            f"<redir status='OK' date='{stored_moment(store.now())}' build='{BUILD}' sha1='sandbox'"
            f" instance='{INSTANCE}' sourceIP='{host}' host='localhost' localHost='{INSTANCE}'/>",
            media_type=_XML,
        )

    def told_to_operators(lines: str) -> Callable[[Request], Response]:
        """Make a page of text that needs a session; `{now}` in it is the time."""

        def page(request: Request) -> Response:
            now = store.now()
            try:
                with store.read() as conn:
                    authenticate(conn, _credentials(request.headers, "", {}), now, quirks)
            except SessionRefusedError as refused:
                return PlainTextResponse(refused.text, quirks.expired_status)
            return PlainTextResponse(lines.format(now=stored_moment(now)))

        return page

    return [
        Route(SOAP_PATH, soap, methods=["POST"]),
        Route("/r/test", probe, methods=["GET"]),
        Route("/nl/jsp/ping.jsp", told_to_operators("OK\n{now}\n"), methods=["GET"]),
        Route("/nl/jsp/mcPing.jsp", told_to_operators(_QUEUE), methods=["GET"]),
    ]


def answer_call(
    store: "Store", quirks: Quirks, headers: Mapping[str, str], body: bytes | None
) -> Answer:
    """Answer one SOAP request; a body of None was too large to read."""
    action: Action | None = None
    try:
        if body is None:
            raise bad_call("SOP-330002 The request is too large.")  # noqa: TRY301 - answered below
        action = parse_action(headers.get("soapaction"))
        method = _find_method(action, quirks)
        root = parse_document(body, max_depth=quirks.max_depth)
        message = parse_message(root, action.method)
        outputs = method(_identify(store, quirks, headers, action, message))
        return Answer(200, write_response(action, outputs))
    except SessionRefusedError as refused:
        return _refuse(quirks, action, refused.text)
    except CampaignFault as fault:
        return Answer(quirks.fault_status, write_fault(action, fault))
    except Exception:  # noqa: BLE001 - one bad call must not look like a dead server
        # A defect of the sandbox: told apart in its log, but to a client only a fault.
        _log.exception("SOAP call failed")
        return Answer(
            quirks.fault_status, write_fault(action, CampaignFault("XSV-350000 Internal error."))
        )


def _refuse(quirks: Quirks, action: Action | None, text: str) -> Answer:
    if "XSV-350008" not in text:
        return Answer(403, text, "text/plain")
    if quirks.expired_as == "fault":
        return Answer(quirks.fault_status, write_fault(action, CampaignFault("", summary=text)))
    return Answer(quirks.expired_status, text, "text/plain")


def _find_method(action: Action, quirks: Quirks) -> Method:
    service = SERVICES.get(action.service)
    catalog = catalog_of(quirks)
    if service is None:
        if catalog.find(action.service) is None:
            raise bad_call(f"SOP-330005 The service '{action.service[:80]}' is not implemented.")
        service = {}
    method = service.get(action.method)
    if method is None:
        raise bad_call(
            f"SOP-330006 The method '{action.method[:80]}' is not defined in SOAP service '{action.service}'."
        )
    if action.schema_id and catalog.find(action.schema_id) is None:
        raise unknown_schema(action.schema_id[:80])
    return method


def _identify(
    store: "Store", quirks: Quirks, headers: Mapping[str, str], action: Action, message: Message
) -> Call:
    now = store.now()
    credentials = _credentials(headers, message.credential, message.header)
    operator = None
    if (action.service, action.method) not in ANONYMOUS:
        with store.read() as conn:
            operator = authenticate(conn, credentials, now, quirks)
    return Call(store, quirks, action, message, credentials, operator, now)


def _credentials(
    headers: Mapping[str, str], body_token: str, block: Mapping[str, str]
) -> Credentials:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return Credentials(
        body_token=body_token,
        session_cookie=session_cookie(headers.get("cookie") or block.get("cookie", "")),
        security_token=headers.get("x-security-token") or block.get("x-security-token", ""),
        bearer=bearer.strip() if scheme.lower() == "bearer" else None,
    )


async def _read_body(request: Request, limit: int) -> bytes | None:
    """Read the whole body, keeping no more than `limit`; None when it is larger."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
    return b"".join(chunks) if size <= limit else None
