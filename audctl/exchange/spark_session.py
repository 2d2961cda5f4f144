"""A Spark session for one exchange, and its failures in words that quote nobody."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
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


@contextmanager
def open_session(
    master: str, memory_bytes: int, threads: int, folder: Path
) -> Iterator[SparkSession]:
    """Give the session that runs already, else a new one, which ends with the block."""
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
        yield running
        return
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
    with _own_interrupts():
        with quietly():
            session = builder.getOrCreate()
            session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Put back what Ctrl-C does: Spark has it cancel its jobs, and leaves that behind when it has none any more."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if (
            threading.current_thread() is threading.main_thread()
        ):  # Spark changes it nowhere else either
            signal.signal(signal.SIGINT, before)
