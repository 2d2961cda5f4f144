"""State of the sandbox: one SQLite file, one writer at a time, a virtual clock.

A data folder belongs to one process. The claim is an exclusive lock on a second, empty SQLite file, which the
operating system drops when the process dies, so a crash never leaves a folder locked.

What is in it is readable for its owner only: manifests under test may carry real names and keys.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audctl.sandbox import audience_manager, campaign, ims, members

_CLOCK_TABLE = """
CREATE TABLE IF NOT EXISTS sandbox_clock (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    offset_us INTEGER NOT NULL
);
INSERT OR IGNORE INTO sandbox_clock VALUES (1, 0);
CREATE TABLE IF NOT EXISTS sandbox_seed (name TEXT PRIMARY KEY);
"""

DATABASE = "sandbox.sqlite"
LOCK = "sandbox.lock"
FOLDER_MODE = 0o700
FILE_MODE = 0o600

_COUNTERS = (("sqlite_sequence", "seq"), ("xtk_counter", "next"))
"""Tables with the numbers to come, by name, and their columns."""
_LOSING: ContextVar[bool] = ContextVar("losing", default=False)


class DataFolderInUseError(Exception):
    """Another sandbox process holds the data folder."""

    def __init__(self, data: Path) -> None:
        super().__init__(
            f"the sandbox data folder {data} is already open in another sandbox: "
            "stop that one or choose another folder"
        )
        self.data = data


class Store:
    """The sandbox's database, shared by every request thread.

    `write` blocks are serialised and commit as a whole or not at all; a nested one in the same thread joins the outer
    transaction. `read` blocks see one consistent snapshot and may run side by side.
    """

    def __init__(self, data: Path) -> None:
        """Open or create the state under `data`.

        Raises DataFolderInUseError when another process, or another Store of this one, has it open.
        """
        make_private(data)
        self.data = data
        """Folder of the state."""
        self._claim = claim_folder(data)
        self._path = _private_file(data / DATABASE)
        self._writing = threading.RLock()
        self._write_depth = 0
        self._readers_lock = threading.Lock()
        self._idle_readers: list[sqlite3.Connection] = []
        self._writer = self._connect()
        self._writer.execute("PRAGMA journal_mode = WAL")
        with self.write() as conn:
            _run_script(conn, _CLOCK_TABLE)
            ims.create_tables(conn)
            audience_manager.create_tables(conn)
            campaign.create_tables(conn)
            members.create_tables(conn)
            (offset_us,) = conn.execute("SELECT offset_us FROM sandbox_clock").fetchone()
        self._offset = timedelta(microseconds=offset_us)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection for one transaction: committed on exit, undone on an exception."""
        with self._writing:
            if self._write_depth:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            self._write_depth = 1
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            else:
                if _LOSING.get():
                    self._lose()
                else:
                    self._writer.execute("COMMIT")
            finally:
                self._write_depth = 0

    def _lose(self) -> None:
        """Undo the transaction but for the numbers it has given out: a live system gives none of them out again."""
        given = [
            (table, column, self._writer.execute(f"SELECT name, {column} FROM {table}").fetchall())  # noqa: S608
            for table, column in _COUNTERS
        ]
        self._writer.execute("ROLLBACK")
        self._writer.execute("BEGIN IMMEDIATE")
        for table, column, rows in given:
            self._writer.executemany(
                f"UPDATE {table} SET {column} = max({column}, ?2) WHERE name = ?1",  # noqa: S608
                [tuple(row) for row in rows],
            )
        self._writer.execute("COMMIT")

    @contextmanager
    def losing_writes(self) -> Iterator[None]:
        """Undo, at their ends, the transactions that this call makes, although their callers see them succeed."""
        token = _LOSING.set(True)
        try:
            yield
        finally:
            _LOSING.reset(token)

    def expire_sign_ins(self) -> None:
        """Invalidate every token and every session at once."""
        with self.write() as conn:
            ims.expire_tokens(conn)
            campaign.expire_sessions(conn)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a reading connection with one consistent snapshot; writing through it fails."""
        with self._readers_lock:
            conn = self._idle_readers.pop() if self._idle_readers else None
        if conn is None:
            conn = self._connect()
            conn.execute("PRAGMA query_only = ON")
        conn.execute("BEGIN")
        try:
            yield conn
        finally:
            conn.execute("COMMIT")
            with self._readers_lock:
                self._idle_readers.append(conn)

    def now(self) -> datetime:
        """Tell the virtual time: real time plus every advance so far, in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, delta: timedelta) -> datetime:
        """Move the virtual clock by `delta`, for good, and return the new time."""
        with self.write() as conn:
            offset = self._offset + delta
            conn.execute(
                "UPDATE sandbox_clock SET offset_us = ?", (offset // timedelta(microseconds=1),)
            )
            self._offset = offset
        return self.now()

    def close(self) -> None:
        """Close every connection and free the folder."""
        with self._writing, self._readers_lock:
            for conn in [*self._idle_readers, self._writer]:
                conn.close()
            self._idle_readers.clear()
            self._claim.close()

    def _connect(self) -> sqlite3.Connection:
        conn = sqlite3.connect(
            self._path,
            timeout=30,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        conn.row_factory = sqlite3.Row
        conn.execute("PRAGMA synchronous = NORMAL")
        conn.execute("PRAGMA foreign_keys = ON")
        return conn


def make_private(data: Path) -> None:
    """Create the folder for its owner only; one that is there already is closed to others if it is a sandbox's own.

    Any other folder somebody named keeps its mode: closing a whole project to others would be a surprise.
    """
    data.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    if (data / DATABASE).exists() or not any(data.iterdir()):
        data.chmod(FOLDER_MODE)


def claim_folder(data: Path) -> sqlite3.Connection:
    """Claim the folder for as long as the connection is open; raises DataFolderInUseError."""
    claim = sqlite3.connect(
        _private_file(data / LOCK), timeout=0, isolation_level=None, check_same_thread=False
    )
    try:
        claim.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        claim.close()
        raise DataFolderInUseError(data) from error
    return claim


def _private_file(path: Path) -> Path:
    # SQLite gives the files beside a database the mode of the database.
    try:
        # A file that exists is not opened: closing it again would drop the locks this process has on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, FILE_MODE))
    except FileExistsError:
        path.chmod(FILE_MODE)
    return path


def _run_script(conn: sqlite3.Connection, script: str) -> None:
    # executescript() would commit the open transaction first.
    for statement in script.split(";"):
        if statement.strip():
            conn.execute(statement)
