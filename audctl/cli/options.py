"""Options that several commands share."""

import re
from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Console, Output
from audctl.errors import UsageError
from audctl.model.selection import Selection

ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="PATH",
        help="audctl.yaml, or the folder it is in; otherwise it is looked for upward from here.",
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME",
        help="Environment of the project; otherwise AUDCTL_ENV, then the project's default.",
    ),
]
OutputOption = Annotated[
    Output, typer.Option("--output", metavar="text|json", help="Form of the result on stdout.")
]
AdoptOption = Annotated[
    bool,
    typer.Option("--adopt", help="Take over objects that exist already and that nobody owns."),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GUARD:ADDRESS",
        help="Let one step through a guard that refused it; may be repeated.",
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PATTERN",
        help="Only what fits: an address glob ('Audience/cart-*', 'List/*#campaign.list') or a "
        "label (team, team=crm); may be repeated.",
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PATTERN",
        help="Nothing that fits, whatever --only says; patterns as for --only; may be repeated.",
    ),
]
ExpectDigestOption = Annotated[
    str | None,
    typer.Option(
        "--expect-digest",
        metavar="DIGEST",
        help="End with exit code 4 unless the plan has this digest, all 64 characters of it.",
    ),
]
DetailedExitCodeOption = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are differences.")
]


_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_expected(digest: str | None) -> None:
    """Raise UsageError for a digest that no plan can have: it was cut, mistyped, or never filled in by a script."""
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise UsageError(
            "--expect-digest needs a digest as plan prints it, 64 characters of 0-9 and a-f; "
            f'"{digest}" is none'
        )


ReportOption = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Write a report as well, also when the run fails: text, json, markdown, html, sarif, junit, "
        "gitlab-terraform, codequality or github; - is stdout; may be repeated.",
    ),
]


def console_of(context: typer.Context, output: Output) -> Console:
    """Return the run's console, set to the form the command was asked for."""
    console = context.obj
    assert isinstance(console, Console)
    console.output = output
    return console


def reporting_console(
    context: typer.Context, output: Output, reports: list[str] | None, *written: Path | None
) -> Console:
    """Return the run's console for a command that takes ``--report``; UsageError for reports nobody could write.

    ``written`` are the files that the command writes by itself.
    """
    from audctl.cli.report_files import STDOUT, parse_requests
    from audctl.cli.reporting import Reporting

    console = console_of(context, output)
    command = context.command.name or ""
    requests = parse_requests(reports or (), command, filter(None, written))
    if console.wants_json and any(each.file == STDOUT for each in requests):
        raise UsageError("--report to stdout and --output json want the same place: leave one away")
    console.reporting = Reporting(
        command=command, requests=requests, github=console.settings.github
    )
    console.reporting.begin(console)
    return console


def selection_of(only: list[str] | None, exclude: list[str] | None) -> Selection:
    """Return the selection, in an order that does not depend on how it was typed; UsageError for an empty pattern."""
    for option, patterns in (("--only", only), ("--exclude", exclude)):
        if any(not each.strip() for each in patterns or ()):
            raise UsageError(f"{option} needs a pattern; an empty one fits nothing")
    return Selection(only=tuple(sorted(set(only or ()))), exclude=tuple(sorted(set(exclude or ()))))
