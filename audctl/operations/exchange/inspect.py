"""Look at one file, or at one result; a project is needed only for how a bucket is reached, if at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.exchange.inspection import inspect_objects, inspect_path
from audctl.exchange.s3_store import SCHEME, S3Access, parse_s3
from audctl.operations.exchange.places import open_engine

if TYPE_CHECKING:
    from audctl.exchange.ports import Told
    from audctl.model.exchange import Inspection
    from audctl.operations.context import Context
    from audctl.operations.exchange.options import EngineOptions


def exchange_inspect(
    context: Context, place: str, options: EngineOptions, told: Told
) -> Inspection:
    """Return what a file or an object is; raise FindingsError when it is not there."""
    with open_engine(options, None) as engine:
        if place.startswith(SCHEME):
            return inspect_objects(parse_s3(place, _access(context)), engine, told)
        return inspect_path(Path(place), engine, told)


def _access(context: Context) -> S3Access:
    """Return how buckets are reached: as the project says, or outside of one as AWS's own tools do."""
    from audctl.manifest.discover import find_project  # noqa: PLC0415 - not for files on this machine
    from audctl.manifest.environment import select_environment  # noqa: PLC0415
    from audctl.manifest.project import load_project  # noqa: PLC0415
    from audctl.operations.exchange.sources import access_of  # noqa: PLC0415

    try:
        path = context.project_path or find_project(Path.cwd())
    except FindingsError:
        return S3Access()
    environment = select_environment(
        load_project(path), context.environment, environ=context.environ
    )
    return access_of(environment.exchange.s3)
