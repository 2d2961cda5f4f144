"""``audctl sandbox``."""

from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import console_of
from audctl.errors import UsageError

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def sandbox() -> None:
    """Run the local stand-in for the Adobe services.

    Example: audctl sandbox serve --port 8765 --data .audctl/sandbox --seed demo
    """


@app.command()
def serve(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="Folder that holds the sandbox's state.")
    ],
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8765,
    seed: Annotated[
        str | None,
        typer.Option("--seed", metavar="NAME", help="Fill an empty sandbox first; there is: demo."),
    ] = None,
) -> int:
    """Serve IMS, Audience Manager and Campaign on this machine, until interrupted.

    Listens on loopback only and keeps its state in DIR. The line with its address goes to stdout when it is
    ready to answer.

    Example: audctl sandbox serve --port 8765 --data .audctl/sandbox --seed demo
    """
    from audctl.sandbox.server import serve as serve_sandbox
    from audctl.sandbox.store import DataFolderInUseError

    console = console_of(context, Output.TEXT)

    def announce(url: str) -> None:
        console.result(lambda _: [f"sandbox ready at {url}"], lambda: None)

    try:
        serve_sandbox(data, port, seed, announce)
    except (DataFolderInUseError, ValueError) as error:  # ValueError: a seed of no such name
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(
            f"cannot serve {data} on port {port}: {error.strerror or error}"
        ) from error
    except KeyboardInterrupt:  # the way to stop it, so no failure
        console.tell("sandbox stopped")
    return ExitCode.DONE
