"""Paths of the Audience Manager stand-in and the handlers behind them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.routing import Route

from audctl.sandbox.audience_manager import (
    account,
    data_sources,
    destinations,
    folders,
    mappings,
    segments,
    traits,
)
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.dispatch import Answer, Call, Handler, endpoint
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid
from audctl.sandbox.audience_manager.fields import read_number
from audctl.sandbox.audience_manager.kinds import (
    DATA_SOURCE,
    DESTINATION,
    SEGMENT,
    SEGMENT_FOLDER,
    TRAIT,
    TRAIT_FOLDER,
)
from audctl.sandbox.audience_manager.records import Kind, Record, find

if (
    TYPE_CHECKING
):  # the store creates this package's tables, so it is the one that imports at run time
    from audctl.sandbox.store import Store

Paths = Mapping[str, Mapping[str, Handler]]


def routes(store: "Store", choices: Choices) -> list[Route]:
    """List the routes, fixed paths before those with parameters."""
    return [
        Route(f"/v1{path}", endpoint(store, choices, handlers), methods=list(handlers))
        for path, handlers in _paths().items()
    ]


def _paths() -> Paths:
    return {
        "/users/self": {"GET": account.read_self},
        "/customer-trait-types": {"GET": account.list_trait_types},
        "/datasources": {"GET": data_sources.list_all, "POST": data_sources.create},
        "/datasources/bulk-delete": {"POST": _bulk_delete(DATA_SOURCE, data_sources.delete_record)},
        "/datasources/configurations/available-id-types": {"GET": data_sources.list_id_types},
        "/datasources/{data_source}": {
            "GET": data_sources.read_one,
            "PUT": data_sources.replace,
            "DELETE": data_sources.delete,
        },
        "/traits": {"GET": traits.list_all, "POST": traits.create},
        "/traits/limits": {"GET": account.limits_of(TRAIT)},
        "/traits/validate": {"POST": traits.validate},
        "/traits/bulk-delete": {"POST": _bulk_delete(TRAIT, traits.delete_record)},
        "/traits/{trait}": {
            "GET": traits.read_one,
            "PUT": traits.replace,
            "DELETE": traits.delete,
        },
        "/segments": {"GET": segments.list_all, "POST": segments.create},
        "/segments/limits": {"GET": account.limits_of(SEGMENT)},
        "/segments/validate": {"POST": segments.validate},
        "/segments/bulk-delete": {"POST": _bulk_delete(SEGMENT, segments.delete_record)},
        "/segments/{segment}": {
            "GET": segments.read_one,
            "PUT": segments.replace,
            "DELETE": segments.delete,
        },
        **_folder_paths("/folders/traits", TRAIT_FOLDER),
        **_folder_paths("/folders/segments", SEGMENT_FOLDER),
        "/destinations": {"GET": destinations.list_all, "POST": destinations.create},
        "/destinations/limits": {"GET": account.limits_of(DESTINATION)},
        "/destinations/bulk-delete": {
            "POST": _bulk_delete(DESTINATION, destinations.delete_record)
        },
        "/destinations/mappings/{mapping}": {"PUT": mappings.replace},
        "/destinations/{destination}": {
            "GET": destinations.read_one,
            "PUT": destinations.replace,
            "DELETE": destinations.delete,
        },
        "/destinations/{destination}/mappings": {
            "GET": mappings.list_all,
            "POST": mappings.create,
        },
        "/destinations/{destination}/bulk-create": {"POST": mappings.create_many},
        "/destinations/{destination}/mappings/{mapping}": {
            "GET": mappings.read_one,
            "PUT": mappings.replace,
            "DELETE": mappings.delete,
        },
        "/destinations/{destination}/segments/{mapping}": {"DELETE": mappings.delete},
    }


def _folder_paths(prefix: str, kind: Kind) -> Paths:
    return {f"{prefix}{suffix}": handlers for suffix, handlers in folders.handlers(kind).items()}


def _bulk_delete(kind: Kind, delete_record: Callable[[Call, Record], None]) -> Handler:
    """Make the handler of POST /<kind>/bulk-delete: all or none, one detail per refused id."""

    def bulk_delete(call: Call) -> Answer:
        if not isinstance(call.body, list):
            raise invalid("the body must be a list of ids")
        refusals: list[str] = []
        for member in call.body:
            object_id = read_number(member)
            record = None if object_id is None else find(call.conn, kind, object_id)
            if record is None:
                refusals.append(f"{kind.noun} {member!r} does not exist")
                continue
            try:
                delete_record(call, record)
            except ApiError as error:
                refusals.append(error.message)
        if refusals:
            raise conflict("BULK_DELETE_REFUSED", "nothing was deleted", *refusals)
        return Answer(204)

    return bulk_delete
