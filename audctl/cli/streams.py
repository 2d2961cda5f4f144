"""Output streams that outlive their reader: ``audctl … | head`` must not cut a run short."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable


class LastingStream(io.TextIOBase):
    """Writes to a stream for as long as somebody reads it, and then into nothing.

    Otherwise the first line after the reader left would raise: between two writes of an apply, in a progress line, or
    before a report is written. What a run does and how it ends is not the reader's to decide; ``is_unread`` says
    afterwards that not everything was read.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_unread = False

    def write(self, text: str) -> int:
        """Write, or drop what nobody reads."""
        if not self.is_unread:
            try:
                return self._stream.write(text)
            except BrokenPipeError:
                self.is_unread = True
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]  # typeshed knows bytes only
        """Write line after line, until nobody reads."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, unless nobody reads."""
        if not self.is_unread:
            try:
                self._stream.flush()
            except BrokenPipeError:
                self.is_unread = True

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the stream's own file descriptor."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Be for writing."""
        return True

    def __del__(self) -> None:
        """Leave the stream open: it is the process's own, and will be flushed at its end."""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in typeshed
        """The stream's own encoding."""
        return self._stream.encoding

    def close(self) -> None:
        """Close the stream; a reader that left has closed it for us."""
        try:
            self._stream.close()
        except BrokenPipeError:
            self.is_unread = True


def lasting(stream: TextIO) -> TextIO:
    """Return a stream that survives its reader."""
    return cast("TextIO", LastingStream(stream))


def is_unread(stream: TextIO) -> bool:
    """Whether a stream's reader left before everything was written."""
    return isinstance(stream, LastingStream) and stream.is_unread
