"""The writing end of a journal."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from datetime import UTC
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.model.journal import FORMAT, EventType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from audctl.ports import Clock

SYNC_AFTER_S = 0.1
"""Events of steps come in hundreds a second, and a disk may take ten milliseconds to have one for certain: it is waited
for so often at most. Any other event is waited for, and takes those before it along."""

_OF_STEPS = frozenset(
    {
        EventType.APPLY_START,
        EventType.APPLY_PROGRESS,
        EventType.APPLY_COMPLETE,
        EventType.APPLY_SKIPPED,
    }
)
_OWNER_ONLY = 0o600
_FOLDER_MODE = 0o700


def moment(at: datetime, timespec: str = "seconds") -> str:
    """Return a moment as journals have it: in UTC, ending in Z."""
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


class JournalFile:
    """Appends events; safe to share between threads. Its process holds a lock on the file for as long as it is open."""

    def __init__(self, path: Path, run: str, clock: Clock, about: Mapping[str, object]) -> None:
        """Make the file and write the first event, ``about`` the run; UsageError when it exists or cannot be made."""
        self.path = path
        self._run = run
        self._clock = clock
        self._writing = threading.Lock()
        self._number = 0
        self._synced_at = clock.monotonic() - SYNC_AFTER_S
        self.trouble = ""
        """Why nothing more is written; empty while all is well."""
        try:
            path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"journal {path}: its folder: {error.strerror}") from error
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, _OWNER_ONLY)
        except FileExistsError as error:
            message = f"journal {path}: there is such a file already, and a journal is of one run"
            raise UsageError(message) from error
        except OSError as error:
            raise UsageError(f"journal {path}: {error.strerror}") from error
        # Readers tell by it whether the run goes on; where locks are not to be had they see a run that was cut off.
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError:
            """The journal is written all the same."""
        self.note(EventType.RUN_START, format=FORMAT, **about)

    def note(self, event: EventType, **content: object) -> None:
        """Append one event, and see it to the disk unless it is one of very many; never raises.

        What is appended outlives this process at once, and a crash of the machine as soon as it is on the disk.
        """
        with self._writing:
            if self.trouble or self._descriptor < 0:
                return
            self._number += 1
            line = {
                "type": event.value,
                "number": self._number,
                "at": moment(self._clock.now(), "milliseconds"),
                "run": self._run,
                **content,
            }
            try:
                # ASCII: a lone surrogate or a separator in a foreign name must not break a line.
                self._write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
                self._sync(at_once=event not in _OF_STEPS)
            except OSError as error:
                self.trouble = f"journal {self.path}: {error.strerror}: its end is missing"

    def close(self) -> None:
        """Let go of the file: the run is over."""
        with self._writing:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._descriptor, line) :]

    def _sync(self, *, at_once: bool) -> None:
        now = self._clock.monotonic()
        if at_once or now - self._synced_at >= SYNC_AFTER_S:
            os.fsync(self._descriptor)
            self._synced_at = now
