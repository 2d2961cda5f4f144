"""What the exchange needs from outside, as protocols."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from audctl.model.exchange import WrittenFile


class Told(Protocol):
    """Told how far the work has come; must never raise and never block for long. May be called from any thread."""

    def advanced(self, work: str, rows: int, share: float | None) -> None:
        """Hear how many rows a piece of work has done, and how much of it that is; None: nobody can tell."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a store."""

    path: str
    """Key, or path below the store's root, with ``/``."""
    size: int
    """Bytes, as stored."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class FileStore(Protocol):
    """A folder, or objects below a prefix."""

    def list(self) -> Sequence[StoredFile]:
        """Return every file, at any depth, sorted by path."""
        ...

    def open(self, file: StoredFile) -> AbstractContextManager[BinaryIO]:
        """Open a file to be read from front to back; errors name the file."""
        ...

    def describe(self) -> str:
        """Say where that is, for messages."""
        ...


class TableForm(StrEnum):
    """How a table lies in files."""

    PARQUET = "parquet"
    CSV = "csv"
    DUCKDB = "duckdb"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """A table in local files, of which all have the same columns."""

    form: TableForm
    paths: tuple[Path, ...]
    table: str = ""
    """Name of the table in a DuckDB file; empty elsewhere."""
    is_own: bool = False
    """CSV that audctl has written: commas, double quotes around values. Any other has a dialect to be found out."""
    is_hashed: bool = False
    """Whether declared ids in it are hashed already."""


class TableSource(Protocol):
    """Where a table comes from."""

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:
        """Bring the table to local files; those it writes lie below ``spool``, which is the caller's to remove.

        ``wanted`` names the roles (:mod:`audctl.exchange.tables`) that will be read: other columns need not come along.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFile:
    """One file of lines, with what is known of it beforehand."""

    file: StoredFile
    is_gzip: bool
    lines: int | None = None
    """As the control file says; None: nobody says."""
    md5: str | None = None
    """Of the bytes as stored, in hex; None: nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineBatch:
    """Files whose lines bear one number."""

    number: int
    files: tuple[LineFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTarget:
    """Where the rows of a query go: one file, or parts of it."""

    name: Callable[[int], str]
    """Name of each part, counted from 0. Only the first is asked for where rows are not split."""
    content: str
    """For the result's manifest."""
    form: str
    """``parquet``, ``csv`` (with a header) or ``lines`` (one column, as it is)."""
    is_gzip: bool = False
    split_bytes: int | None = None
    """Uncompressed bytes after which a part ends, at the end of a line; None: one part. Only for lines."""
    is_optional: bool = False
    """Whether no rows make no file: an empty inbound file is invalid. Only for lines."""


class Engine(Protocol):
    """Runs statements over tables that may be larger than memory.

    Statements are those of DuckDB and of every engine that SQLGlot can put them into. Each table may be made once.
    """

    def create(self, name: str, select: str) -> None:
        """Make a table of what a query gives."""
        ...

    def create_numbered(self, name: str, select: str, key: str) -> None:
        """Make a table of what a query gives, with a further column ``number`` that stands for the rows' ``key``.

        The key is unique; its number, which need not be one, is as well, is the same whenever the table is read, and
        is never dearer to group and join by.
        """
        ...

    def drop(self, name: str) -> None:
        """Let a table go that no query needs any more: memory is bounded."""
        ...

    def define(self, name: str, select: str) -> None:
        """Give a query a name, without running it."""
        ...

    def read_lines(
        self, name: str, select: str, batches: Sequence[LineBatch], store: FileStore, told: Told
    ) -> Mapping[int, int]:
        """Make a table of what a query gives over ``line_in (batch, line)``: every line of every file.

        A line that is no text, or longer than any real one, comes as ``!``, an empty one as empty text. Returns the
        lines of each batch, counted while reading. Raises FindingsError when a file is not what its name or its
        control file says.
        """
        ...

    def columns(self, table: TableFile) -> Mapping[str, bool]:
        """Return the names of a table's columns, in their order, and whether each holds integers."""
        ...

    def read_table(
        self,
        name: str,
        table: TableFile,
        columns: Mapping[str, str],
        integers: Collection[str] = (),
    ) -> None:
        """Make the relation ``name`` of a table, with each of these columns, named by its key, under its value.

        Columns named in ``integers`` hold integers and stay such; all others come as text, untrimmed, an empty text as
        null.
        """
        ...

    def fetch(self, select: str) -> list[tuple[object, ...]]:
        """Return the rows of a query that gives few."""
        ...

    def write(self, select: str, target: RowTarget, folder: Path) -> tuple[WrittenFile, ...]:
        """Write the rows of a query, in its order, to new files in ``folder``."""
        ...

    def spool(self) -> Path:
        """Return a folder for files of the job's own, which goes when the engine is closed."""
        ...
