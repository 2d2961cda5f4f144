"""Signals: the first one asks the run to stop, the second one ends the process, after a few last words."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from audctl.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from audctl.operations.stop import Parting, Stop

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

LAST_WORDS_S = 10.0
"""From the second signal on: whatever is not said by then stays unsaid."""


@contextmanager
def stop_on_signals(
    stderr: TextIO, last_words: Callable[[Parting], None] | None = None
) -> Iterator[Stop]:
    """Give a stop that the first SIGINT or SIGTERM sets; a second one ends the process with 130, a third at once.

    ``last_words`` reports a run that ends at once; it is called on a thread of its own, since the main one may sit in
    a call that takes minutes. Without it there is nothing to report. Outside the main thread, where Python allows no
    handlers, the stop is simply never set.
    """
    from audctl.operations.stop import Stop

    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    asked = 0

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        del number, frame
        asked += 1
        # Not through the stream: a handler may run while the main thread is inside the stream's own lock.
        if asked == 1:
            stop.set()
            tell(b"stopping: calls in flight are finished; once more ends at once\n")
        elif asked == 2 and last_words is not None:  # noqa: PLR2004 - the second time
            tell(b"ending at once: calls in flight are not waited for\n")
            threading.Thread(
                target=_end_at_once, args=(stop, last_words), name="last words", daemon=True
            ).start()
        else:
            # Worker threads may sit in a call that takes minutes; an orderly exit would wait for them.
            tell(b"ended at once: a lock that was held ends by itself\n")
            os._exit(ExitCode.INTERRUPTED)

    def tell(words: bytes) -> None:
        try:
            os.write(stderr.fileno(), words)
        except OSError:
            """Nobody reads it any more."""

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stop
    finally:
        if not stop.take_last_word():
            # The other thread reports, and ends the process.
            threading.Event().wait(LAST_WORDS_S)
            os._exit(ExitCode.INTERRUPTED)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once(stop: Stop, last_words: Callable[[Parting], None]) -> None:
    """Say what can be said, and end the process; unless the main thread is about to say it all by itself."""
    threading.Thread(target=_end_later, name="end", daemon=True).start()
    if not stop.take_last_word():
        return
    try:
        last_words(stop.part())
    finally:
        os._exit(ExitCode.INTERRUPTED)


def _end_later() -> None:
    threading.Event().wait(LAST_WORDS_S)
    os._exit(ExitCode.INTERRUPTED)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise KeyboardInterrupt in the block, within :func:`stop_on_signals` too.

    For a question: reading an answer starts again after a handler that only notes the signal, and nobody would
    ever see that it was noted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Make SIGTERM end the block like Ctrl-C does, so that locks are released and servers stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
