"""The reading end: whole journals, a folder of them, and one that still grows."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

from audctl.errors import UsageError
from audctl.model.journal import Event, EventType, RunHistory, RunRecord, RunState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audctl.ports import Clock

SUFFIX = ".ndjson"
POLL_S = 0.2
_LONGEST_LINE = 1 << 20
"""Bytes; audctl writes none like it."""


def read_events(path: Path) -> tuple[Event, ...]:
    """Return the events of a journal; what was torn off at its end, or is no event, is left out. UsageError."""
    with _open(path) as file:
        return tuple(_events(file))


def follow_events(path: Path, clock: Clock) -> Iterator[Event]:
    """Yield the events of a journal, those to come as they come, until its summary or the end of its process.

    Raise InterruptedRun where the clock's sleep does. UsageError.
    """
    with _open(path) as file:
        seen = False
        while True:
            goes_on = _is_held(file)
            for event in _events(file):
                seen = True
                yield event
                if event.type == EventType.SUMMARY:
                    return
            # Asked before reading: what its process wrote last has been read when it is found gone.
            if seen and not goes_on:
                return
            clock.sleep(POLL_S)


def read_history(folder: Path) -> RunHistory:
    """Return the runs whose journals lie in a folder, newest first; none when there is no such folder."""
    found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else ()
    runs = (read_run(each) for each in sorted(found, reverse=True))
    return RunHistory(folder=folder, runs=tuple(each for each in runs if each is not None))


def read_run(path: Path) -> RunRecord | None:
    """Return the run that a journal tells of; None when its first event is missing."""
    with _open(path) as file:
        held = _is_held(file)
        first: Event | None = None
        last: Event | None = None
        counts = {
            EventType.APPLY_COMPLETE: 0,
            EventType.APPLY_ERRORED: 0,
            EventType.APPLY_SKIPPED: 0,
        }
        for last in _events(file):
            first = first or last
            if last.type in counts:
                counts[EventType(last.type)] += 1
    if first is None or last is None or first.type != EventType.RUN_START:
        return None
    ended = last.type == EventType.SUMMARY
    return RunRecord(
        run=_text(first, "run"),
        path=path,
        state=RunState.ENDED if ended else RunState.RUNNING if held else RunState.CUT_OFF,
        command=_text(first, "command"),
        project=_text(first, "project"),
        environment=_text(first, "environment"),
        started_at=first.at,
        ended_at=last.at,
        result=_text(last, "result") if ended else "",
        done=counts[EventType.APPLY_COMPLETE],
        failed=counts[EventType.APPLY_ERRORED],
        not_tried=counts[EventType.APPLY_SKIPPED],
    )


def find_journal(folder: Path, run: str) -> Path:
    """Return the journal of a run: its name, the start of it, or ``latest``. UsageError: none, or several."""
    names = sorted(each.name for each in folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    if run == "latest":
        found = names[-1:]
    else:
        found = [each for each in names if each.startswith(run)]
        found = [each for each in found if each == f"{run}{SUFFIX}"] or found
    if len(found) == 1:
        return folder / found[0]
    if found:
        raise UsageError(f'"{run}" is the start of {len(found)} runs; say more of the name')
    raise UsageError(
        f'no journal of a run "{run}" in {folder}; audctl ledger history lists them (an address would have a "/")'
    )


def _events(file: BinaryIO) -> Iterator[Event]:
    """Yield the whole lines from where the file stands; it stands at the start of a torn one afterwards."""
    while True:
        at = file.tell()
        line = file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            if len(line) < _LONGEST_LINE:
                file.seek(at)
                return
            continue
        event = _parse(line)
        if event is not None:
            yield event


def _parse(line: bytes) -> Event | None:
    try:
        content = json.loads(line)
        at = datetime.fromisoformat(content["at"])
        number, kind = content["number"], content["type"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (isinstance(number, int) and isinstance(kind, str)) or at.tzinfo is None:
        return None
    rest = {name: value for name, value in content.items() if name not in {"at", "number", "type"}}
    return Event(number=number, at=at, type=kind, content=rest)


def _is_held(file: BinaryIO) -> bool:
    """Whether the process that writes the journal still holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _open(path: Path) -> BinaryIO:
    try:
        # Buffered reading would hold on to a torn line that grows.
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise UsageError(f"journal {path}: {error.strerror}") from error


def _text(event: Event, name: str) -> str:
    value = event.content.get(name)
    return value if isinstance(value, str) else ""
