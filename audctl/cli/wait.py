"""``audctl wait``."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.metrics_file import PrometheusOption, metrics_file
from audctl.cli.options import (
    EnvironmentOption,
    ExcludeOption,
    OnlyOption,
    OutputOption,
    ProjectOption,
    console_of,
    selection_of,
)
from audctl.errors import UsageError
from audctl.model.duration import parse_duration
from audctl.render import status_json
from audctl.render.to_terminal import status as to_terminal

if TYPE_CHECKING:
    from audctl.operations.wait import Look

SHORTEST_INTERVAL = timedelta(seconds=1)
LONGEST_INTERVAL = timedelta(hours=1)
"""A look costs what a plan's read costs; one an hour is as often as Campaign itself looks."""
LONGEST_WAIT = timedelta(days=30)

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def wait(
    context: typer.Context,
    until_consistent: Annotated[  # noqa: ARG001 - says what is waited for, which is all there is
        bool,
        typer.Option(
            "--until-consistent",
            help="Wait for what apply has written to have its people; there is nothing else to wait for.",
        ),
    ] = True,
    timeout: Annotated[
        str,
        typer.Option("--timeout", metavar="TIME", help="Give up after this long: 90m, 60h, 3d."),
    ] = "60h",
    poll_interval: Annotated[
        str,
        typer.Option("--poll-interval", metavar="TIME", help="Time between two looks, 1s to 1h."),
    ] = "10m",
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    prometheus: PrometheusOption = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Wait until people have come since the last apply.

    Looks as audctl status does, again and again, until every selected binding has its definition in place and fresh
    people. Time goes by Campaign's clock. A look that fails is followed by the next one. Exit code 7 when time runs
    out first, with what is still waited for and until when; 1 when the last look could not read everything.

    Example: audctl wait --until-consistent --env prod --timeout 60h --only team=crm
    """
    from audctl.operations.wait import wait_until_consistent

    limit = _duration("--timeout", timeout, timedelta(minutes=0), LONGEST_WAIT)
    interval = _duration("--poll-interval", poll_interval, SHORTEST_INTERVAL, LONGEST_INTERVAL)
    console = console_of(context, output)
    selection = selection_of(only, exclude)
    with (
        stop_on_signals(console.stderr) as stop,
        metrics_file(prometheus, console.context(project, environment, stop)) as (at, metrics),
    ):

        def told(look: "Look") -> None:
            if metrics is not None and look.report is not None:
                metrics.write(look.report)
            if not look.over:
                console.progress().waiting(
                    to_terminal.waiting(look.report)
                    if look.report is not None
                    else to_terminal.look_failed(look.failure)
                )

        ended = wait_until_consistent(
            at, selection=selection, timeout=limit, interval=interval, told=told
        )
    report = ended.report
    console.result(
        lambda paint: to_terminal.waited(
            report, ended.lasted, timed_out=ended.timed_out, paint=paint
        ),
        lambda: status_json.waited(
            report, lasted=ended.lasted, looks=ended.looks, timed_out=ended.timed_out
        ),
    )
    return exit_codes.of_wait(report)


def _duration(option: str, text: str, shortest: timedelta, longest: timedelta) -> timedelta:
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if not shortest <= found <= longest:
        raise UsageError(
            f"{option} {text}: it may be from {int(shortest.total_seconds())}s to "
            f"{int(longest.total_seconds()) // 3600}h"
        )
    return found
