"""Files of lines, written and read piece by piece: nothing is ever held whole."""

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from audctl.sandbox.members.buckets import Bucket, BucketError

if TYPE_CHECKING:
    from hashlib import _Hash

_LINES_AT_ONCE = 20_000
_GZIP = 31
"""Window bits that make zlib write and read gzip; its header then carries no time, so equal lines make equal files."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """What a control file says about a file."""

    key: str
    bytes: int
    lines: int
    md5: str

    @property
    def name(self) -> str:
        """Give the last part of the key."""
        return self.key.rpartition("/")[2]


class _Encoder:
    """Turns lines into the bytes of a file and keeps its measures."""

    def __init__(self, lines: Iterator[str], *, gzip: bool) -> None:
        self._lines = lines
        self._packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP) if gzip else None
        self._md5: _Hash = hashlib.md5(usedforsecurity=False)
        self.bytes = 0
        self.line_count = 0

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        while batch := list(islice(self._lines, _LINES_AT_ONCE)):
            self.line_count += len(batch)
            data = ("\n".join(batch) + "\n").encode()
            yield from self._measure(self._packer.compress(data) if self._packer else data)
        if self._packer is not None:
            yield from self._measure(self._packer.flush())

    def _measure(self, data: bytes) -> Iterator[bytes]:
        if data:
            self.bytes += len(data)
            self._md5.update(data)
            yield data


def write_lines(bucket: Bucket, key: str, lines: Iterator[str], *, gzip: bool) -> WrittenFile:
    """Write one file; raises BucketError."""
    encoder = _Encoder(lines, gzip=gzip)
    bucket.put(key, encoder)
    return WrittenFile(key, encoder.bytes, encoder.line_count, encoder.md5)


def split_lines(lines: Iterator[str], at_most: int) -> Iterator[Iterator[str]]:
    """Cut lines into parts, each to be used up before the next is asked for; no lines make no part."""
    for first in lines:
        yield chain([first], islice(lines, at_most - 1))


def read_lines(bucket: Bucket, key: str, *, gzip: bool, longest: int) -> Iterator[bytes]:
    """Give the lines of a file without their ends; one longer than `longest` bytes is cut just above that.

    Raises BucketError, also for content that is not what the name says.
    """
    rest = b""
    for chunk in _unpacked(bucket, key, gzip=gzip):
        lines = (rest + chunk).split(b"\n")
        # A line without end must not grow without end.
        rest = lines.pop()[: longest + 1]
        yield from lines
    if rest:
        yield rest


def _unpacked(bucket: Bucket, key: str, *, gzip: bool) -> Iterator[bytes]:
    if not gzip:
        yield from bucket.read(key)
        return
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for chunk in bucket.read(key):
            data = chunk
            while data:
                piece = unpacker.decompress(data, 4 * 1024 * 1024)
                data = unpacker.unconsumed_tail
                if unpacker.eof and unpacker.unused_data:
                    data, unpacker = unpacker.unused_data, zlib.decompressobj(_GZIP)
                yield piece
    except zlib.error as error:
        raise BucketError(f"{key} is not gzip: {error}") from error
    if not unpacker.eof:
        raise BucketError(f"{key} is not whole")
