"""``python -m audctl`` and the ``audctl`` script."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    # Nearly everything a command builds lives until it ends: looking for garbage in it is work for nothing.
    gc.set_threshold(200_000, 50, 50)
    gc.freeze()  # see audctl.operations.uncollected
    from audctl.cli.app import run  # noqa: PLC0415 - a module that is only imported must not load Typer

    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody reads any more
        code = code or 141
    # Not sys.exit: taking ten thousand resources apart one by one costs a tenth of a validate. Everything that has
    # to be closed was closed by the command itself.
    os._exit(code)


if __name__ == "__main__":
    main()
