"""``audctl unmanaged``."""

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.options import (
    EnvironmentOption,
    OutputOption,
    ProjectOption,
    ReportOption,
    reporting_console,
)
from audctl.render import to_json
from audctl.render.to_terminal import inventory as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def unmanaged(
    context: typer.Context,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """List live objects that no manifest and no ledger owns.

    audctl never writes to them. What the systems make by themselves is left out.

    Example: audctl unmanaged --env prod
    """
    from audctl.operations import unmanaged as operation

    console = reporting_console(context, output, reports)
    with stop_on_signals(console.stderr) as stop:
        found = operation.unmanaged(console.context(project, environment, stop))
    console.result(
        lambda paint: to_terminal.unmanaged(found, paint),
        lambda: to_json.unmanaged(found),
        of=found,
    )
    return ExitCode.DONE
