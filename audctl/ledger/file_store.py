"""A ledger in a file: replaced whole, under its lock, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from audctl.errors import LedgerError
from audctl.ledger.codec import decode, encode, read_header
from audctl.ledger.file_lock import FileLock
from audctl.ledger.locking import Locking
from audctl.ledger.new_ledger import new_ledger, require_next
from audctl.ledger.owners import owners_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from audctl.model.ledger import Ledger
    from audctl.ports import Clock, Lease

_OWNER_ONLY = 0o600
"""Ids, labels and rules of a customer's audiences are nobody else's business on a shared machine."""


class FileStore(Locking):
    """A ``LedgerStore`` on one machine, or on a file system that supports ``flock`` (POSIX only)."""

    def __init__(
        self,
        path: Path,
        *,
        project: str,
        clock: Clock,
        elsewhere: Callable[[], Mapping[tuple[str, str], str]] = dict,
    ) -> None:
        """``elsewhere`` gives what ledgers in other kinds of places own, as far as they can be seen from here."""
        self._path = path
        self._elsewhere = elsewhere
        self._project = project
        self._clock = clock
        self._file_lock = FileLock(path.with_name(path.name + ".lock"), clock)
        super().__init__(self._file_lock)

    def load(self) -> Ledger:
        """Return the ledger; a new, empty one when the file is not there."""
        data = self._read()
        return (
            decode(data, project=self._project) if data is not None else new_ledger(self._project)
        )

    def save(self, ledger: Ledger, lease: Lease) -> None:
        """Replace the file by a whole new one, while the lease still holds the lock."""
        data = encode(ledger)
        lease.ensure()
        with self._file_lock.open() as claim:
            claim.require(lease.token)
            stored = self._read()
            require_next(ledger, read_header(stored).serial if stored is not None else 0)
            try:
                _replace(self._path, data)
            except OSError as error:
                raise LedgerError(f"{self._path}: cannot be written: {error.strerror}") from error

    def try_out(self) -> str:
        """Make sure that a file can be written beside the ledger, and locked there."""
        trial = self._path.with_name(f".{self._path.name}.trial-{secrets.token_hex(8)}")
        lock = FileLock(trial, self._clock)
        try:
            with lock.open():
                pass
            return f"file {self._path}: folder written to, lock taken, removed"
        finally:
            with suppress(OSError):
                trial.unlink()

    def owners(self) -> Mapping[tuple[str, str], str]:
        """Return what the other ledgers in the same folder own, and what is owned elsewhere."""
        return {**self._elsewhere(), **owners_beside(self._path)}

    def _read(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LedgerError(f"{self._path}: cannot be read: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    """Put a whole new file in place of the old one: a reader sees either, after a crash too."""
    fresh = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()  # left by a crash: the lock lets only one process get here
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself, not just the content
    finally:
        os.close(folder)
