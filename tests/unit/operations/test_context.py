from __future__ import annotations

import threading

import pytest

from audctl.errors import InterruptedRun
from audctl.operations.context import StoppableReading
from tests.memory import RecordingObserver


class CountingObserver(RecordingObserver):
    """Remembers reads as well."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[tuple[str, int]] = []

    def reading(self, object_type: str, count: int) -> None:
        self.read.append((object_type, count))


def test_reading_goes_on_until_a_stop_is_asked_for() -> None:
    stop, told = threading.Event(), CountingObserver()
    observer = StoppableReading(told, stop)
    observer.reading("aam.trait", 1)
    stop.set()
    with pytest.raises(InterruptedRun, match="nothing was written"):
        observer.reading("aam.trait", 2)
    assert told.read == [("aam.trait", 1), ("aam.trait", 2)]


def test_waits_are_told_whether_or_not_a_stop_is_asked_for() -> None:
    stop = threading.Event()
    stop.set()
    StoppableReading(RecordingObserver(), stop).retrying("GET /x", 1.0, "busy")
