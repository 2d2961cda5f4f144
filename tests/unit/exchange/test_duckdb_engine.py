"""What goes wrong inside the engine, or under it, in words that quote nobody."""

from __future__ import annotations

import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.duckdb_engine import DuckDbEngine, open_duckdb
from audctl.exchange.ports import RowTarget
from tests.exchange import MEMORY, csv_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDbEngine]:
    with open_duckdb(memory_bytes=MEMORY, threads=1, spool=tmp_path) as opened:
        yield opened


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_ctrl_c_in_the_middle_of_a_statement_is_an_interruption(engine: DuckDbEngine) -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            engine.fetch("SELECT sum(hash(a.range) % 7) FROM range(10000000) AS a, range(100000)")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_failure_that_comes_with_the_rows_quotes_none(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    rows: list[list[object]] = [[number, number] for number in range(300_000)]
    table = csv_table(tmp_path / "t.csv", ("id", "account"), [*rows, ["SOMEONE", 2, 3]])
    engine.read_table("t", table.file, {"id": "id", "account": "account"})
    with pytest.raises(FindingsError) as caught:
        engine.fetch("SELECT * FROM t")
    (finding,) = caught.value.findings
    assert finding.code == "AUD2713"
    assert "SOMEONE" not in f"{finding.message} {finding.hint}"


def test_a_full_disk_is_told_with_the_file_that_does_not_fit(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    target = RowTarget(name=lambda _: "members.csv", content="members", form="csv")
    with files_up_to(1000), pytest.raises(FindingsError) as caught:
        engine.write("SELECT range FROM range(300000)", target, tmp_path)
    (finding,) = caught.value.findings
    assert (finding.code, "members.csv cannot be written" in finding.message) == ("AUD2705", True)
