"""``audctl ledger unlock``."""

from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def unlock(
    context: typer.Context,
    token: Annotated[
        str,
        typer.Option(
            "--token",
            metavar="TOKEN",
            help="Of the lock that is meant, as the message of whoever met it shows it.",
        ),
    ] = "",
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Take the lock away from whoever holds it.

    For a lock whose holder is gone; one that is not prolonged ends by itself after ten minutes. Whoever loses a lock
    this way while still at work stops before the next write to the ledger, or within half a minute. Without the right
    token nothing happens: exit code 6, with who holds it.

    Example: audctl ledger unlock --token 0123456789abcdef0123456789abcdef --env prod
    """
    from audctl.operations.ledger.unlock import ledger_unlock
    from audctl.render import to_json
    from audctl.render.to_terminal import ledger as to_terminal

    console = console_of(context, output)
    broken = ledger_unlock(console.context(project, environment), token)
    console.result(
        lambda paint: to_terminal.unlocked(broken, paint), lambda: to_json.unlocked(broken)
    )
    return ExitCode.DONE
