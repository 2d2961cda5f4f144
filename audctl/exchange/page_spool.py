"""Rows that arrive page by page, kept in a file with a cursor: a reading that was cut goes on where it stopped.

Beside ``NAME.csv`` lies ``NAME.cursor``: what is read, behind which key to go on, and up to which byte the file is
whole. A page is on the disk before the cursor says so; what a crash left behind the last whole page is cut off. Rows
are ids of people: the files are the owner's alone.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from audctl.exchange.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import ExitStack
    from pathlib import Path
    from typing import BinaryIO

    from audctl.model.people import PeoplePage

MAX_AGE: Final = timedelta(hours=12)
"""Older rows are not joined with new ones: all are read again."""
_FORMAT: Final = 1
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a reading has come."""

    format: int = _FORMAT
    what: str
    """Which rows, of which system: a file that holds others is not gone on with."""
    begun: str
    """When the reading began, ISO 8601."""
    last: int | None = None
    """Key behind which it goes on; None: at the beginning."""
    size: int = 0
    """Bytes of the file that are whole."""
    rows: int = 0
    done: bool = False


class PageSpool:
    """One table's file and its cursor."""

    def __init__(self, folder: Path, name: str, *, what: str, header: Sequence[str]) -> None:
        self.path = folder / f"{name}.csv"
        self._cursor_path = folder / f"{name}.cursor"
        self._what = json.dumps([what, list(header)])
        self._header = header

    def fill(
        self,
        pages: Callable[[int | None], Iterable[PeoplePage]],
        *,
        now: datetime,
        told: Callable[[int], None] = lambda _rows: None,
        hold: ExitStack | None = None,
    ) -> int:
        """Bring the file to its end and return its rows; ``pages`` gives those behind a key.

        Raises a FindingsError when another process is at it. With ``hold``, none can be before that is closed: it would
        write other rows into a file from which these are still read.
        """
        with self._opened() as file:
            cursor = self._begin(file, now)
            if not cursor.done:
                for page in pages(cursor.last):
                    cursor = self._append(file, cursor, page)
                    told(cursor.rows)
                self._keep(replace(cursor, done=True))
            told(cursor.rows)
            if hold is not None:
                hold.callback(
                    os.close, os.dup(file.fileno())
                )  # a lock lasts as long as any descriptor of it
            return cursor.rows

    def drop(self) -> None:
        """Remove the file and its cursor."""
        self._cursor_path.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _OWNER_ONLY)
        with os.fdopen(descriptor, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise fault(
                    "AUD2731",
                    f"{self.path.name} is being read by another exchange",
                    "wait for it to end, or give this one another folder with exchange.work of the environment",
                ) from None
            os.fchmod(descriptor, _OWNER_ONLY)
            yield file

    def _begin(self, file: BinaryIO, now: datetime) -> Cursor:
        """Cut the file to what is whole, or start it anew."""
        cursor = self._kept()
        if (
            cursor is not None
            and cursor.what == self._what
            and timedelta(0) <= now - datetime.fromisoformat(cursor.begun) <= MAX_AGE
            and cursor.size <= os.fstat(file.fileno()).st_size
        ):
            file.truncate(cursor.size)
            file.seek(cursor.size)
            return cursor
        file.truncate(0)
        file.seek(0)
        return self._write(file, Cursor(what=self._what, begun=now.isoformat()), [self._header])

    def _append(self, file: BinaryIO, cursor: Cursor, page: PeoplePage) -> Cursor:
        advanced = replace(cursor, last=page.last, rows=cursor.rows + len(page.rows))
        return self._write(file, advanced, page.rows)

    def _write(self, file: BinaryIO, cursor: Cursor, rows: Iterable[Sequence[str]]) -> Cursor:
        text = io.StringIO()
        # All are quoted: a lone carriage return would not be, and would read as the end of a row.
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
        file.write(text.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())
        cursor = replace(cursor, size=file.tell())
        self._keep(cursor)
        return cursor

    def _keep(self, cursor: Cursor) -> None:
        fresh = self._cursor_path.with_suffix(".cursor.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(cursor), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._cursor_path)

    def _kept(self) -> Cursor | None:
        """Return the cursor; None when there is none, or none that this version has written."""
        with suppress(OSError, ValueError, TypeError):
            found = Cursor(**json.loads(self._cursor_path.read_text(encoding="utf-8")))
            if found.format == _FORMAT and datetime.fromisoformat(found.begun).tzinfo is not None:
                return found
        return None
