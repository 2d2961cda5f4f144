"""A run's journal: where it lies, how it is opened for a run, how it is read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.errors import InterruptedRun, LockError, PlanRefused, StalePlanError, UsageError
from audctl.manifest.discover import find_project
from audctl.manifest.project import load_project
from audctl.operations.context import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.journal.listener import JournalListener
    from audctl.model.journal import Event, RunHistory
    from audctl.model.outcome import ApplyReport
    from audctl.model.plan import Plan
    from audctl.operations.context import Context
    from audctl.operations.load import Loaded
    from audctl.ports import Clock, Observer

RUNS = ".audctl/runs"
"""Beside the project file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalChoice:
    """Whether a run keeps a journal, and where."""

    wanted: bool = True
    path: Path | None = None
    """None: a file of the run's own name in the project's folder of journals."""


class RunJournal:
    """What one run writes down, if it writes anything down."""

    def __init__(self, listener: JournalListener | None = None, trouble: str = "") -> None:
        self._listener = listener
        self._trouble = trouble

    @property
    def path(self) -> str:
        """The file; empty when there is none."""
        return str(self._listener.file.path) if self._listener is not None else ""

    @property
    def trouble(self) -> tuple[str, ...]:
        """Why it is missing, or not whole."""
        lost = self._listener.file.trouble if self._listener is not None else ""
        return tuple(each for each in (self._trouble, lost) if each)

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Who has to hear what happens."""
        return (self._listener,) if self._listener is not None else ()

    def planned(self, plan: Plan) -> None:
        """Write down what is to be done."""
        if self._listener is not None:
            self._listener.planned(plan)

    def told(self, report: ApplyReport) -> None:
        """Write down what became of it, and end."""
        if self._listener is not None:
            self._listener.told(report)

    def ended(self, result: str, message: str = "") -> None:
        """End a run that wrote nothing, or of which nothing more is known."""
        if self._listener is not None:
            self._listener.ended_without(result, message)


@contextmanager
def journaled(
    choice: JournalChoice, loaded: Loaded, *, run: str, command: str, clock: Clock
) -> Iterator[RunJournal]:
    """Keep a journal for the length of the block, and end it whatever happens in there.

    A path that somebody named must work (UsageError); where nobody did, a run goes on without a journal.
    """
    kept = _open(choice, loaded, run=run, command=command, clock=clock)
    try:
        yield kept
    except BaseException as error:
        kept.ended(end_of(error), str(error))
        raise
    else:
        kept.ended("not applied")


def _open(
    choice: JournalChoice, loaded: Loaded, *, run: str, command: str, clock: Clock
) -> RunJournal:
    from audctl.journal.file import JournalFile  # noqa: PLC0415 - only runs that write have one
    from audctl.journal.listener import JournalListener  # noqa: PLC0415

    if not choice.wanted:
        return RunJournal()
    path = choice.path or loaded.project.root / RUNS / f"{run}.ndjson"
    about = {
        "tool": f"audctl {__version__}",
        "command": command,
        "project": loaded.project.name,
        "environment": loaded.environment.name,
    }
    try:
        return RunJournal(JournalListener(JournalFile(path, run, clock, about), clock))
    except UsageError as error:
        if choice.path is not None:
            raise
        return RunJournal(trouble=f"the run went on without a journal: {error}")


_ENDS: tuple[tuple[type[BaseException], str], ...] = (
    (PlanRefused, "refused"),
    (StalePlanError, "stale"),
    (LockError, "locked"),
    (InterruptedRun, "interrupted"),
    (KeyboardInterrupt, "interrupted"),
)


def end_of(error: BaseException) -> str:
    """Return in a word how a run ended that wrote nothing."""
    return next((word for kind, word in _ENDS if isinstance(error, kind)), "error")


def run_history(context: Context, folder: Path | None = None) -> RunHistory:
    """Return the runs whose journals lie in a folder (None: the project's), newest first.

    Of the context's environment only, if it names one.
    """
    from audctl.journal.reading import read_history  # noqa: PLC0415 - with its reader

    found = read_history(folder or _folder(context))
    if context.environment is None:
        return found
    runs = tuple(each for each in found.runs if each.environment == context.environment)
    return replace(found, runs=runs)


def run_events(
    context: Context, run: str, path: Path | None = None, *, follow: bool = False
) -> Iterator[Event]:
    """Yield what a run told; with ``follow`` also what it will tell, until it ends.

    ``run`` is its name, the start of it, or ``latest``; ``path`` names the file itself.
    """
    from audctl.journal.reading import find_journal, follow_events, read_events  # noqa: PLC0415

    file = path or find_journal(_folder(context), run)
    if not follow:
        yield from read_events(file)
        return
    try:
        yield from follow_events(file, SystemClock(context.stop))
    except InterruptedRun as stop:
        raise InterruptedRun("stopped following: the run itself goes on") from stop


def _folder(context: Context) -> Path:
    project = load_project(context.project_path or find_project(Path.cwd()))
    return project.root / RUNS
