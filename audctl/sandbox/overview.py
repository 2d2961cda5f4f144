"""What the sandbox holds and has been asked, over HTTP: a page for people at `/`, JSON at `/_sandbox/status`."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from audctl.sandbox.calls import CallLog
from audctl.sandbox.contents import SHOWN_ROWS, Contents, read_contents
from audctl.sandbox.faults import Faults
from audctl.sandbox.page import HEADERS, SHOWN_CALLS, PageView, render
from audctl.sandbox.store import Store


def routes(store: Store, faults: Faults, calls: CallLog) -> list[Route]:
    """List both endpoints."""

    async def page(_request: Request) -> Response:
        view = PageView(
            now=store.now(),
            contents=await run_in_threadpool(_read, store, SHOWN_ROWS),
            routes=calls.by_route,
            calls=calls.last(SHOWN_CALLS),
            total_calls=calls.total,
            faults=faults.as_json(),
        )
        return HTMLResponse(render(view), headers=dict(HEADERS))

    async def status(_request: Request) -> Response:
        contents = await run_in_threadpool(_read, store, 0)
        systems = {
            "audienceManager": contents.audience_manager,
            "campaign": contents.campaign,
        }
        return JSONResponse(
            {
                "now": store.now().isoformat(),
                "people": contents.people,
                "objects": {
                    system: {kind.title: kind.count for kind in kinds}
                    for system, kinds in systems.items()
                },
                "calls": {"total": calls.total, "byStatus": calls.by_status},
                "faults": len(faults.rules),
            }
        )

    return [
        Route("/", page, methods=["GET"]),
        Route("/_sandbox/status", status, methods=["GET"]),
    ]


def _read(store: Store, rows: int) -> Contents:
    with store.read() as conn:
        return read_contents(conn, rows)
