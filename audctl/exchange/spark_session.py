"""A Spark session for one exchange, and its failures in words that quote nobody."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from audctl.exchange.faults import fault
from audctl.exchange.inexact import find_inexact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

LOCAL: Final = re.compile(r"local(\[.*\])?")


@contextmanager
def quietly() -> Iterator[None]:
    """Say of a failure only of what kind it is: Spark's own words may quote values."""
    from py4j.protocol import (  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra
        Py4JError,
    )
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra

    try:
        yield
    except (PySparkException, Py4JError) as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise find_inexact(str(error)) or fault(
            "AUD2713", f"Spark cannot go on: {condition}", "see the log of the driver"
        ) from error


def open_session(
    master: str, memory_bytes: int, threads: int, folder: Path
) -> tuple[SparkSession, bool]:
    """Return the session that runs already, else a new one; and whether it is new, so that it is ours to end."""
    try:
        import sqlglot  # noqa: F401, PLC0415 - an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError:
        raise fault(
            "AUD2735",
            "the Spark engine needs PySpark and SQLGlot, which are not installed",
            "pip install 'audctl[spark]'",
        ) from None
    running = SparkSession.getActiveSession()
    if running is not None:
        return running, False
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings: dict[str, Any] = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.enabled": "true",
        "spark.sql.adaptive.skewJoin.enabled": "true",
        "spark.sql.adaptive.coalescePartitions.enabled": "true",
        "spark.sql.caseSensitive": "true",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    if LOCAL.fullmatch(master):
        settings |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": f"{max(memory_bytes >> 20, 512)}m",
            "spark.local.dir": str(folder / "spill"),
            "spark.sql.shuffle.partitions": str(max(4, 2 * threads)),
        }
    builder = SparkSession.builder.appName("audctl exchange").master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    with quietly():
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
    return session, True
