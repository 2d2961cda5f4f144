"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Console, Output

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="PATH",
        help="audctl.yaml, or the folder it is in; otherwise it is looked for upward from here.",
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME",
        help="Environment of the project; otherwise AUDCTL_ENV, then the project's default.",
    ),
]
OutputOption = Annotated[
    Output, typer.Option("--output", metavar="text|json", help="Form of the result on stdout.")
]
AdoptOption = Annotated[
    bool,
    typer.Option("--adopt", help="Take over objects that exist already and that nobody owns."),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GUARD:ADDRESS",
        help="Let one step through a guard that refused it; may be repeated.",
    ),
]
DetailedExitCodeOption = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are differences.")
]


def console_of(context: typer.Context, output: Output) -> Console:
    """Return the run's console, set to the form the command was asked for."""
    console = context.obj
    assert isinstance(console, Console)
    console.output = output
    return console
