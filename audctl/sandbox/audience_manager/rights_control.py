"""The sandbox's own control of group rights: `/_sandbox/rights`.

The live system has an interface for groups; its calls are not part of this stand-in.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.kinds import (
    DATA_SOURCE,
    DERIVED_SIGNAL,
    DESTINATION,
    MODEL,
    SEGMENT,
    TRAIT,
    Kind,
)

if (
    TYPE_CHECKING
):  # the store creates this package's tables, so it is the one that imports at run time
    from audctl.sandbox.store import Store

_KINDS: Mapping[str, Kind] = {
    "datasources": DATA_SOURCE,
    "traits": TRAIT,
    "segments": SEGMENT,
    "destinations": DESTINATION,
}
_DATA_SOURCE_RIGHTS = frozenset((*TRAIT.rights, *SEGMENT.rights))
"""Those on a data source reach what is in it."""
_ALSO_KNOWN = frozenset({"CREATE_ALL_ALGO_TRAITS", "VIEW_TAGS", "VIEW_ALL_SIGNALS"})
WILDCARDS = (
    frozenset(
        right
        for kind in (TRAIT, SEGMENT, DESTINATION, DERIVED_SIGNAL, MODEL)
        for right in kind.rights.values()
        if right.isupper()
    )
    | _ALSO_KNOWN
)


class _RightsError(ValueError):
    """A document that is no description of rights."""


def routes(store: "Store") -> list[Route]:
    """List the control's endpoint."""

    async def serve(request: Request) -> Response:
        try:
            document = json.loads(await request.body()) if request.method == "PUT" else None
            return JSONResponse(await run_in_threadpool(_serve, store, document))
        except (ValueError, RecursionError) as error:
            return JSONResponse({"message": str(error)}, status_code=400)

    return [Route("/_sandbox/rights", serve, methods=["GET", "PUT"])]


def _serve(store: "Store", document: object) -> dict[str, object]:
    with store.write() as conn:
        group_id = rights.RESTRICTED_GROUP_ID
        if document is not None:
            wildcards, objects = _read(document)
            rights.set_wildcards(conn, group_id, wildcards)
            conn.execute("DELETE FROM aam_group_right WHERE group_id = ?", (group_id,))
            for kind, object_id, permissions in objects:
                rights.grant(conn, group_id, kind, object_id, permissions)
        names = {kind.noun: name for name, kind in _KINDS.items()}
        granted: dict[tuple[str, int], list[str]] = {}
        for row in conn.execute(
            "SELECT kind, object_id, permission FROM aam_group_right WHERE group_id = ?"
            " ORDER BY kind, object_id, permission",
            (group_id,),
        ):
            key = names.get(row["kind"], row["kind"]), row["object_id"]
            granted.setdefault(key, []).append(row["permission"])
        found = conn.execute(
            "SELECT wildcard FROM aam_group_wildcard WHERE group_id = ? ORDER BY 1", (group_id,)
        )
        return {
            "group": group_id,
            "wildcards": [row["wildcard"] for row in found],
            "objects": [
                {"kind": kind, "id": object_id, "rights": permissions}
                for (kind, object_id), permissions in granted.items()
            ],
        }


def _read(document: object) -> tuple[list[str], list[tuple[Kind, int, list[str]]]]:
    if not isinstance(document, dict) or not set(document) <= {"wildcards", "objects", "group"}:
        raise _RightsError('expected {"wildcards": [...], "objects": [...]}')
    wildcards, objects = document.get("wildcards", []), document.get("objects", [])
    if not isinstance(wildcards, list) or not isinstance(objects, list):
        raise _RightsError("wildcards and objects are lists")
    for wildcard in wildcards:
        if not isinstance(wildcard, str) or wildcard not in WILDCARDS:
            raise _RightsError(
                f"unknown wildcard {wildcard!r}; known: {', '.join(sorted(WILDCARDS))}"
            )
    return wildcards, [_read_object(item) for item in objects]


def _read_object(item: object) -> tuple[Kind, int, list[str]]:
    if not isinstance(item, dict) or set(item) != {"kind", "id", "rights"}:
        raise _RightsError('an object is {"kind": ..., "id": ..., "rights": [...]}')
    kind = _KINDS.get(item["kind"]) if isinstance(item["kind"], str) else None
    object_id, permissions = item["id"], item["rights"]
    if kind is None:
        raise _RightsError(f"kind must be one of {', '.join(_KINDS)}")
    if not isinstance(object_id, int) or isinstance(object_id, bool):
        raise _RightsError("id must be a number")
    known = _DATA_SOURCE_RIGHTS if kind is DATA_SOURCE else frozenset(kind.rights)
    if not isinstance(permissions, list) or not all(
        isinstance(each, str) and each in known for each in permissions
    ):
        raise _RightsError(f"rights must be of {', '.join(sorted(known))}")
    return kind, object_id, permissions
