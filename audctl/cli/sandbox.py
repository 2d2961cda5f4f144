"""``audctl sandbox``: serving one and filling its folder; the other commands talk to one that runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli import sandbox_running
from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import console_of
from audctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audctl.sandbox.faults import FaultRule
    from audctl.sandbox.switches import Switches

app = typer.Typer(rich_markup_mode=None, add_completion=False)
app.add_typer(sandbox_running.clock, name="clock")
app.add_typer(sandbox_running.faults, name="faults")
app.command()(sandbox_running.status)

DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Folder that holds the sandbox's state.")
]
SeedOption = Annotated[
    str | None,
    typer.Option("--seed", metavar="NAME", help="Fill an empty sandbox first; there is: demo."),
]
PeopleOption = Annotated[
    int, typer.Option("--people", min=0, help="Synthetic customers that come with the seed.")
]


@app.callback()
def sandbox() -> None:
    """Run the local stand-in for the Adobe services.

    Example: audctl sandbox serve --port 8765 --data .audctl/sandbox --seed demo
    """


@app.command()
def serve(
    context: typer.Context,
    data: DataOption,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8765,
    seed: SeedOption = None,
    people: PeopleOption = 0,
    faults: Annotated[
        Path | None,
        typer.Option(
            "--faults", metavar="FILE", help="JSON file of fault rules in force from the start."
        ),
    ] = None,
    quirk: Annotated[
        list[str] | None,
        typer.Option(
            "--quirk",
            metavar="NAME=VALUE",
            help="Answer an open question about the live systems differently; may be repeated.",
        ),
    ] = None,
    buckets: Annotated[
        str | None,
        typer.Option(
            "--buckets",
            metavar="URL",
            help="S3 endpoint on this machine for the files both systems exchange; without it, folders in DIR.",
        ),
    ] = None,
) -> int:
    """Serve IMS, Audience Manager and Campaign on this machine, until interrupted.

    Listens on loopback only and keeps its state in DIR. The line with its address goes to stdout when it is
    ready to answer; the same address in a browser shows what is in it.

    Example: audctl sandbox serve --port 8765 --data .audctl/sandbox --seed demo --quirk max_page_size=50
    """
    from audctl.sandbox.server import serve as serve_sandbox
    from audctl.sandbox.store import DataFolderInUseError

    console = console_of(context, Output.TEXT)
    if people and seed is None:
        raise UsageError("--people needs a --seed to come with")
    switches = _read_switches(quirk or ())
    rules = [] if faults is None else _read_rules(faults)

    def announce(url: str) -> None:
        console.result(lambda _: [f"sandbox ready at {url}"], lambda: None)

    try:
        serve_sandbox(
            data,
            port,
            seed,
            announce,
            choices=switches.choices,
            quirks=switches.quirks,
            rules=rules,
            people=people,
            members=switches.members,
            buckets=buckets,
        )
    except (DataFolderInUseError, ValueError) as error:  # ValueError: no such seed, a wrong URL
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(
            f"cannot serve {data} on port {port}: {error.strerror or error}"
        ) from error
    except KeyboardInterrupt:  # the way to stop it, so no failure
        console.tell("sandbox stopped")
    return ExitCode.DONE


@app.command()
def seed(
    context: typer.Context,
    data: DataOption,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="There is: demo.")] = "demo",
    people: PeopleOption = 0,
) -> int:
    """Fill a sandbox's folder without serving it; one that has had the same seed keeps what it holds.

    Example: audctl sandbox seed demo --data .audctl/sandbox --people 50000
    """
    from audctl.sandbox.contents import read_contents
    from audctl.sandbox.seed import seed as sow
    from audctl.sandbox.store import DataFolderInUseError, Store

    console = console_of(context, Output.TEXT)
    try:
        store = Store(data)
        try:
            sow(store, name, people=people)
            with store.read() as conn:
                counts = read_contents(conn, 0).people
        finally:
            store.close()
    except (DataFolderInUseError, ValueError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"cannot fill {data}: {error.strerror or error}") from error
    lines = [f"{data} holds the seed {name}"]
    lines += [f"  {title}: {count:,}" for title, count in counts.items()]
    console.result(lambda _: lines, lambda: None)
    return ExitCode.DONE


@app.command()
def reset(
    context: typer.Context,
    data: DataOption,
    auto_approve: Annotated[
        bool, typer.Option("--auto-approve", help="Delete without asking.")
    ] = False,
) -> int:
    """Delete everything a sandbox keeps in its folder.

    Example: audctl sandbox reset --data .audctl/sandbox --auto-approve
    """
    from audctl.sandbox.folder import NoSandboxFolderError
    from audctl.sandbox.folder import reset as reset_folder
    from audctl.sandbox.store import DataFolderInUseError

    console = console_of(context, Output.TEXT)
    if not auto_approve and not console.ask(
        f"Delete the sandbox in {data}? Only 'yes' is accepted:"
    ):
        raise UsageError("nothing was deleted: say yes, or use --auto-approve")
    try:
        reset_folder(data)
    except (DataFolderInUseError, NoSandboxFolderError) as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"cannot reset {data}: {error.strerror or error}") from error
    console.result(lambda _: [f"{data} is empty"], lambda: None)
    return ExitCode.DONE


def _read_switches(pairs: Sequence[str]) -> Switches:
    from audctl.sandbox.switches import SwitchError, read_switches

    try:
        return read_switches(pairs)
    except SwitchError as error:
        raise UsageError(f"--quirk: {error}") from error


def _read_rules(path: Path) -> list[FaultRule]:
    from audctl.sandbox.faults import FaultRuleError, parse_text

    try:
        return parse_text(sandbox_running.read_text(path))
    except FaultRuleError as error:
        raise UsageError(f"{path}: " + f"\n{path}: ".join(error.problems)) from error
