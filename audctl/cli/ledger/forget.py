"""``audctl ledger forget``."""

from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.ledger.editing import AutoApproveOption, DryRunOption, check_answerable, edit
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def forget(
    context: typer.Context,
    addresses: Annotated[
        list[str],
        typer.Argument(
            metavar="ADDRESS...",
            help="Resources or objects, also as globs: Audience/cart, 'Audience/cart-*', 'List/*#campaign.list'.",
        ),
    ],
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="protect:ADDRESS",
            help="Let the ledger forget a protected resource; may be repeated.",
        ),
    ] = None,
    auto_approve: AutoApproveOption = False,
    dry_run: DryRunOption = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Let go of what is owned, without touching anything live.

    It stays live and is nobody's; a create whose end nobody recorded is forgotten as well. Shows what it is about and
    asks. What is protected is refused with exit code 3, unless --allow names it. An entry of spec.removed with action
    forget does the same in a plan, for review.

    Example: audctl ledger forget 'Audience/spring-*' --env prod
    """
    from audctl.operations.ledger.forget import ledger_forget

    console = console_of(context, output)
    check_answerable(console, auto_approve=auto_approve, dry_run=dry_run)
    at = console.context(project, environment)
    return edit(
        console,
        lambda approve: ledger_forget(
            at, addresses, allowed=frozenset(allow or ()), approve=approve
        ),
        auto_approve=auto_approve,
        dry_run=dry_run,
    )
