"""Deleting many objects in one call: `POST /<kind>/bulk-delete`, all or none, one detail for each refused id."""

from collections.abc import Callable, Mapping
from functools import partial

from audctl.sandbox.audience_manager import data_sources, destinations, rights, segments, traits
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid
from audctl.sandbox.audience_manager.fields import read_number
from audctl.sandbox.audience_manager.kinds import (
    DATA_SOURCE,
    DESTINATION,
    MODEL,
    SEGMENT,
    TRAIT,
    Kind,
)
from audctl.sandbox.audience_manager.operation import Operation
from audctl.sandbox.audience_manager.records import Record, find, remove
from audctl.sandbox.audience_manager.shapes import IDS

Deleter = Callable[[Call, Record], None]


def bulk_delete(call: Call, kind: Kind, delete_record: Deleter) -> Answer:
    """Handle the call for one kind."""
    if not isinstance(call.body, list):
        raise invalid("the body must be a list of ids")
    refusals: list[str] = []
    missing_right: ApiError | None = None
    for member in call.body:
        object_id = read_number(member)
        record = None if object_id is None else find(call.conn, kind, object_id)
        if record is None:
            refusals.append(f"{kind.noun} {as_json(member)} does not exist")
            continue
        try:
            delete_record(call, record)
        except ApiError as error:
            refusals.append(error.message)
            missing_right = error if error.status == 403 else missing_right  # noqa: PLR2004
    if missing_right is not None and not call.caller.admin:
        raise missing_right
    if refusals:
        raise conflict(
            "BULK_DELETE_REFUSED",
            "nothing was deleted",
            *refusals,
            status=call.choices.bulk_delete_status,
        )
    if kind is TRAIT and call.choices.trait_bulk_delete_errs_after_work:
        body = {"code": "INTERNAL_ERROR", "message": "the traits were deleted all the same"}
        return Answer(500, as_json(body))
    return Answer(204)


def delete_model(call: Call, record: Record) -> None:
    """Delete a model; refuses while traits are made from it."""
    rights.require(call, MODEL, "DELETE", record)
    rows = call.conn.execute(
        "SELECT id, name FROM aam_trait WHERE trait_type = 'ALGO_TRAIT'"
        " AND document ->> '$.algoModelId' = ? ORDER BY id LIMIT 5",
        (record.id,),
    ).fetchall()
    if rows:
        raise conflict(
            "CANNOT_DELETE_ENTITY_WITH_MAPPINGS",
            f"model {record.id} is in use",
            *(f"trait {row['id']} {row['name']} uses it" for row in rows),
            status=call.choices.in_use_status,
        )
    remove(call.conn, MODEL, record.id)


_DELETERS: Mapping[str, tuple[Kind, Deleter]] = {
    "datasources": (DATA_SOURCE, data_sources.delete_record),
    "traits": (TRAIT, traits.delete_record),
    "segments": (SEGMENT, segments.delete_record),
    "destinations": (DESTINATION, destinations.delete_record),
    "models": (MODEL, delete_model),
}
OPERATIONS = tuple(
    Operation(
        "POST",
        f"/{path}/bulk-delete",
        partial(bulk_delete, kind=kind, delete_record=delete_record),
        f"Delete {path}, all or none",
        body=IDS,
        status=204,
    )
    for path, (kind, delete_record) in _DELETERS.items()
)
