"""The default engine: DuckDB on one machine, within a memory limit, spilling to a folder of its own.

Resident memory ends up to an eighth above what DuckDB is allowed, and pipes and packing take some themselves; so it is
given four fifths of the limit.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audctl.exchange.csv_fault import find_csv_fault
from audctl.exchange.faults import fault
from audctl.exchange.inexact import as_text, find_inexact, is_fractional
from audctl.exchange.packed import LONGEST_LINE, SEPARATOR, safe_lines
from audctl.exchange.pipes import create_private, drained, fed
from audctl.exchange.ports import LineBatch, TableForm
from audctl.exchange.sql_text import identifier, literal
from audctl.exchange.work_folder import work_folder
from audctl.model.exchange import WrittenFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from audctl.exchange.ports import FileStore, RowTarget, TableFile, Told

SHARE_OF_LIMIT = 0.8
LEAST_MEMORY = 128 * 1024 * 1024
"""Bytes; with less there is no room for the blocks of a single join."""

_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
)
"""Types whose values all fit into the one that integers are read as."""
_BUFFER = 4 * LONGEST_LINE
"""Bytes that are read at a time. Of a compressed file, threads parse one each; with the usual 32 MB, all of a file's
first buffer is unpacked to find its delimiter out, and most files have too few of them to be shared."""
_INTERRUPTED = "Query interrupted"
"""What DuckDB makes of a KeyboardInterrupt that a signal raises while it works."""
_CONTROL = f"chr({SEPARATOR[0]})"


@contextmanager
def open_duckdb(*, memory_bytes: int, threads: int, spool: Path | None) -> Iterator[DuckDbEngine]:
    """Give an engine; its folder, made in ``spool`` or where temporary files go, is removed at the end."""
    with work_folder(spool) as folder:
        engine = DuckDbEngine(folder, memory_bytes=memory_bytes, threads=threads)
        try:
            yield engine
        finally:
            engine.close()


class DuckDbEngine:
    """Runs the exchange's statements; see :class:`audctl.exchange.ports.Engine`."""

    def __init__(self, folder: Path, *, memory_bytes: int, threads: int) -> None:
        import duckdb  # noqa: PLC0415 - slow to import

        self._folder = folder
        self._threads = threads
        self._pipes = 0
        self._described: dict[TableFile, Mapping[str, str]] = {}
        allowed = max(int(memory_bytes * SHARE_OF_LIMIT), LEAST_MEMORY)
        self._conn: DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{allowed}B",
                "threads": threads,
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )

    def close(self) -> None:
        """Let the tables go."""
        self._conn.close()

    def spool(self) -> Path:
        """Return a folder for files of the job's own."""
        folder = self._folder / "spool"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def create(self, name: str, select: str) -> None:
        """Make a table of what a query gives."""
        self._run(f"CREATE TEMP TABLE {name} AS {select}")

    def create_numbered(self, name: str, select: str, key: str) -> None:
        """Make a table of what a query gives; the place of a row in it is its number."""
        del key
        self.create(f"{name}_rows", select)
        self.define(name, f"SELECT *, rowid AS number FROM {name}_rows")

    def drop(self, name: str) -> None:
        """Let a table go."""
        self._run(f"DROP TABLE {name}")

    def define(self, name: str, select: str) -> None:
        """Give a query a name."""
        self._run(f"CREATE TEMP VIEW {name} AS {select}")

    def fetch(self, select: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with _safely(self._folder):  # some failures come with the rows
            return list(self._conn.execute(select).fetchall())

    def columns(self, table: TableFile) -> Mapping[str, bool]:
        """Return the names of a table's columns, and whether each holds integers."""
        return {name: kind in _INTEGERS for name, kind in self._kinds(table).items()}

    def _kinds(self, table: TableFile) -> Mapping[str, str]:
        if table not in self._described:
            rows = self._run(f"DESCRIBE SELECT * FROM {self._relation(table)}").fetchall()
            self._described[table] = {str(row[0]): str(row[1]) for row in rows}
        return self._described[table]

    def read_table(
        self,
        name: str,
        table: TableFile,
        columns: Mapping[str, str],
        integers: Collection[str] = (),
    ) -> None:
        """Make a relation of some of a table's columns."""
        kinds = {} if table.form is TableForm.CSV else self._kinds(table)

        def text(new: str, column: str) -> str:
            kind = kinds.get(column, "VARCHAR")
            return as_text(identifier(column), kind, table=name, name=new, raising="error")

        wanted = ", ".join(
            f"CAST({identifier(column)} AS BIGINT) AS {identifier(new)}"
            if new in integers
            else f"nullif({text(new, column)}, '') AS {identifier(new)}"
            for new, column in columns.items()
        )
        self.define(name, f"SELECT {wanted} FROM {self._relation(table)}")

    def copy_to_parquet(self, table: TableFile, target: Path) -> None:
        """Copy a table, as text but for fractional numbers, for an engine that reads nothing else as this one does."""
        columns = ", ".join(
            identifier(name)
            if is_fractional(kind)
            else f"CAST({identifier(name)} AS VARCHAR) AS {identifier(name)}"
            for name, kind in self._kinds(table).items()
        )
        self._run(
            f"COPY (SELECT {columns} FROM {self._relation(table)}) TO {literal(str(target))}"
            " (format parquet, compression zstd, use_tmp_file false)"
        )

    def read_lines(
        self, name: str, select: str, batches: Sequence[LineBatch], store: FileStore, told: Told
    ) -> Mapping[int, int]:
        """Make a table over the lines of all files; gives how many lines each batch has."""
        self._run("CREATE TEMP VIEW line_in AS SELECT 0 AS batch, '' AS line WHERE false")
        self.create(name, select)
        total = sum(each.file.size for batch in batches for each in batch.files)
        progress = _Progress(told, total)
        return {
            batch.number: self._read_batch(name, select, batch, store, progress)
            for batch in batches
        }

    def _read_batch(
        self, name: str, select: str, batch: LineBatch, store: FileStore, progress: _Progress
    ) -> int:
        before = progress.lines
        paths = [self._pipe() for _ in range(self._threads)]
        listed = ", ".join(literal(str(each)) for each in paths)
        source = (
            f"read_csv([{listed}], columns = {{'line': 'VARCHAR'}}, header = false, delim = {_CONTROL}, quote = '',"
            " escape = '', comment = '', auto_detect = false, strict_mode = false,"
            f" max_line_size = {2 * LONGEST_LINE}, buffer_size = {_BUFFER})"
        )
        view = f"SELECT {batch.number} AS batch, coalesce(line, '') AS line FROM {source}"
        with fed(paths, safe_lines(batch.files, store, progress.heard)):
            self._run(f"CREATE OR REPLACE TEMP VIEW line_in AS {view}")
            self._run(f"INSERT INTO {name} {select}")
        return progress.lines - before

    def write(self, select: str, target: RowTarget, folder: Path) -> tuple[WrittenFile, ...]:
        """Write the rows of a query to new files."""
        if target.form == "parquet":
            return (self._write_parquet(select, target, folder),)
        pipe = self._pipe()
        form = (
            "header true"
            if target.form == "csv"
            else f"header false, quote '', delimiter {_CONTROL}"
        )
        with drained(pipe, target, folder) as files:
            self._run(
                f"COPY ({select}) TO {literal(str(pipe))} (format csv, use_tmp_file false, {form})"
            )
        return tuple(files)

    def _write_parquet(self, select: str, target: RowTarget, folder: Path) -> WrittenFile:
        path = folder / target.name(0)
        create_private(path).close()
        rows = self._run(
            f"COPY ({select}) TO {literal(str(path))} (format parquet, compression zstd, use_tmp_file false)"
        ).fetchall()[0][0]
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return WrittenFile(
            name=path.name,
            content=target.content,
            rows=int(rows),
            bytes=path.stat().st_size,
            sha256=digest,
        )

    def _pipe(self) -> Path:
        self._pipes += 1
        return self._folder / f"pipe{self._pipes}"

    def _relation(self, table: TableFile) -> str:
        listed = ", ".join(literal(str(each)) for each in table.paths)
        if table.form is TableForm.PARQUET:
            return f"read_parquet([{listed}], union_by_name = true)"
        if table.form is TableForm.CSV:
            # All as text: numbers would lose their leading zeros, and ids of 38 digits their ends.
            # Nothing but the delimiter is guessed: from a beginning without quotes the engine would conclude that there
            # are none, and it would take a broken beginning for something to be skipped.
            delimiter = ", delim = ','" if table.is_own else ""
            options = (
                "header = true, all_varchar = true, nullstr = '', union_by_name = true, skip = 0,"
                f" quote = '\"', escape = '\"', buffer_size = {_BUFFER}{delimiter}"
            )
            return f"read_csv([{listed}], {options})"
        return self._attached(table)

    def _attached(self, table: TableFile) -> str:
        (path,) = table.paths
        alias = "t" + hashlib.sha256(str(path).encode()).hexdigest()[:16]
        self._run(f"ATTACH IF NOT EXISTS {literal(str(path))} AS {alias} (READ_ONLY)")
        return ".".join([alias, *map(identifier, table.table.split("."))])

    def _run(self, statement: str) -> DuckDBPyConnection:
        with _safely(self._folder):
            return self._conn.execute(statement)


@contextmanager
def _safely(folder: Path) -> Iterator[None]:
    """Put the engine's failures into words of ours: its own may quote a value, and people's ids must not get out so."""
    import duckdb  # noqa: PLC0415 - see the constructor

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise fault(
            "AUD2712",
            "the exchange ran out of the memory or the disk it is given",
            "give it more with --memory, or a larger disk with --spill",
        ) from error
    except duckdb.Error as error:
        told = find_inexact(str(error)) or find_csv_fault(str(error), folder)
        raise told or fault(
            "AUD2713",
            f"DuckDB cannot go on: {type(error).__name__}",
            "a table may not be readable to its end: check that it is whole, UTF-8, and quoted as CSV is",
        ) from error
    except RuntimeError as error:
        if str(error) == _INTERRUPTED:
            raise KeyboardInterrupt from error
        raise


class _Progress:
    """Adds up what the threads have read."""

    def __init__(self, told: Told, total: int) -> None:
        self._told = told
        self._total = total
        self._bytes = 0
        self.lines = 0

    def heard(self, size: int, lines: int) -> None:
        self._bytes += size
        self.lines += lines
        share = self._bytes / self._total if self._total else None
        self._told.advanced("reading the audience", self.lines, share)
