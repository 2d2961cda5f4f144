"""Named pipes between an engine that reads and writes files and the threads that unpack and pack them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Protocol

from audctl.exchange.faults import fault
from audctl.model.exchange import WrittenFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.exchange.ports import RowTarget

_BLOCK = 1024 * 1024
_PRIVATE = 0o600
_LEVEL = 1
"""Of ISA-L: smaller than gzip's own sixth, at the speed of the rows."""


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


@contextmanager
def fed(paths: list[Path], blocks: Iterator[bytes]) -> Iterator[None]:
    """Serve blocks through pipes while the block of code reads them, each block through one of the pipes.

    Whoever reads may open the pipes in any order, and read them one after the other or side by side. What goes wrong
    with the blocks is raised at the end, in place of what their reader makes of their early end.
    """
    feed = _Feed(blocks)
    threads = []
    for path in paths:
        os.mkfifo(path, _PRIVATE)
        threads.append(threading.Thread(target=feed.serve, args=(path,), daemon=True))
    for thread in threads:
        thread.start()
    try:
        yield
    except Exception as error:
        if feed.failure is not None:
            raise feed.failure from error
        raise
    finally:
        for path, thread in zip(paths, threads, strict=True):
            _release(path, os.O_RDONLY, thread)
            path.unlink()
    if feed.failure is not None:
        raise feed.failure


class _Feed:
    """Hands blocks out to several threads, one at a time."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._lock = threading.Lock()
        self.failure: BaseException | None = None

    def serve(self, path: Path) -> None:
        """Write blocks into a pipe until there are no more, or until nobody reads them."""
        with suppress(BrokenPipeError), path.open("wb", buffering=0) as pipe:
            _widen(pipe)
            while (block := self._next()) is not None:
                view = memoryview(block)
                while view:
                    view = view[pipe.write(view) :]

    def _next(self) -> bytes | None:
        with self._lock:
            if self.failure is not None:
                return None
            try:
                return next(self._blocks, None)
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for the data
                self.failure = error
                return None


@contextmanager
def drained(path: Path, target: RowTarget, folder: Path) -> Iterator[list[WrittenFile]]:
    """Take what the block of code writes into a pipe, into files of the folder; the list is full after the block."""
    os.mkfifo(path, _PRIVATE)
    writer = PartWriter(target, folder)
    failures: list[BaseException] = []

    def take() -> None:
        try:
            with path.open("rb", buffering=0) as pipe:
                _widen(pipe)
                while block := pipe.read(_BLOCK):
                    writer.write(block)
            writer.close()
        except OSError as error:
            failures.append(
                fault(
                    "AUD2705",
                    f"{target.name(len(writer.files))} cannot be written: {error.strerror}",
                    "make room for it, or name a folder elsewhere with --out",
                )
            )
        except BaseException as error:  # noqa: BLE001 - raised in the thread that makes the data
            failures.append(error)
        finally:
            writer.abandon()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield writer.files
    except BaseException as error:
        _release(path, os.O_WRONLY, thread)
        if failures:
            raise failures[0] from error
        raise
    else:
        thread.join()
    finally:
        path.unlink()
    if failures:
        raise failures[0]


def _widen(pipe: BinaryIO) -> None:
    """Let a pipe hold a whole block: with the usual 64 KiB, both ends mostly wait for each other."""
    with suppress(OSError, AttributeError):  # a user's limit, or a system without the call
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _BLOCK)


def _release(path: Path, mode: int, thread: threading.Thread) -> None:
    """Let a thread end that waits for the other end of a pipe to be opened, or to be read."""
    while thread.is_alive():
        with suppress(OSError):
            os.close(os.open(path, mode | os.O_NONBLOCK))
        thread.join(0.01)


class PartWriter:
    """Writes a stream of lines into files, each ended at the end of a line once it is large enough."""

    def __init__(self, target: RowTarget, folder: Path) -> None:
        self.files: list[WrittenFile] = []
        self._target = target
        self._folder = folder
        self._part: _Part | None = None

    def write(self, block: bytes) -> None:
        """Take some bytes, whole lines or not."""
        while block:
            part = self._part or self._open()
            room = part.room
            end = 0 if room is None or len(block) < room else block.find(b"\n", room - 1) + 1
            if not end:
                part.write(block)
                return
            part.write(block[:end])
            self._close()
            block = block[end:]

    def close(self) -> None:
        """End the last part; without a single row there is one all the same, unless the target says otherwise."""
        if self._part is None and not self.files and not self._target.is_optional:
            self._open()
        if self._part is not None:
            self._close()

    def abandon(self) -> None:
        """Let go of a part that did not come to its end, if there is one."""
        if self._part is not None:
            self._part.abandon()

    def _open(self) -> _Part:
        name = self._target.name(len(self.files))
        self._part = _Part(self._folder / name, self._target)
        return self._part

    def _close(self) -> None:
        assert self._part is not None
        self.files.append(self._part.close())
        self._part = None


class _Part:
    def __init__(self, path: Path, target: RowTarget) -> None:
        self._path = path
        self._content = target.content
        self._has_header = target.form == "csv"
        self._limit = target.split_bytes
        self._file = create_private(path)
        self._packer = _packer() if target.is_gzip else None
        self._digest = hashlib.sha256()
        self._lines = 0
        self._plain = 0
        self._stored = 0

    @property
    def room(self) -> int | None:
        """Bytes until the part is large enough; None: it has no end."""
        return None if self._limit is None else max(self._limit - self._plain, 1)

    def write(self, data: bytes) -> None:
        self._lines += data.count(b"\n")
        self._plain += len(data)
        self._store(self._packer.compress(data) if self._packer else data)

    def close(self) -> WrittenFile:
        if self._packer is not None:
            self._store(self._packer.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return WrittenFile(
            name=self._path.name,
            content=self._content,
            rows=self._lines - self._has_header,
            bytes=self._stored,
            sha256=self._digest.hexdigest(),
        )

    def abandon(self) -> None:
        with suppress(OSError):  # what is left in its buffer has no place either
            self._file.close()

    def _store(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._stored += len(data)


def create_private(path: Path) -> BinaryIO:
    """Make a new file that only its owner may read, whatever the umask says."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb")


def _packer() -> _Packer:
    from isal import isal_zlib  # noqa: PLC0415 - only where something is compressed

    packer: _Packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer
