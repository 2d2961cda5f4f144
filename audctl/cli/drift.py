"""``audctl drift``."""

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode, worst
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of
from audctl.render import to_json, to_terminal

app = typer.Typer(rich_markup_mode=None)


@app.command()
def drift(
    context: typer.Context,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show what someone else changed since the last apply.

    Compares what audctl last wrote with what is live now, for every object audctl owns; the manifests play no
    part. Exit code 2 when anything differs, 1 when anything could not be read.

    Example: audctl drift --env prod --output json
    """
    from audctl import operations

    console = console_of(context, output)
    report = operations.drift(console.context(project, environment))
    console.result(lambda paint: to_terminal.drift(report, paint), lambda: to_json.drift(report))
    codes = [ExitCode.DIFFERENCES] if report.items else []
    if report.unknown:
        codes.append(ExitCode.ERROR)
    return worst(codes)
