"""``audctl plan``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.options import (
    AdoptOption,
    AllowOption,
    DetailedExitCodeOption,
    EnvironmentOption,
    ExcludeOption,
    ExpectDigestOption,
    OnlyOption,
    OutputOption,
    ProjectOption,
    ReportOption,
    check_expected,
    reporting_console,
    selection_of,
)
from audctl.errors import StalePlanError, UsageError
from audctl.render.to_terminal import plan as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def plan(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the plan to FILE, for apply FILE."),
    ] = None,
    match_rate: Annotated[
        bool,
        typer.Option(
            "--match-rate",
            help="Tell how many of those who would cross each binding that changes are known on the other side.",
        ),
    ] = False,
    adopt: AdoptOption = False,
    allow: AllowOption = None,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    expect_digest: ExpectDigestOption = None,
    detailed_exitcode: DetailedExitCodeOption = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """Show what apply would change, and why.

    Reads both live systems and the ledger, changes nothing. Each field change says whether the manifest or
    someone outside audctl is its cause. Exit code 3 when a guard refuses the plan; with --expect-digest, exit code 4
    when it is not the plan that was approved: shown and written all the same.

    Example: audctl plan --env prod --out plan.json --detailed-exitcode
    """
    from audctl.operations import plan as operation
    from audctl.plan.options import PlanOptions
    from audctl.plan.plan_file import write_plan
    from audctl.plan.plan_json import plan_to_json

    console = reporting_console(context, output, reports, out)
    check_expected(expect_digest)
    if out is not None:
        _check_writable(out)
    options = PlanOptions(
        adopt=adopt, allowed=frozenset(allow or ()), selection=selection_of(only, exclude)
    )
    with stop_on_signals(console.stderr) as stop:
        made = operation.plan(
            console.context(project, environment, stop), options=options, measures=match_rate
        )
    console.result(lambda paint: to_terminal.plan(made, paint), lambda: plan_to_json(made), of=made)
    if out is not None:
        write_plan(made, out)
        console.name_plan(out)
        console.tell(f"plan written to {out}")
    codes = [exit_codes.of_plan(made, detailed=detailed_exitcode)]
    if expect_digest is not None and made.digest != expect_digest:
        stale = StalePlanError(
            f"the plan has digest {made.digest}, not the expected {expect_digest}"
        )
        console.tell(f"error: {stale}")
        console.record_failure(stale)
        codes.append(exit_codes.ExitCode.STALE)
    return exit_codes.worst(codes)


def _check_writable(out: Path) -> None:
    """Raise UsageError before anything is read, for what can be seen of the path."""
    if out.is_dir():
        raise UsageError(f"--out {out}: that is a folder; name a file in it")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.absolute().parent}")
