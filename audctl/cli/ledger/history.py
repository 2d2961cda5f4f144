"""``audctl ledger history``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def history(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--journals",
            metavar="DIR",
            help="Folder of journals; otherwise .audctl/runs beside the project file.",
        ),
    ] = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """List the runs that left a journal on this machine, newest first.

    With each run: when, of which project and environment, what it came to, and whether it still goes on. A run whose
    journal has no end was cut off. With --env only runs of that environment. Calls no live system.

    Example: audctl ledger history --env prod
    """
    from audctl.operations.journal import run_history
    from audctl.render import to_json
    from audctl.render.to_terminal import journal as to_terminal

    console = console_of(context, output)
    found = run_history(console.context(project, environment), folder)
    console.result(lambda paint: to_terminal.history(found, paint), lambda: to_json.history(found))
    return ExitCode.DONE
