"""``--prometheus FILE``: status as metrics, where a node exporter's text-file collector finds them.

The file is replaced as a whole, under a temporary name that no collector reads (they read ``*.prom``). Anybody on the
machine may read it, because the exporter runs as a user of its own; it holds no secret, no person and no small count.
It is written whatever a look came to: one that failed as a whole leaves no old numbers behind.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli.report_files import replace_file
from audctl.errors import AudctlError, InterruptedRun, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.status import StatusReport
    from audctl.operations.context import Context

READABLE = 0o644
"""Whatever the umask: cron's is often strict, and then no exporter could read it."""

PrometheusOption = Annotated[
    Path | None,
    typer.Option(
        "--prometheus",
        metavar="FILE",
        help="Write metrics as well, for a node exporter's text-file collector; the name should end in .prom.",
    ),
]


@dataclass(kw_only=True)
class MetricsFile:
    """The file, once a command knows whom it is about."""

    path: Path
    project: str = ""
    environment: str = ""

    def write(self, report: StatusReport) -> None:
        """Write what a look showed."""
        from audctl.render.prometheus import metrics

        try:
            replace_file(self.path, metrics(report), READABLE)
        except OSError as error:
            raise AudctlError(f"--prometheus {self.path}: {error.strerror or error}") from error

    def write_failure(self) -> None:
        """Write that a look failed, if it is known whose."""
        from audctl.render.prometheus import metrics_of_failure

        if self.project:
            at = datetime.now(UTC).timestamp()
            content = metrics_of_failure(self.project, self.environment, at)
            replace_file(self.path, content, READABLE)


@contextmanager
def metrics_file(
    path: Path | None, context: Context
) -> Iterator[tuple[Context, MetricsFile | None]]:
    """Give the context that tells the file whose metrics it holds; write the failure of what raises in the block."""
    if path is None:
        yield context, None
        return
    _check(path)
    file = MetricsFile(path=path)

    def located(root: Path, project: str, environment: str) -> None:
        file.project, file.environment = project, environment
        context.located(root, project, environment)

    try:
        yield replace(context, located=located), file
    except (InterruptedRun, UsageError):
        raise  # nothing failed to be read: what the last look showed still holds
    except AudctlError as error:
        try:
            file.write_failure()
        except OSError as failure:
            raise error from failure
        raise


def _check(path: Path) -> None:
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        raise UsageError(f"--prometheus {path}: it needs a file in a folder that exists")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--prometheus {path}: {folder} cannot be written to")
