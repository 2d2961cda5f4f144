"""``audctl status``."""

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.metrics_file import PrometheusOption, metrics_file
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
from audctl.render import status_json
from audctl.render.to_terminal import status as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def status(
    context: typer.Context,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    prometheus: PrometheusOption = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """Show how each binding stands, and how fresh its people are.

    For every import and export: whether its definition is in place, whether its workflows run, when it was last
    synchronised, how many people are on both sides, and whether that is as fresh as its manifest asks for. Writes
    nothing to any live system. Exit code 7 when anything is overdue, 1 when anything could not be read.

    Example: audctl status --env prod --prometheus /var/lib/node_exporter/audctl.prom
    """
    from audctl.operations import status as operation

    console = reporting_console(context, output, reports, prometheus)
    selection = selection_of(only, exclude)
    with (
        stop_on_signals(console.stderr) as stop,
        metrics_file(prometheus, console.context(project, environment, stop)) as (at, metrics),
    ):
        found = operation.status(at, selection=selection)
        if metrics is not None:
            metrics.write(found)
    console.result(
        lambda paint: to_terminal.status(found, paint),
        lambda: status_json.status(found),
        of=found,
    )
    return exit_codes.of_status(found)
