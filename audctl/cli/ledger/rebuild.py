"""``audctl ledger rebuild``."""

import typer

from audctl.cli.console import Output
from audctl.cli.ledger.editing import AutoApproveOption, DryRunOption, check_answerable, edit
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def rebuild(
    context: typer.Context,
    auto_approve: AutoApproveOption = False,
    dry_run: DryRunOption = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Make a lost ledger anew from the manifests and what is live.

    Finds the live object of each manifest by its key, shows what would be claimed, asks, and records it with its fields
    as they are live now. What another project owns is never claimed, and what the ledger has already stays as it is.
    Objects whose manifests are gone cannot be found this way: audctl unmanaged lists them.

    Example: audctl ledger rebuild --env prod --dry-run
    """
    from audctl.operations.ledger.rebuild import ledger_rebuild

    console = console_of(context, output)
    check_answerable(console, auto_approve=auto_approve, dry_run=dry_run)
    at = console.context(project, environment)
    return edit(
        console,
        lambda approve: ledger_rebuild(at, approve=approve),
        auto_approve=auto_approve,
        dry_run=dry_run,
    )
