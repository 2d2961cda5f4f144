"""One run's two streams: results to the first, talk to the second; and how an error is told."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from audctl.cli.streams import is_unread, lasting
from audctl.errors import FindingsError, UsageError
from audctl.render.paint import Paint
from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from audctl.cli.reporting import Reporting
    from audctl.cli.spans import Spans
    from audctl.errors import AudctlError
    from audctl.model.run import RunResult
    from audctl.operations.context import Context
    from audctl.operations.stop import Stop
    from audctl.ports import Tracer
    from audctl.render.progress import Progress
    from audctl.settings import Settings


class Output(StrEnum):
    """Form of a result on stdout."""

    TEXT = "text"
    JSON = "json"


@dataclass(kw_only=True)
class Console:
    """Where one run reads and writes, and in which form."""

    settings: Settings
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    output: Output = Output.TEXT
    """Set once, by the command that runs."""
    reporting: Reporting | None = None
    """Set once as well; None for commands that have no ``--report``."""
    command: str = ""
    """Name of the command that runs."""
    spans: Spans | None = field(default=None, repr=False)
    """Opened by the first command that does anything, where spans are configured."""
    _progress: Progress | None = field(default=None, repr=False)

    @property
    def wants_json(self) -> bool:
        """Whether stdout must be one JSON document."""
        return self.output is Output.JSON

    def paint(self, stream: TextIO) -> Paint:
        """Return the colours for a stream: none unless it is a terminal that wants them."""
        return Paint(on=stream.isatty() and not self.settings.no_color)

    def record(self, of: RunResult, document: Callable[[], object]) -> None:
        """Keep a result for the reports; a later one takes its place."""
        if self.reporting is not None:
            self.reporting.result, self.reporting.document = of, document

    def record_failure(self, error: AudctlError) -> None:
        """Keep for the reports what ended the run, or made it end with another exit code."""
        if self.reporting is not None:
            self.reporting.fail(error)

    def belongs_to(self, project: str, environment: str) -> None:
        """Tell the reports what a plan file is about."""
        if self.reporting is not None:
            self.reporting.project, self.reporting.environment = project, environment

    def name_plan(self, path: Path | None) -> None:
        """Tell the reports where the plan lies, if it lies in a file."""
        if self.reporting is not None and path is not None:
            self.reporting.plan_path = str(path)

    def result(
        self,
        lines: Callable[[Paint], Iterable[str]],
        document: Callable[[], object],
        of: RunResult | None = None,
    ) -> None:
        """Write the result to stdout in the chosen form; the other form is never made.

        ``of`` is the result itself, for reports; one of them may stand on stdout in its place.
        """
        if of is not None:
            self.record(of, document)
        self._settle()
        if self.reporting is not None and self.reporting.takes_stdout:
            return
        if self.wants_json:
            text = json.dumps(document(), indent=2, ensure_ascii=False)
            # Escaped rather than replaced: a lone surrogate from a live system must not break the output.
            self.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
        else:
            self.stdout.writelines(f"{line}\n" for line in lines(self.paint(self.stdout)))
        self.stdout.flush()

    def flow(self, lines: Iterable[str]) -> None:
        """Write lines to stdout as they come, for as long as somebody reads them."""
        for line in lines:
            self.stdout.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
            self.stdout.flush()
            if is_unread(self.stdout):
                return

    def hand_on(self, text: str) -> None:
        """Write text to stdout as it is, for a program; UsageError when stdout's encoding has no words for it."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError as error:
            raise UsageError(
                f"stdout is {encoding}, which cannot write all of this; set PYTHONIOENCODING=utf-8"
            ) from error
        self.stdout.write(text)
        self.stdout.flush()

    def say(self, lines: Iterable[str]) -> None:
        """Write lines that are fit for a terminal to stderr."""
        self._settle()
        self.stderr.writelines(f"{line}\n" for line in lines)
        self.stderr.flush()

    def tell(self, message: str) -> None:
        """Write one message to stderr, made printable."""
        self.say([printable(message)])

    def ask(self, question: str) -> bool:
        """Ask for a plain ``yes``; anything else, an end of input included, is a no."""
        self._settle()
        self.stderr.write(f"{question} ")
        self.stderr.flush()
        return self.stdin.readline().strip() == "yes"

    def fail(self, error: AudctlError) -> None:
        """Tell an expected error: to stderr as text, and as the JSON result where one is due."""
        from audctl.render import to_json
        from audctl.render.to_terminal import findings as to_terminal

        self.record_failure(error)
        if self.wants_json:
            self.result(lambda _: (), lambda: to_json.error(error))
        if isinstance(error, FindingsError):
            self.say(to_terminal.findings(error.findings, self.paint(self.stderr)))
        else:
            self.say(to_terminal.error(error, self.paint(self.stderr)))
        for each in getattr(error, "__notes__", ()):
            self.tell(each)

    def progress(self) -> Progress:
        """Return what shows progress: live on a terminal, one line for each ended step elsewhere."""
        from audctl.render.progress import open_progress

        if self._progress is None:
            live = self.stderr.isatty() and not self.settings.no_color
            self._progress = open_progress(self.stderr, live=live)
        return self._progress

    def _settle(self) -> None:
        """Make room for something else on the terminal."""
        if self._progress is not None:
            self._progress.close()

    def context(
        self, project: Path | None, environment: str | None, stop: Stop | None = None
    ) -> Context:
        """Return what every operation needs; an option wins over the process environment.

        ``stop`` is set once somebody asks to stop (:func:`audctl.cli.interrupt.stop_on_signals`).
        """
        from audctl.operations.context import Context
        from audctl.operations.stop import Stop

        if self.reporting is not None:
            named = environment or self.settings.environment or ""
            self.reporting.expect(project, named)
        return Context(
            project_path=project,
            environment=environment or self.settings.environment,
            environ=self.settings.environ,
            observer=self.progress(),
            tracer=self._tracer(),
            stop=stop or Stop(),
            located=self._locate,
        )

    def _tracer(self) -> Tracer | None:
        if self.spans is None and self.settings.traces:
            from audctl.cli.spans import open_spans

            self.spans = open_spans(self)
        return self.spans.tracer if self.spans is not None else None

    def end_spans(self, code: int) -> None:
        """Hand the command's spans over; what goes wrong with that is told and changes nothing."""
        if self.spans is not None:
            self.spans.end(self, code)

    def _locate(self, root: Path, project: str, environment: str) -> None:
        if self.reporting is not None:
            self.reporting.locate(root, project, environment)


def open_console(settings: Settings) -> Console:
    """Return the console on the process's own streams, which from here on can write any text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return Console(
        settings=settings,
        stdin=sys.stdin,
        stdout=lasting(sys.stdout),
        stderr=lasting(sys.stderr),
    )
