"""Look at one file, or at one result, without a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.exchange.inspection import inspect_path
from audctl.operations.exchange.places import open_engine

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.exchange.ports import Told
    from audctl.model.exchange import Inspection
    from audctl.operations.exchange.options import EngineOptions


def exchange_inspect(path: Path, options: EngineOptions, told: Told) -> Inspection:
    """Return what a file is; raise FindingsError when it is not there."""
    with open_engine(options, None) as engine:
        return inspect_path(path, engine, told)
