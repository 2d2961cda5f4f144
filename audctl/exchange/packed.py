"""Files of lines into and out of an engine, unpacked and packed on the way.

Compression costs several times what joining does when the engine does it itself. Here threads unpack and pack with
ISA-L while the engine works, and pipes carry plain rows between them: nothing plain lies on a disk, and no file is
ever held whole.

What comes out of a file is made safe for a reader of lines: one line is one row, whatever is in it. A line that is not
UTF-8, has a NUL or a bare carriage return in it, or is longer than any real one becomes ``!``, which nothing takes for
a member. A byte order mark at the front goes, and so do carriage returns at the ends of lines.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, BinaryIO

from audctl.exchange.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audctl.errors import FindingsError
    from audctl.exchange.ports import FileStore, LineFile

LONGEST_LINE = 1024 * 1024
"""Bytes. Nothing documents a limit for outbound lines; a person in 100,000 segments takes 800,000."""
SEPARATOR = b"\x01"
"""What the engine is told separates columns, of which there is one: it occurs in no line."""

_BLOCK = 1024 * 1024
_MOST_AT_ONCE = 4 * _BLOCK
"""Unpacked bytes: a small file that unpacks to very much must not come as one piece."""
_NOT_A_LINE = b"!"
_BOM = b"\xef\xbb\xbf"


def safe_lines(
    files: tuple[LineFile, ...], store: FileStore, heard: Callable[[int, int], None]
) -> Iterator[bytes]:
    """Give the lines of files in blocks that end with a line; raise FindingsError for a file that is not whole.

    ``heard`` is told how many bytes, as stored, and how many lines each block took.
    """
    for each in files:
        lines = 0
        taken = 0
        with store.open(each.file) as stream:
            counted = _Counted(stream, each.md5)
            for block in _blocks(each, counted):
                found = block.count(b"\n")
                lines += found
                heard(counted.bytes - taken, found)
                taken = counted.bytes
                yield block
            counted.finish(each)
        heard(counted.bytes - taken, 0)
        if each.lines is not None and lines != each.lines:
            raise fault(
                "AUD2701",
                f"{each.file.name} has {lines:,} lines, where its control file says {each.lines:,}",
                "have it delivered again",
            )


class _Counted:
    """A stream of stored bytes that counts them, and digests them where that will be compared."""

    def __init__(self, stream: BinaryIO, md5: str | None) -> None:
        self._stream = stream
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self.bytes = 0

    def read(self) -> bytes:
        block = self._stream.read(_BLOCK)
        self.bytes += len(block)
        if self._md5 is not None:
            self._md5.update(block)
        return block

    def finish(self, each: LineFile) -> None:
        """Raise FindingsError unless the file is the one that was listed and announced."""
        while self.read():
            pass
        if self.bytes != each.file.size:
            raise fault(
                "AUD2701",
                f"{each.file.name} changed while it was read: {self.bytes:,} bytes, not {each.file.size:,}",
                "run again when it is there as a whole",
            )
        if self._md5 is not None and self._md5.hexdigest() != each.md5:
            raise fault(
                "AUD2701",
                f"{each.file.name} is not what its control file says: its MD5 differs",
                "have it delivered again",
            )


def _blocks(each: LineFile, stream: _Counted) -> Iterator[bytes]:
    rest = b""
    is_first, is_cut = True, False
    for raw in _unpacked(each, stream):
        data = raw.removeprefix(_BOM) if is_first else raw
        is_first = False
        end = data.rfind(b"\n") + 1
        if not end:
            rest, is_cut = _grown(rest, data, is_cut=is_cut)
            continue
        whole = rest + data[:end]
        if is_cut:
            whole = _NOT_A_LINE + whole[whole.index(b"\n") :]
        yield _safe(whole)
        rest, is_cut = _grown(b"", data[end:], is_cut=False)
    if rest or is_cut:
        yield _safe((_NOT_A_LINE if is_cut else rest) + b"\n")


def _grown(rest: bytes, more: bytes, *, is_cut: bool) -> tuple[bytes, bool]:
    """Return the beginning of a line that goes on, and whether it is too long already."""
    if is_cut or len(rest) + len(more) > LONGEST_LINE:
        return b"", True
    return rest + more, False


def _safe(block: bytes) -> bytes:
    """Return the same lines, with those replaced that are none."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if _is_plain(block):
        return block
    lines = block.split(b"\n")
    lines.pop()
    return b"".join((line if _is_line(line) else _NOT_A_LINE) + b"\n" for line in lines)


def _is_plain(block: bytes) -> bool:
    """Whether all lines of a block are fit as they are, as nearly all are; much cheaper than looking at each."""
    return (
        b"\r" not in block
        and b"\0" not in block
        and SEPARATOR not in block
        and _is_text(block)
        and _has_no_long_line(block)
    )


def _has_no_long_line(block: bytes) -> bool:
    at = 0
    while len(block) - at > LONGEST_LINE:
        end = block.rfind(b"\n", at, at + LONGEST_LINE + 1)
        if end < 0:
            return False
        at = end + 1
    return True


def _is_text(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _is_line(line: bytes) -> bool:
    return (
        len(line) <= LONGEST_LINE
        and b"\r" not in line
        and b"\0" not in line
        and SEPARATOR not in line
        and _is_text(line)
    )


def _unpacked(each: LineFile, stream: _Counted) -> Iterator[bytes]:
    if not each.is_gzip:
        while block := stream.read():
            yield block
        return
    yield from _gunzipped(each, stream)


def _gunzipped(each: LineFile, stream: _Counted) -> Iterator[bytes]:
    from isal import isal_zlib  # noqa: PLC0415 - only where something is compressed

    def fresh() -> isal_zlib.Decompress:
        return isal_zlib.decompressobj(zlib.MAX_WBITS | 16)

    unpacker = None
    try:
        while block := stream.read():
            while block:
                if unpacker is None or unpacker.eof:  # files may stand one behind the other
                    unpacker = fresh()
                yield unpacker.decompress(block, _MOST_AT_ONCE)
                block = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        while unpacker is not None and (data := unpacker.decompress(b"", _MOST_AT_ONCE)):
            yield data  # all had been taken in, and not yet given out
    except isal_zlib.error as error:  # type: ignore[misc]  # a value, says its stub
        raise _not_gzip(each, "its data is damaged") from error
    if unpacker is None:
        raise _not_gzip(each, "it is empty")
    if not unpacker.eof:
        raise _not_gzip(each, "its end is missing")


def _not_gzip(each: LineFile, why: str) -> FindingsError:
    return fault(
        "AUD2701",
        f"{each.file.name} is no whole gzip file: {why}",
        "have it delivered again; nothing was written",
    )
