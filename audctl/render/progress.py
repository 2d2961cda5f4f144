"""Progress while a run goes on: a live line on a terminal, one line for each ended step elsewhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol, TextIO

from audctl.ports import Observer
from audctl.render.paint import PLAIN, Paint
from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.progress import Progress as Spinners
    from rich.progress import TaskID

    from audctl.model.change import Step
    from audctl.model.outcome import Outcome
    from audctl.model.traffic import Traffic


class Progress(Observer, Protocol):
    """An observer on a stream that results will be written to as well, or beside."""

    def waiting(self, text: str) -> None:
        """Show what is waited for, from printable text; the same again is no news."""
        ...

    def working(self, text: str) -> None:
        """Show how far a long work has come, from printable text, in place of what was shown of one before."""
        ...

    def close(self) -> None:
        """Leave the stream clean; what is observed later opens it again."""
        ...


class LineProgress:
    """For logs: no redrawing, no word about reads; what was written and what is being waited for."""

    def __init__(self, stream: TextIO, paint: Paint = PLAIN) -> None:
        self._stream = stream
        self._paint = paint
        self._waits_for = ""

    def reading(self, object_type: str, count: int) -> None:
        """Stay silent: a log is no place for a counter."""

    def begun(self, step: Step) -> None:
        """Stay silent: its end is told."""

    def progressed(self, step: Step, what: str) -> None:
        """Stay silent: its end is told, and what it waits for."""

    def saved(self, serial: int) -> None:
        """Stay silent: the ledger is saved as it should be."""

    def ended(self, outcome: Outcome) -> None:
        """Tell a step's end."""
        self._line(_ended(outcome, self._paint))

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Tell what is waited for, since silence would look like a hang."""
        self._line(_wait(operation, wait_s, why))

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Tell what repeated calls cost, if any were."""
        for line in repeats(traffic):
            self._line(line)

    def waiting(self, text: str) -> None:
        """Tell it once."""
        if text != self._waits_for:
            self._waits_for = text
            self._line(text)

    def working(self, text: str) -> None:
        """Stay silent: a log is no place for a counter."""

    def close(self) -> None:
        """Nothing stays open."""

    def _line(self, text: str) -> None:
        # One write for the whole line: steps end on several threads.
        self._stream.write(text + "\n")
        self._stream.flush()


class LiveProgress:
    """For terminals: a spinner with what is being read or written; ended steps stay above it."""

    def __init__(self, stream: TextIO) -> None:
        self._paint = Paint(on=True)
        self._stream = stream
        self._lock = threading.Lock()
        self._spinners: Spinners | None = None
        self._tasks: dict[str, TaskID] = {}

    def reading(self, object_type: str, count: int) -> None:
        """Show how many objects of a type have been read so far."""
        self._show(object_type, f"reading {object_type}: {count:,}")

    def begun(self, step: Step) -> None:
        """Show the step that is being written."""
        self._show(str(step.address), _named(step))

    def progressed(self, step: Step, what: str) -> None:
        """Show how far the step has come."""
        self._show(str(step.address), f"{_named(step)}: {printable(what)}")

    def saved(self, serial: int) -> None:
        """Stay silent: the ledger is saved as it should be."""

    def ended(self, outcome: Outcome) -> None:
        """Take the step's spinner away and keep its end as a line."""
        self._drop(str(outcome.step.address))
        self._line(_ended(outcome, self._paint))

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Keep a line about the wait."""
        self._line(_wait(operation, wait_s, why))

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Keep a line about what repeated calls cost, if any were."""
        for line in repeats(traffic):
            self._line(line)

    def waiting(self, text: str) -> None:
        """Show it in place of what was waited for before."""
        self.close()
        self._show("waiting", text)

    def working(self, text: str) -> None:
        """Show it."""
        self._show("working", text)

    def close(self) -> None:
        """Remove every spinner, so that results follow on clean lines."""
        with self._lock:
            if self._spinners is not None:
                self._spinners.stop()
            self._spinners = None
            self._tasks.clear()

    def _show(self, key: str, text: str) -> None:
        with self._lock:
            progress = self._spinners or self._start()
            if key in self._tasks:
                progress.update(self._tasks[key], description=text)
            else:
                self._tasks[key] = progress.add_task(text, total=None)

    def _drop(self, key: str) -> None:
        with self._lock:
            task = self._tasks.pop(key, None)
            if task is not None and self._spinners is not None:
                self._spinners.remove_task(task)

    def _line(self, text: str) -> None:
        from rich.text import Text  # noqa: PLC0415 - see _start

        with self._lock:
            # Through the spinners' own console, which lifts the line above them.
            (self._spinners or self._start()).console.print(Text.from_ansi(text), soft_wrap=True)

    def _start(self) -> Spinners:
        # Only here, and only on a terminal: rich costs more to load than a small plan takes.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress as Spinners  # noqa: PLC0415
        from rich.progress import SpinnerColumn, TextColumn  # noqa: PLC0415

        # markup off: names come from live systems and may look like tags
        self._spinners = Spinners(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(file=self._stream, markup=False, highlight=False),
            transient=True,
        )
        self._spinners.start()
        return self._spinners


def _ended(outcome: Outcome, paint: Paint) -> str:
    from audctl.render.to_terminal.apply_report import ended_step  # noqa: PLC0415 - only where steps are taken

    return f"{outcome.result.value}: {ended_step(outcome, paint)}"


def _wait(operation: str, wait_s: float, why: str) -> str:
    before = "" if operation in why else f" before {operation}"
    return printable(f"waiting {wait_s:.1f} s{before}: {why}")


def _named(step: Step) -> str:
    return f"{step.change.value} {printable(str(step.address))}"


def repeats(traffic: Mapping[str, Traffic]) -> Iterator[str]:
    """Give a line for each system whose calls had to be repeated or held back."""
    for system, each in sorted(traffic.items()):
        if each.repeated or each.throttled:
            refused = f", {each.throttled} throttled" if each.throttled else ""
            yield (
                f"{system}: {each.repeated} of {each.made} calls repeated{refused}, waited {each.waited_s:.1f} s"
                f" of at most {each.at_most_s:,.0f} s"
            )


def open_progress(stream: TextIO, *, live: bool) -> Progress:
    """Return the observer for a stream; ``live`` only for terminals."""
    return LiveProgress(stream) if live else LineProgress(stream)
