"""``audctl fmt``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Console, Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, ProjectOption, console_of
from audctl.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_STDIN = Path("-")


@app.command()
def fmt(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Files, and folders with all below them; - is stdin; otherwise the whole project.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit with 2 when a file would be rewritten."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would be rewritten.")
    ] = False,
    project: ProjectOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Bring manifests into canonical form; what they say stays.

    Keys in the schema's order, indents, quotes, line ends. Comments stay with what they are about; rules, items of
    lists and names that people give stay where they are. Names the files it rewrites. A file that is wrong as YAML
    stays as it is: exit code 1.

    Example: audctl fmt --check
    """
    from audctl.operations.formatting import format_files, format_stdin
    from audctl.render.formatted_json import formatted_to_json
    from audctl.render.to_terminal.findings import findings
    from audctl.render.to_terminal.formatted import formatted, formatted_in_short

    console = console_of(context, output)
    from_stdin = _STDIN in (paths or ())
    if from_stdin and len(paths or ()) > 1:
        raise UsageError("- is the only PATH where it is one")
    if paths and project is not None:
        raise UsageError("--project names all its files: leave it or the PATHs away")
    shows_text = from_stdin and not (check or diff)
    if shows_text and console.wants_json:
        raise UsageError("fmt - writes manifests to stdout: --output json needs --check or --diff")
    if from_stdin:
        report = format_stdin(_read(console))
    else:
        report = format_files(tuple(paths or ()), project, write=not (check or diff))
    if shows_text:
        for each in report.files:
            console.hand_on(each.after)
    else:
        console.result(
            lambda paint: formatted(report, paint, diff=diff),
            lambda: formatted_to_json(report, diff=diff),
        )
    if not console.wants_json:
        console.say(findings(report.findings, console.paint(console.stderr)))
        if not shows_text:
            console.tell(formatted_in_short(report))
    codes = [exit_codes.of_findings(report.findings)]
    if check and report.differing:
        codes.append(ExitCode.DIFFERENCES)
    return exit_codes.worst(codes)


def _read(console: Console) -> bytes:
    from audctl.manifest.yaml_tree import MAX_FILE_BYTES

    stream = getattr(console.stdin, "buffer", None)
    if stream is None:
        return console.stdin.read().encode()
    data = stream.read(MAX_FILE_BYTES + 1)
    assert isinstance(data, bytes)
    return data
