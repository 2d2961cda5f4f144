"""``audctl schema``."""

from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, console_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def schema(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(metavar="KIND", help="For example Audience; Project is one too."),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Print the JSON Schema of a kind.

    One self-contained document (JSON Schema 2020-12), for editors and other tools. Without KIND it lists the
    kinds.

    Example: audctl schema Audience > audience.schema.json
    """
    from audctl.cli.schema_fields import bundled_schema
    from audctl.manifest.schemas import schema_kinds

    console = console_of(context, output)
    if kind is None:
        console.result(lambda _: schema_kinds(), lambda: list(schema_kinds()))
        return ExitCode.DONE
    document = bundled_schema(kind)
    console.output = Output.JSON  # a schema has no other form
    console.result(lambda _: (), lambda: document)
    return ExitCode.DONE
