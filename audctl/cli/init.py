"""``audctl init``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, console_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The project's folder; made when missing.")
    ] = Path(),
    output: OutputOption = Output.TEXT,
) -> int:
    """Begin a project that works at once, against the sandbox.

    Writes audctl.yaml, manifests of one small example and a .gitignore. Never over what exists: then it says what is in
    the way, and nothing is written.

    Example: audctl init audiences
    """
    from audctl.operations.init import init as operation
    from audctl.render.started import started, started_to_json

    console = console_of(context, output)
    report = operation(folder)
    console.result(lambda paint: started(report, paint), lambda: started_to_json(report))
    return ExitCode.DONE
