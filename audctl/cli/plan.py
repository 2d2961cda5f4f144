"""``audctl plan``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.options import (
    AdoptOption,
    AllowOption,
    DetailedExitCodeOption,
    EnvironmentOption,
    ExcludeOption,
    OnlyOption,
    OutputOption,
    ProjectOption,
    console_of,
    selection_of,
)
from audctl.errors import UsageError
from audctl.render import to_terminal

app = typer.Typer(rich_markup_mode=None)


@app.command()
def plan(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the plan to FILE, for apply FILE."),
    ] = None,
    adopt: AdoptOption = False,
    allow: AllowOption = None,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    detailed_exitcode: DetailedExitCodeOption = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show what apply would change, and why.

    Reads both live systems and the ledger, changes nothing. Each field change says whether the manifest or
    someone outside audctl is its cause. Exit code 3 when a guard refuses the plan.

    Example: audctl plan --env prod --out plan.json --detailed-exitcode
    """
    from audctl import operations
    from audctl.plan.options import PlanOptions
    from audctl.plan.plan_file import write_plan
    from audctl.plan.plan_json import plan_to_json

    console = console_of(context, output)
    if out is not None:
        _check_writable(out)
    options = PlanOptions(
        adopt=adopt, allowed=frozenset(allow or ()), selection=selection_of(only, exclude)
    )
    made = operations.plan(console.context(project, environment), options=options)
    console.result(lambda paint: to_terminal.plan(made, paint), lambda: plan_to_json(made))
    if out is not None:
        write_plan(made, out)
        console.tell(f"plan written to {out}")
    return exit_codes.of_plan(made, detailed=detailed_exitcode)


def _check_writable(out: Path) -> None:
    """Raise UsageError before anything is read, for what can be seen of the path."""
    if out.is_dir():
        raise UsageError(f"--out {out}: that is a folder; name a file in it")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.absolute().parent}")
