"""What an engine may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from audctl.exchange.duckdb_engine import DuckDbEngine
    from audctl.operations.exchange.options import EngineOptions

_LEAST_MEMORY = 512 * 1024 * 1024
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def open_engine(options: EngineOptions, out: Path | None) -> AbstractContextManager[DuckDbEngine]:
    """Return the engine, to be opened."""
    from audctl.exchange.duckdb_engine import open_duckdb  # noqa: PLC0415 - slow to import

    return open_duckdb(
        memory_bytes=options.memory_bytes or default_memory(),
        threads=options.threads or len(os.sched_getaffinity(0)),
        spool=options.spill or (out.parent if out is not None and out.parent.is_dir() else None),
    )


def default_memory() -> int:
    """Return half of the memory there is, in bytes: that of the container, where it is in one."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(_CONTAINER_LIMIT.read_text())
    except (OSError, ValueError):  # no such thing, or "max"
        limit = there
    return max(min(there, limit) // 2, _LEAST_MEMORY)
