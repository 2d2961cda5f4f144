"""The exchange on Spark, for what one machine cannot hold: the same statements, the same answers row for row.

Statements are written once, in DuckDB's words, and SQLGlot puts them into Spark's. Files are unpacked where the
executors are, one task for each, by the very code that feeds the other engine, so that a line is the same line
everywhere. Results come to the driver partition by partition, in order, and are written there.

Skew: what repeats is reduced before it is joined (one row for each id of an audience), and partitions that one id makes
too large are split by adaptive execution.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from audctl.errors import FindingsError
from audctl.exchange.duckdb_engine import open_duckdb
from audctl.exchange.faults import fault
from audctl.exchange.inexact import as_text
from audctl.exchange.packed import safe_lines
from audctl.exchange.pipes import PartWriter, create_private
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.spark_session import open_session, quietly
from audctl.exchange.spark_sql import LOWER, in_spark
from audctl.exchange.tallies import number
from audctl.exchange.work_folder import work_folder
from audctl.model.exchange import WrittenFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from audctl.exchange.ports import FileStore, LineBatch, LineFile, RowTarget, Told

_FAILED, _COUNTED = -1, -2
"""In the place of a batch: the row tells what went wrong with a file, or how many lines one had."""
_INTEGERS: Final = frozenset({"tinyint", "smallint", "int", "bigint"})
_AT_ONCE: Final = 10_000
_PART: Final = 50_000
"""Rows. A part of a result that finds no room in the memory that Spark keeps for results is lost, and its job fails."""
_CONVERTS_IN: Final = 512 * 1024 * 1024
"""Bytes of memory."""


@contextmanager
def open_spark(
    *, master: str, memory_bytes: int, threads: int, spool: Path | None
) -> Iterator[SparkEngine]:
    """Give an engine on a Spark session: the one that runs already, else a new one, which ends with the block.

    ``memory_bytes`` and ``threads`` bound a local session; a cluster has bounds of its own.
    """
    with (
        work_folder(spool) as folder,
        open_session(master, memory_bytes, threads, folder) as session,
    ):
        engine = SparkEngine(session, folder)
        try:
            yield engine
        finally:
            engine.close()


class SparkEngine:
    """Runs the exchange's statements; see :class:`audctl.exchange.ports.Engine`."""

    def __init__(self, session: SparkSession, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._kept: list[DataFrame] = []
        self._names: list[str] = []
        self._converts: dict[TableFile, TableFile] = {}
        with quietly():
            session.sql(LOWER)

    def close(self) -> None:
        """Let the tables go."""
        for each in self._kept:
            each.unpersist()
        for name in self._names:
            self._session.catalog.dropTempView(name)

    def spool(self) -> Path:
        """Return a folder for files of the job's own."""
        folder = self._folder / "spool"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def create(self, name: str, select: str) -> None:
        """Make a table of what a query gives, computed once and kept on disk."""
        from pyspark import StorageLevel  # noqa: PLC0415 - an extra

        frame = self._query(select).persist(StorageLevel.DISK_ONLY)
        self._kept.append(frame)
        self._call(name, frame)

    def create_numbered(self, name: str, select: str, key: str) -> None:
        """Make a table of what a query gives; keys stand for themselves.

        Numbers that Spark gives out depend on the order in which rows come, and differ when a lost part is computed
        again: ids would change hands.
        """
        self.create(name, f"SELECT *, {key} AS number FROM ({select}) AS keyed")

    def drop(self, name: str) -> None:
        """Forget a table's name; its rows stay on disk, since what was made of them may not be computed yet."""
        self._session.catalog.dropTempView(name)

    def define(self, name: str, select: str) -> None:
        """Give a query a name."""
        self._call(name, self._query(select))

    def fetch(self, select: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with quietly():
            return [tuple(row) for row in self._query(select).collect()]

    def columns(self, table: TableFile) -> Mapping[str, bool]:
        """Return the names of a table's columns, and whether each holds integers."""
        with quietly():
            return {name: kind in _INTEGERS for name, kind in self._frame(table).dtypes}

    def read_table(
        self,
        name: str,
        table: TableFile,
        columns: Mapping[str, str],
        integers: Collection[str] = (),
    ) -> None:
        """Make a relation of some of a table's columns."""
        with quietly():
            frame = self._frame(table)
            kinds = dict(frame.dtypes)

            def text(new: str, column: str) -> str:
                quoted, kind = _quoted(column), kinds.get(column, "string")
                words = as_text(quoted, kind, table=name, name=new, raising="raise_error")
                return words.replace("AS VARCHAR", "AS STRING")

            chosen = [
                f"CAST({_quoted(column)} AS BIGINT) AS {_quoted(new)}"
                if new in integers
                else f"nullif({text(new, column)}, '') AS {_quoted(new)}"
                for new, column in columns.items()
            ]
            self._call(name, frame.selectExpr(*chosen))

    def read_lines(
        self, name: str, select: str, batches: Sequence[LineBatch], store: FileStore, told: Told
    ) -> Mapping[int, int]:
        """Make a table over the lines of all files; gives how many lines each batch has."""
        from pyspark import StorageLevel  # noqa: PLC0415 - an extra

        told.advanced("reading the audience", 0, None)
        files = [(batch.number, each) for batch in batches for each in batch.files]
        with quietly():
            tasks = self._session.sparkContext.parallelize(files, max(1, len(files)))
            rows = tasks.flatMap(lambda task: _lines(store, *task))
            read = self._session.createDataFrame(
                rows, "batch int, line string", verifySchema=False
            ).persist(StorageLevel.DISK_ONLY)
            self._kept.append(read)
            notes = read.where("batch < 0").collect()
        counted = {batch.number: 0 for batch in batches}
        for kind, text in notes:
            if kind == _FAILED:
                raise fault(*json.loads(text))
            batch, lines = json.loads(text)
            counted[batch] += lines
        self._call("line_in", read.where("batch >= 0"))
        self.create(name, select)
        told.advanced("reading the audience", sum(counted.values()), 1.0)
        return counted

    def write(self, select: str, target: RowTarget, folder: Path) -> tuple[WrittenFile, ...]:
        """Write the rows of a query to new files."""
        if target.form == "parquet":
            return (self._write_parquet(self._query(select), target, folder),)
        ((rows,),) = self.fetch(f"SELECT count(*) FROM ({select}) AS counted")
        with self._parted(number(rows) // _PART + 1) as parts:
            frame = self._query(select)
            if (
                target.form == "lines"
            ):  # in no order, and in whatever parts what they are made of has
                frame = frame.repartition(parts)
            return self._write_rows(frame, target, folder)

    @contextmanager
    def _parted(self, parts: int) -> Iterator[int]:
        """Let what queries give come in so many parts: each goes to the driver as a whole, and must not be large."""
        conf = self._session.conf
        asked = {
            "spark.sql.shuffle.partitions": str(parts),
            "spark.sql.adaptive.coalescePartitions.enabled": "false",
        }
        before = {name: conf.get(name) for name in asked}
        try:
            for name, value in asked.items():
                conf.set(name, value)
            yield parts
        finally:
            for name, old in before.items():
                if old is not None:
                    conf.set(name, old)

    def _write_rows(
        self, frame: DataFrame, target: RowTarget, folder: Path
    ) -> tuple[WrittenFile, ...]:
        writer = PartWriter(target, folder)
        with quietly():
            if target.form == "csv":
                writer.write(_csv([frame.columns]))
            waiting: list[Sequence[object]] = []
            for row in frame.toLocalIterator(prefetchPartitions=True):
                waiting.append(row)
                if len(waiting) >= _AT_ONCE:
                    writer.write(_text(waiting, target.form))
                    waiting = []
            if waiting:
                writer.write(_text(waiting, target.form))
        writer.close()
        return tuple(writer.files)

    def _write_parquet(self, frame: DataFrame, target: RowTarget, folder: Path) -> WrittenFile:
        parts = self._folder / "parquet"
        with quietly():
            rows = frame.count()
            frame.coalesce(1).write.option("compression", "zstd").parquet(parts.as_uri())
        (part,) = parts.glob("part-*.parquet")
        path = folder / target.name(0)
        with part.open("rb") as source, create_private(path) as copy:
            shutil.copyfileobj(source, copy)
        shutil.rmtree(parts)
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return WrittenFile(
            name=path.name,
            content=target.content,
            rows=rows,
            bytes=path.stat().st_size,
            sha256=digest,
        )

    def _query(self, select: str) -> DataFrame:
        with quietly():
            return self._session.sql(in_spark(select))

    def _call(self, name: str, frame: DataFrame) -> None:
        frame.createOrReplaceTempView(name)
        self._names.append(name)

    def _frame(self, table: TableFile) -> DataFrame:
        if table.form is not TableForm.PARQUET:
            table = self._converted(table)
        paths = [each.absolute().as_uri() for each in table.paths]
        return self._session.read.option("mergeSchema", "true").parquet(*paths)

    def _converted(self, table: TableFile) -> TableFile:
        """Return a table as Parquet, read by the other engine: CSV is written in too many ways for two readers."""
        if table not in self._converts:
            copy = self.spool() / f"table{len(self._converts)}.parquet"
            create_private(copy).close()
            with open_duckdb(memory_bytes=_CONVERTS_IN, threads=2, spool=self._folder) as engine:
                engine.copy_to_parquet(table, copy)
            self._converts[table] = TableFile(form=TableForm.PARQUET, paths=(copy,))
        return self._converts[table]


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _lines(store: FileStore, batch: int, each: LineFile) -> Iterator[tuple[int, str]]:
    """Give the lines of one file, and how many there were; or what is wrong with it, which is no reason to retry."""
    count = 0
    try:
        for block in safe_lines((each,), store, lambda _bytes, _lines: None):
            for line in block.decode().split("\n")[:-1]:
                count += 1
                yield batch, line
    except FindingsError as error:
        finding = error.findings[0]
        yield _FAILED, json.dumps([finding.code, finding.message, finding.hint])
    else:
        yield _COUNTED, json.dumps([batch, count])


def _text(rows: Sequence[Sequence[object]], form: str) -> bytes:
    if form == "csv":
        return _csv(rows)
    return "".join(f"{row[0]}\n" for row in rows).encode()


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
