"""Signals: the first one asks the run to stop, the second one ends the process."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from audctl.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signals(stderr: TextIO) -> Iterator[threading.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second one ends the process with 130.

    Outside the main thread, where Python allows no handlers, the event is simply never set.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        if stop.is_set():
            # Worker threads may sit in a call that takes minutes; an orderly exit would wait for them.
            os.write(stderr.fileno(), b"ended at once: a lock that was held ends by itself\n")
            os._exit(ExitCode.INTERRUPTED)
        stop.set()
        # Not through the stream: a handler may run while the main thread is inside the stream's own lock.
        os.write(
            stderr.fileno(), b"stopping: calls in flight are finished; once more ends at once\n"
        )

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
