"""``audctl doctor``."""

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of
from audctl.render import to_json
from audctl.render.to_terminal import checks as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(
    context: typer.Context,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Check sign-in, rights and prerequisites of both live systems.

    Signs in, looks for every Campaign schema and attribute that audctl is set to use, for both external
    accounts, for both technical workflows and for the data source ids. Tries the ledger's store out with an entry that
    it removes again; changes nothing else. Exit code 1 when a check fails.

    Example: audctl doctor --env prod
    """
    from audctl.operations import doctor as operation

    console = console_of(context, output)
    with stop_on_signals(console.stderr) as stop:
        report = operation.doctor(console.context(project, environment, stop))
    console.result(lambda paint: to_terminal.doctor(report, paint), lambda: to_json.doctor(report))
    return ExitCode.DONE if report.is_healthy else ExitCode.ERROR
