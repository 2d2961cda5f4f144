"""The command line as a whole: which commands there are, and what a run of one comes to."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from audctl import __version__
from audctl.cli.console import open_console
from audctl.cli.failures import guarded, with_reports
from audctl.cli.interrupt import terminate_as_interrupt
from audctl.errors import InterruptedRun
from audctl.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    # Typer carries its own copy of Click and names these types nowhere else.
    from typer._click import Context as ClickContext
    from typer._click import HelpFormatter
    from typer._click.core import Command as ClickCommand

    from audctl.cli.console import Console


class CommandEntry(NamedTuple):
    """One command of the table below."""

    module: str
    """Of this package; has a Typer ``app`` with the command, or with the group of commands."""
    summary: str
    """One line for the list of commands; must be the first line of the command's own help."""


COMMANDS = {
    "init": CommandEntry("init", "Begin a project that works at once, against the sandbox."),
    "validate": CommandEntry("validate", "Check the manifests, without a call to any live system."),
    "plan": CommandEntry("plan", "Show what apply would change, and why."),
    "apply": CommandEntry("apply", "Make the live systems what the manifests say."),
    "drift": CommandEntry("drift", "Show what someone else changed since the last apply."),
    "status": CommandEntry("status", "Show how each binding stands, and how fresh its people are."),
    "wait": CommandEntry("wait", "Wait until people have come since the last apply."),
    "show": CommandEntry("show", "Show a plan that was written to a file."),
    "doctor": CommandEntry(
        "doctor", "Check sign-in, rights and prerequisites of both live systems."
    ),
    "unmanaged": CommandEntry(
        "unmanaged", "List live objects that no manifest and no ledger owns."
    ),
    "import": CommandEntry("import_", "Write manifests for what is live."),
    "ledger": CommandEntry("ledger", "Look after audctl's record of what it owns."),
    "exchange": CommandEntry(
        "exchange", "Match members of audiences with the people that Campaign knows."
    ),
    "graph": CommandEntry("graph", "Show the resources and what they refer to."),
    "fmt": CommandEntry("fmt", "Bring manifests into canonical form; what they say stays."),
    "explain": CommandEntry("explain", "Explain a kind, one of its fields, or a finding code."),
    "schema": CommandEntry("schema", "Print the JSON Schema of a kind."),
    "sandbox": CommandEntry("sandbox", "Run the local stand-in for the Adobe services."),
}
"""Every command, in the order of the help text. A table rather than imports: see the package's docstring."""


class LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is called, not before."""

    def list_commands(self, ctx: ClickContext) -> list[str]:
        """Return all names, in the table's order."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: ClickContext, cmd_name: str) -> ClickCommand | None:
        """Import and return a command, or None for a name that is not in the table."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            # The base class makes its suggestions from these names.
            self.commands = {name: TyperCommand(name) for name in COMMANDS}
            return None
        command = get_command(importlib.import_module(f"audctl.cli.{entry.module}").app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: ClickContext) -> object:
        """Run the command; an interrupt is an error like others, with its message also where JSON is due.

        Left to Typer, it would end the run with the right code and without a word.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise InterruptedRun("interrupted") from error

    def format_commands(self, ctx: ClickContext, formatter: HelpFormatter) -> None:
        """Write the list of commands from the table, so that help imports none of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, pretty_exceptions_enable=False)


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"audctl {__version__}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001 - its callback does the work
        False,
        "--version",
        callback=_print_version,
        is_eager=True,
        help="Show the version and exit.",
    ),
) -> int:
    """Audiences shared between Adobe Campaign and Adobe Experience Cloud, as code.

    Example: audctl plan --env prod --out plan.json && audctl apply plan.json --env prod
    """
    context.obj.command = context.invoked_subcommand or ""
    if context.invoked_subcommand is None:
        sys.stderr.write(context.get_help() + "\n")
        return 64
    return 0


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Run one command line and return its exit code; never raises for what a user can cause."""
    at = console or open_console(read_settings())
    with terminate_as_interrupt():
        code = guarded(
            lambda: get_command(app).main(
                args=list(arguments), prog_name="audctl", standalone_mode=False, obj=at
            ),
            at,
        )
        code = with_reports(code, at)
        at.end_spans(code)
        return code
