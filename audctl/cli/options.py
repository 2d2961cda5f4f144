"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Console, Output
from audctl.errors import UsageError
from audctl.model.selection import Selection

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
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PATTERN",
        help="Only what fits: an address glob ('Audience/cart-*', 'List/*#campaign.list') or a "
        "label (team, team=crm); may be repeated.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PATTERN",
        help="Nothing that fits, whatever --only says; patterns as for --only; may be repeated.",
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


def selection_of(only: list[str] | None, exclude: list[str] | None) -> Selection:
    """Return the selection, in an order that does not depend on how it was typed; UsageError for an empty pattern."""
    for option, patterns in (("--only", only), ("--exclude", exclude)):
        if any(not each.strip() for each in patterns or ()):
            raise UsageError(f"{option} needs a pattern; an empty one fits nothing")
    return Selection(only=tuple(sorted(set(only or ()))), exclude=tuple(sorted(set(exclude or ()))))
