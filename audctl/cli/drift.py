"""``audctl drift``."""

from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.options import (
    EnvironmentOption,
    ExcludeOption,
    OnlyOption,
    OutputOption,
    ProjectOption,
    ReportOption,
    reporting_console,
    selection_of,
)
from audctl.model.report import DriftResult
from audctl.render import to_json
from audctl.render.to_terminal import drift as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_CODES = {
    DriftResult.SAME: ExitCode.DONE,
    DriftResult.DIFFERENT: ExitCode.DIFFERENCES,
    DriftResult.UNKNOWN: ExitCode.ERROR,
}


@app.command()
def drift(
    context: typer.Context,
    since_apply: Annotated[
        bool,
        typer.Option(
            "--since-apply",
            help="Only what changed after audctl's newest write, or nobody knows when.",
        ),
    ] = False,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """Show what someone else changed since the last apply.

    Compares what audctl last wrote with what is live now, for every object audctl owns; observed objects are compared
    with their manifests. Writes nothing. Exit code 2 when anything differs live, 1 when anything could not be read;
    a manifest that only waits for an apply, and people who are still being moved, are shown and change neither.

    Example: audctl drift --env prod --since-apply --exclude team=crm
    """
    from audctl.operations import drift as operation

    console = reporting_console(context, output, reports)
    with stop_on_signals(console.stderr) as stop:
        found = operation.drift(
            console.context(project, environment, stop),
            selection=selection_of(only, exclude),
            since_apply=since_apply,
        )
    console.result(
        lambda paint: to_terminal.drift(found, paint), lambda: to_json.drift(found), of=found
    )
    return _CODES[found.result]
