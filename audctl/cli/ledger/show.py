"""``audctl ledger show``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli.console import Console, Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of
from audctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.operations.context import Context


def show(
    context: typer.Context,
    about: Annotated[
        str | None,
        typer.Argument(
            metavar="[ADDRESS|RUN]",
            help="A resource (Audience/cart), one of its objects (Audience/cart#aam.segment), or a run: its name, the "
            "start of it, or latest.",
            show_default=False,
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Of a run: go on until it ends, event by event.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="A journal that lies elsewhere, in place of RUN.",
        ),
    ] = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Show all the ledger knows of one resource or object, or what one run told.

    Of a resource: its live id, the fields as last applied, what protects it, when its manifest went away, and a create
    whose end nobody recorded. Of secrets only the names: their prints are nobody's business. Of a run: its journal,
    event by event; with --follow while it goes on, then with exit code 1 when it is cut off.

    Example: audctl ledger show Audience/cart-abandoners --env prod; audctl ledger show latest --follow
    """
    from audctl.operations.ledger.look import ledger_show
    from audctl.render import to_json
    from audctl.render.to_terminal import ledger as to_terminal

    console = console_of(context, output)
    if (about is None) is (journal is None):
        raise UsageError("name an address or a run, or a journal with --journal")
    if about is None or "/" not in about:
        with stop_on_signals(console.stderr) as stop:
            at = console.context(project, environment, stop)
            return _show_run(console, at, about or "", journal, follow=follow)
    if follow:
        raise UsageError("--follow is for runs; an address has nothing to wait for")
    found = ledger_show(console.context(project, environment), about)
    console.result(
        lambda paint: to_terminal.ledger_excerpt(found, paint),
        lambda: to_json.ledger_excerpt(found),
    )
    return ExitCode.DONE


def _show_run(
    console: Console, at: "Context", run: str, journal: Path | None, *, follow: bool
) -> int:
    from audctl.model.journal import EventType
    from audctl.operations.journal import run_events
    from audctl.render import to_json
    from audctl.render.to_terminal import journal as to_terminal

    events = run_events(at, run, journal, follow=follow)
    if console.wants_json and not follow:
        listed = [to_json.event(each) for each in events]
        console.result(lambda _: (), lambda: {"events": listed})
        return ExitCode.DONE
    paint = console.paint(console.stdout)
    last = ""

    def lines() -> "Iterator[str]":
        nonlocal last
        for each in events:
            last = each.type
            yield (
                json.dumps(to_json.event(each))
                if console.wants_json
                else to_terminal.event(each, paint)
            )

    console.flow(lines())
    if follow and last != EventType.SUMMARY:
        console.tell("the run was cut off: its journal has no end")
        return ExitCode.ERROR
    return ExitCode.DONE
