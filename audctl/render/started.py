"""A project that was begun: files, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.started import StartReport
    from audctl.render.paint import Paint


def started(report: StartReport, paint: Paint) -> Iterator[str]:
    """Give the files, then the next commands."""
    yield paint.bold(f"Project {printable(report.project)}")
    for each in report.files:
        yield f"  {paint.good('+')} {printable(each)}"
    yield ""
    yield "Next, against the sandbox inside audctl:"
    for each in report.commands:
        yield f"  {printable(each)}"


def started_to_json(report: StartReport) -> dict[str, object]:
    """Give ``{project, files, next}``."""
    return {
        "project": report.project,
        "files": list(report.files),
        "next": list(report.commands),
    }
