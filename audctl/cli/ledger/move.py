"""``audctl ledger mv``."""

from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.ledger.editing import edit
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def move(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A resource, or one of its objects.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its other name, of the same kind.")],
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Give what is owned another name, without touching anything live.

    For what metadata.previousNames cannot say any more; where it can, it is the better way: it is reviewed. Says what
    the next plan would make of it when the manifests do not follow.

    Example: audctl ledger mv Audience/cart Audience/cart-abandoners --env prod
    """
    from audctl.operations.ledger.move import ledger_move

    console = console_of(context, output)
    at = console.context(project, environment)
    return edit(
        console,
        lambda approve: ledger_move(at, old, new, approve=approve),
        auto_approve=True,
    )
