"""``audctl exchange inspect``."""

from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.exchange.options import (
    MemoryOption,
    engine_of,
    showing,
)
from audctl.cli.options import (
    EnvironmentOption,
    OutputOption,
    ProjectOption,
    console_of,
)


def inspect_file(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A file, or a folder with a result, or either in s3://bucket/….",
            show_default=False,
        ),
    ],
    memory: MemoryOption = "",
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Say what a file is, and whether it can be used as that.

    Outbound files and their control files, inbound files and id files are told by their names and looked through; a
    result, or a file of it, is held to its manifest. Shows counts, never an id. Needs no project, unless that says how
    the bucket is reached. Exit code 1 when it is not usable.

    Example: audctl exchange inspect s3_4200_5001_full_1767225600000.sync.gz
    """
    from audctl.operations.exchange.inspect import exchange_inspect
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, output)
    with showing(console) as told:
        found = exchange_inspect(
            console.context(project, environment), file, engine_of(memory, None, None), told
        )
    console.result(
        lambda paint: to_terminal.inspection(found, paint), lambda: exchange_json.inspection(found)
    )
    return exit_codes.ExitCode.DONE if found.is_usable else exit_codes.ExitCode.ERROR
