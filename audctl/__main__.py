"""``python -m audctl`` and the ``audctl`` script."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    # Everything a command builds lives until it ends: looking for garbage cost a quarter of a large validate.
    gc.set_threshold(200_000, 50, 50)
    from audctl.cli.app import run  # noqa: PLC0415 - a module that is only imported must not load Typer

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
