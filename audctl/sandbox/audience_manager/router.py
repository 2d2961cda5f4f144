"""Paths of the Audience Manager stand-in, made from the table of operations; their description as OpenAPI."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audctl.sandbox.audience_manager import (
    account,
    bulk_delete,
    data_sources,
    derived_signals,
    destinations,
    estimates,
    folders,
    histories,
    mappings,
    partner_sites,
    rights_control,
    segments,
    taxonomy,
    traits,
)
from audctl.sandbox.audience_manager.call import Population
from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.dispatch import endpoint
from audctl.sandbox.audience_manager.openapi import describe
from audctl.sandbox.audience_manager.operation import Operation

if (
    TYPE_CHECKING
):  # the store creates this package's tables, so it is the one that imports at run time
    from audctl.sandbox.store import Store

PREFIX = "/v1"


def operations(choices: Choices) -> tuple[Operation, ...]:
    """List every operation; of paths that could match one call, the fixed ones come first."""
    status = choices.put_status
    listed = (
        *account.OPERATIONS,
        *taxonomy.OPERATIONS,
        *bulk_delete.OPERATIONS,
        *estimates.OPERATIONS,
        *data_sources.operations(status),
        *histories.OPERATIONS,
        *traits.operations(status),
        *segments.operations(status),
        *folders.operations(status),
        *destinations.operations(status),
        *mappings.operations(status),
        *derived_signals.operations(status),
        *partner_sites.OPERATIONS,
    )
    return tuple(sorted(listed, key=lambda operation: operation.path.replace("{", "~")))


def routes(
    store: "Store", choices: Choices, population: Population = estimates.stored_population
) -> list[Route]:
    """List the routes: the API, its description, and the control of group rights."""
    listed = operations(choices)
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in listed:
        by_path.setdefault(operation.path, {})[operation.method] = operation

    async def publish(_request: Request) -> Response:
        return JSONResponse(describe(listed, PREFIX))

    return [
        *(
            Route(
                f"{PREFIX}{path}",
                endpoint(store, choices, population, found),
                methods=list(found),
            )
            for path, found in by_path.items()
        ),
        Route("/_sandbox/openapi.json", publish, methods=["GET"]),
        *rights_control.routes(store),
    ]
