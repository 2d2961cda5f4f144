"""``audctl ledger show``."""

from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def show(
    context: typer.Context,
    address: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS",
            help="A resource (Audience/cart), or one of its objects (Audience/cart#aam.segment).",
        ),
    ],
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show all the ledger knows of one resource or object.

    Its live id, the fields as last applied, what protects it, when its manifest went away, and a create whose end
    nobody recorded. Of secrets only the names: their prints are nobody's business.

    Example: audctl ledger show Audience/cart-abandoners --env prod
    """
    from audctl import operations
    from audctl.render import to_json, to_terminal

    console = console_of(context, output)
    found = operations.ledger_show(console.context(project, environment), address)
    console.result(
        lambda paint: to_terminal.ledger_excerpt(found, paint),
        lambda: to_json.ledger_excerpt(found),
    )
    return ExitCode.DONE
