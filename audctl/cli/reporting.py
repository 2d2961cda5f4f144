"""The reports of one run: asked for before it, written after it, whatever became of it, and before the exit code is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from audctl import __version__
from audctl.cli.exit_codes import ExitCode, worst
from audctl.cli.failures import tell_unexpected
from audctl.cli.report_files import STDOUT, append_to, write_file, write_parts
from audctl.errors import (
    AudctlError,
    FindingsError,
    InterruptedRun,
    LockError,
    PlanRefused,
    StalePlanError,
)
from audctl.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.cli.console import Console
    from audctl.cli.report_files import ReportRequest
    from audctl.model.run import Failure, Run, RunResult
    from audctl.settings import GitHubJob

SUMMARY_BYTES = 900 * 1024
"""Of a step summary; GitHub drops the whole of one that is over 1 MiB."""

_CODES: tuple[tuple[type[AudctlError], str], ...] = (
    (StalePlanError, "AUD2602"),
    (LockError, "AUD2603"),
    (InterruptedRun, "AUD2604"),
)


@dataclass(kw_only=True)
class Reporting:
    """What reports will tell, gathered while the command runs."""

    command: str
    requests: tuple[ReportRequest, ...]
    github: GitHubJob | None
    """The job to annotate; None outside one, or when that is switched off."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    project: str = ""
    environment: str = ""
    root: Path | None = None
    """The project's folder, once it is known."""
    plan_path: str = ""
    result: RunResult | None = None
    document: Callable[[], object] | None = None
    failure: Failure | None = None
    _token: str = ""

    @property
    def takes_stdout(self) -> bool:
        """Whether a report stands on stdout in place of the command's own result."""
        return any(each.file == STDOUT for each in self.requests)

    def begin(self, console: Console) -> None:
        """Keep GitHub's runner from obeying names and labels that look like its commands while the run goes on."""
        if self.github is not None:
            self._token = secrets.token_hex(16)
            console.say([f"::stop-commands::{self._token}"])

    def expect(self, project_file: Path | None, environment: str) -> None:
        """Note what the command line says of project and environment: a run may fail before it knows more."""
        self.environment = environment
        if project_file is not None:
            self.root = project_file if project_file.is_dir() else project_file.parent

    def locate(self, root: Path, project: str, environment: str) -> None:
        """Note where the project is, what it is called, and which environment is meant."""
        self.root, self.project, self.environment = root, project, environment

    def fail(self, error: AudctlError) -> None:
        """Note what ended the run."""
        from audctl.model.run import Failure

        if isinstance(error, FindingsError):
            found = error.findings
        elif isinstance(error, PlanRefused) and self._refusals():
            found = ()
        else:
            code = next((code for kind, code in _CODES if isinstance(error, kind)), "AUD2601")
            found = (Finding(code, Severity.ERROR, " ".join(str(error).split())),)
        self.failure = Failure(type=type(error).__name__, findings=found)

    def _refusals(self) -> bool:
        findings = getattr(self.result, "findings", ())
        return any(each.severity is Severity.ERROR for each in findings)

    def finish(self, code: int, console: Console) -> int:
        """Write every report and return the exit code: 1 or worse when one of them could not be written."""
        run = self._run(code)
        failed = [each for each in self.requests if not _written(each, run, console)]
        if self.github is not None:
            self._tell_github(self.github, run, console)
        return worst([ExitCode(code), ExitCode.ERROR]) if failed else code

    def _run(self, code: int) -> Run:
        from audctl.model.run import Run

        return Run(
            command=self.command,
            tool=f"audctl {__version__}",
            started_at=self.started_at,
            ended_at=datetime.now(UTC),
            project=self.project,
            environment=self.environment,
            folder=folder_in_repository(self.root or Path.cwd()),
            result=self.result,
            failure=self.failure,
            exit_code=code,
            document=self.document,
            plan_path=self.plan_path,
        )

    def _tell_github(self, job: GitHubJob, run: Run, console: Console) -> None:
        """Write annotations, summary and outputs; a runner that takes none of them fails nothing."""
        from audctl.render.reports.to_github import github, output_lines, outputs
        from audctl.render.reports.to_markdown import step_summary

        if self._token:
            console.say([f"::{self._token}::"])
        if not any(each.format == "github" for each in self.requests):
            # Beside the talk, which the runner reads as well: stdout may be one JSON document.
            console.say("".join(github(run)).splitlines())
        try:
            if job.summary is not None:
                room = SUMMARY_BYTES - (job.summary.stat().st_size if job.summary.exists() else 0)
                if room > _SMALLEST_SUMMARY:
                    append_to(job.summary, step_summary(run, room))
            if job.output is not None:
                lines = output_lines(outputs(run), f"audctl_{secrets.token_hex(16)}")
                append_to(job.output, "".join(f"{line}\n" for line in lines))
        except OSError as error:
            console.tell(f"warning: the step's summary or outputs: {error.strerror}")


_SMALLEST_SUMMARY = 4 * 1024
"""Bytes: in less there is no room for a headline."""


def _written(request: ReportRequest, run: Run, console: Console) -> bool:
    """Write one report; say so and return False when that fails, whatever the reason: others are still to come."""
    from audctl.render.reports import FORMATS

    try:
        parts = FORMATS[request.format].write(run)
        if request.file == STDOUT:
            console.stdout.write("\n".join(parts))
            console.stdout.flush()
        elif len(parts) > 1 or request.format.startswith("markdown"):
            write_parts(Path(request.file), parts)
        else:
            write_file(Path(request.file), parts[0])
    except OSError as error:
        console.tell(f"error: report {request.format}={request.file}: {error.strerror or error}")
        return False
    except Exception as error:  # noqa: BLE001 - a fault in one format must not cost the other reports
        console.tell(f"error: report {request.format}={request.file} cannot be made")
        tell_unexpected(error, console)
        return False
    return True


def folder_in_repository(root: Path) -> str:
    """Return a project's folder as seen from the root of its Git repository; empty without one."""
    folder = root.absolute()
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            relative = folder.relative_to(above).as_posix()
            return "" if relative == "." else relative
    return ""
