"""``audctl show``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, console_of
from audctl.render import to_terminal

app = typer.Typer(rich_markup_mode=None)


@app.command()
def show(
    context: typer.Context,
    plan_file: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A plan from plan --out."),
    ],
    output: OutputOption = Output.TEXT,
) -> int:
    """Show a plan that was written to a file.

    Reads the file only: neither the manifests nor a live system.

    Example: audctl show plan.json
    """
    from audctl.plan.plan_file import read_plan
    from audctl.plan.plan_json import plan_to_json

    console = console_of(context, output)
    plan = read_plan(plan_file)
    console.result(lambda paint: to_terminal.plan(plan, paint), lambda: plan_to_json(plan))
    return ExitCode.DONE
