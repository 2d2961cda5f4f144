"""Commands of ``audctl sandbox`` that talk to one that runs: ``clock``, ``faults``, ``status``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, console_of
from audctl.errors import UnreachableError, UsageError
from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PortOption = Annotated[
    int, typer.Option("--port", min=1, max=65535, help="Port of the running sandbox.")
]
DEFAULT_PORT = 8765
FaultsFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON file of fault rules; - reads stdin.")
]

clock = typer.Typer(rich_markup_mode=None)
faults = typer.Typer(rich_markup_mode=None)


@clock.callback()
def about_clock() -> None:
    """Tell or move the clock of a running sandbox.

    Example: audctl sandbox clock advance 36h
    """


@clock.command()
def show(
    context: typer.Context, port: PortOption = DEFAULT_PORT, output: OutputOption = Output.TEXT
) -> int:
    """Tell what the sandbox's clock says.

    Example: audctl sandbox clock show
    """
    answer = _control(port, "GET", "clock")
    console_of(context, output).result(lambda _: [str(answer["now"])], lambda: answer)
    return ExitCode.DONE


@clock.command()
def advance(
    context: typer.Context,
    duration: Annotated[
        str, typer.Argument(metavar="DURATION", help="Such as 36h, 90m, 1d12h.", show_default=False)
    ],
    port: PortOption = DEFAULT_PORT,
    output: OutputOption = Output.TEXT,
) -> int:
    """Move the clock ahead; what would have happened meanwhile happens.

    Example: audctl sandbox clock advance 36h
    """
    # However long it takes: a day of a million people is work.
    answer = _control(port, "POST", "clock", {"advance": duration}, timeout_s=None)
    console_of(context, output).result(lambda _: _moved(answer), lambda: answer)
    return ExitCode.DONE


@faults.callback()
def about_faults() -> None:
    """Make calls to a running sandbox go wrong on purpose.

    Example: audctl sandbox faults add faults.json
    """


@faults.command()
def add(
    context: typer.Context,
    file: FaultsFile,
    port: PortOption = DEFAULT_PORT,
    output: OutputOption = Output.TEXT,
) -> int:
    """Add the rules of a JSON file to those in force; a wrong file adds none.

    Example: audctl sandbox faults add faults.json
    """
    console = console_of(context, output)
    name = str(file)
    text = console.stdin.read() if name == "-" else read_text(file)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: not JSON: {error}") from error
    answer = _control(port, "POST", "faults", document)
    console.result(lambda _: _rules(answer), lambda: answer)
    return ExitCode.DONE


@faults.command("list")
def list_rules(
    context: typer.Context, port: PortOption = DEFAULT_PORT, output: OutputOption = Output.TEXT
) -> int:
    """List the rules in force, with how many calls each has counted and struck.

    Example: audctl sandbox faults list --output json
    """
    answer = _control(port, "GET", "faults")
    console_of(context, output).result(lambda _: _rules(answer), lambda: answer)
    return ExitCode.DONE


@faults.command()
def clear(
    context: typer.Context,
    number: Annotated[
        int | None,
        typer.Argument(metavar="[NUMBER]", min=1, help="One rule; without it, all of them."),
    ] = None,
    port: PortOption = DEFAULT_PORT,
    output: OutputOption = Output.TEXT,
) -> int:
    """Remove one rule, or all.

    Example: audctl sandbox faults clear
    """
    path = "faults" if number is None else f"faults?number={number}"
    answer = _control(port, "DELETE", path)
    console_of(context, output).result(lambda _: _rules(answer), lambda: answer)
    return ExitCode.DONE


def status(
    context: typer.Context, port: PortOption = DEFAULT_PORT, output: OutputOption = Output.TEXT
) -> int:
    """Show what a running sandbox holds: objects, people, calls and faults in force.

    Example: audctl sandbox status --output json
    """
    answer = _control(port, "GET", "status")
    console_of(context, output).result(lambda _: _status(answer), lambda: answer)
    return ExitCode.DONE


def read_text(path: Path) -> str:
    """Read a file that an option names; raises UsageError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {path}: it is not UTF-8 text") from error


def _control(
    port: int, method: str, path: str, body: object = None, timeout_s: float | None = 30
) -> dict[str, object]:
    from audctl.sandbox.remote import ControlRefusedError, NoSandboxError, control

    try:
        return control(port, method, path, body, timeout_s=timeout_s)
    except NoSandboxError as error:
        raise UnreachableError(str(error)) from error
    except ControlRefusedError as error:
        raise UsageError(str(error)) from error


def _moved(answer: Mapping[str, object]) -> Iterator[str]:
    events = answer.get("events")
    for event in events if isinstance(events, list) else ():
        yield printable(f"{event['at']}  {event['what']}")
        yield from (printable(f"  {line}") for line in event["lines"])
    yield f"now {answer['now']}"


def _rules(answer: Mapping[str, object]) -> Iterator[str]:
    rules = answer["rules"]
    assert isinstance(rules, list)
    if not rules:
        yield "no faults in force"
    for rule in rules:
        shown = f"{rule['number']}  {rule['kind']}  {rule['route']}"
        yield printable(f"{shown}  counted {rule['matched']}, struck {rule['struck']}")
        if "trouble" in rule:
            yield printable(f"   {rule['trouble']}")


def _status(answer: Mapping[str, object]) -> Iterator[str]:
    yield f"clock  {answer['now']}"
    objects, people, calls = answer["objects"], answer["people"], answer["calls"]
    assert isinstance(objects, dict)
    assert isinstance(people, dict)
    assert isinstance(calls, dict)
    for title, counts in ({"people": people} | objects).items():
        yield ""
        yield title
        width = max(map(len, counts), default=0)
        yield from (f"  {name:<{width}}  {count:>10,}" for name, count in counts.items())
    yield ""
    yield f"calls  {calls['total']}"
    yield from (f"  status {each}  {count:,}" for each, count in calls["byStatus"].items())
    yield f"faults in force  {answer['faults']}"
