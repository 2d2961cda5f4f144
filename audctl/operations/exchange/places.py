"""What an engine may use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from audctl.exchange.s3_store import SCHEME
from audctl.operations.exchange.options import EngineKind

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from audctl.exchange.ports import Engine
    from audctl.operations.exchange.options import EngineOptions

_LEAST_MEMORY = 512 * 1024 * 1024
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


def open_engine(options: EngineOptions, out: str | None) -> AbstractContextManager[Engine]:
    """Return the engine, to be opened; ``out``: where the result goes, beside which there is room to spill."""
    memory_bytes = options.memory_bytes or default_memory()
    threads = options.threads or len(os.sched_getaffinity(0))
    beside = None if out is None or out.startswith(SCHEME) else Path(out).parent
    spool = options.spill or (beside if beside is not None and beside.is_dir() else None)
    if options.kind is EngineKind.SPARK:
        from audctl.exchange.spark_engine import open_spark  # noqa: PLC0415 - an extra

        return open_spark(
            master=options.master, memory_bytes=memory_bytes, threads=threads, spool=spool
        )
    from audctl.exchange.duckdb_engine import open_duckdb  # noqa: PLC0415 - slow to import

    return open_duckdb(memory_bytes=memory_bytes, threads=threads, spool=spool)


def default_memory() -> int:
    """Return half of the memory there is, in bytes: that of the container, where it is in one."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(_CONTAINER_LIMIT.read_text())
    except (OSError, ValueError):  # no such thing, or "max"
        limit = there
    return max(min(there, limit) // 2, _LEAST_MEMORY)
