"""``audctl ledger import``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.ledger.editing import AutoApproveOption, DryRunOption, check_answerable, edit
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="From audctl ledger export."
        ),
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also in place of a ledger that has something.")
    ] = False,
    auto_approve: AutoApproveOption = False,
    dry_run: DryRunOption = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Put an exported ledger in place of the stored one.

    Only a whole file of this project and this environment, and nothing in it may belong to another project by now.
    Shows what becomes of each entry, and asks. The stored ledger has to be empty, unless --overwrite is given.

    Example: audctl ledger import ledger.json --env prod
    """
    from audctl.operations.ledger.transfer import ledger_import

    console = console_of(context, output)
    check_answerable(console, auto_approve=auto_approve, dry_run=dry_run)
    at = console.context(project, environment)
    return edit(
        console,
        lambda approve: ledger_import(at, file, overwrite=overwrite, approve=approve),
        auto_approve=auto_approve,
        dry_run=dry_run,
    )
