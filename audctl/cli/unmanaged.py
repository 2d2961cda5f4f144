"""``audctl unmanaged``."""

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of
from audctl.render import to_json, to_terminal

app = typer.Typer(rich_markup_mode=None)


@app.command()
def unmanaged(
    context: typer.Context,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """List live objects that no manifest and no ledger owns.

    audctl never writes to them. What the systems make by themselves is left out.

    Example: audctl unmanaged --env prod
    """
    from audctl import operations

    console = console_of(context, output)
    report = operations.unmanaged(console.context(project, environment))
    console.result(
        lambda paint: to_terminal.unmanaged(report, paint), lambda: to_json.unmanaged(report)
    )
    return ExitCode.DONE
