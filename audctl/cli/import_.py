"""``audctl import``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of
from audctl.errors import UsageError
from audctl.render.to_terminal import imported as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="import")
def import_(
    context: typer.Context,
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[GLOB]...",
            help="Addresses, types, labels or keys of what to import; otherwise everything nobody owns.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder for new files; otherwise the project's first folder of manifests.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which files would be written; write none.")
    ] = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Let each new manifest take its objects over with the next apply."
        ),
    ] = False,
    observe: Annotated[
        bool,
        typer.Option(
            "--observe", help="Let each new manifest only look: it reports, it never writes."
        ),
    ] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Bring values that changed live into existing manifests; comments and order stay.",
        ),
    ] = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Write manifests for what is live.

    One file for each resource, references by name. Objects that manifests cannot express are listed with the reason.
    What a manifest means already is not written again, and no existing file is changed without --update. Afterwards
    the files are read and planned with: exit code 1 when that finds anything but objects to adopt. Nothing live is
    written, and nothing is owned before an apply with --adopt.

    Example: audctl import 'Audience/cart-*' --out imported --dry-run
    """
    from audctl.operations.import_ import ImportOptions, import_live
    from audctl.render.imported_json import imported_to_json

    if adopt and observe:
        raise UsageError(
            "--adopt and --observe exclude each other: what is only looked at is never owned"
        )
    console = console_of(context, output)
    options = ImportOptions(
        patterns=tuple(patterns or ()),
        out=out,
        adopt=adopt,
        observe=observe,
        update=update,
        dry_run=dry_run,
    )
    with stop_on_signals(console.stderr) as stop:
        report = import_live(console.context(project, environment, stop), options)
    console.result(
        lambda paint: to_terminal.imported(report, paint), lambda: imported_to_json(report)
    )
    return exit_codes.of_findings(report.findings)
