"""``audctl ledger export``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import EnvironmentOption, ProjectOption, console_of
from audctl.errors import LedgerError

OWNER_ONLY = 0o600


def export(
    context: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            dir_okay=False,
            help="File to write, readable by its owner only; otherwise it goes to stdout.",
        ),
    ] = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
) -> int:
    """Write the whole ledger as JSON, for a backup or for another store.

    Equal ledgers give equal files, an entry a line, with a digest over all of it; schemas/ledger.schema.json describes
    them. No secret is in it, only salted prints.

    Example: audctl ledger export --env prod --out ledger.json
    """
    from audctl.cli.report_files import replace_file
    from audctl.operations.ledger.transfer import ledger_export
    from audctl.render.ledger_json import document_lines

    console = console_of(context, Output.TEXT)
    document = ledger_export(console.context(project, environment))
    if out is None:
        console.result(lambda _: document_lines(document), lambda: document)
        return ExitCode.DONE
    try:
        content = "".join(f"{line}\n" for line in document_lines(document))
        replace_file(out, content.encode(), OWNER_ONLY)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}") from error
    console.tell(f"written to {out}: {len(document['entries'])} owned, serial {document['serial']}")
    return ExitCode.DONE
