"""``audctl ledger list``."""

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of


def list_entries(
    context: typer.Context,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """List every object audctl owns, and creates whose end is unknown.

    Example: audctl ledger list --env prod --output json
    """
    from audctl.operations.ledger.look import ledger_list
    from audctl.render import to_json
    from audctl.render.to_terminal import ledger as to_terminal

    console = console_of(context, output)
    content = ledger_list(console.context(project, environment))
    console.result(
        lambda paint: to_terminal.ledger(content, paint), lambda: to_json.ledger(content)
    )
    return ExitCode.DONE
