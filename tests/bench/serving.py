"""The command under measurement, and a sandbox in a process of its own for it to call."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDCTL: list[str | Path] = [Path(sys.executable).parent / "audctl"]
ENVIRON = {
    "AUDCTL_CLIENT_SECRET": "sandbox",
    # An installed audctl has its bytecode; a checkout must be allowed to keep it, or every start compiles.
    "PYTHONDONTWRITEBYTECODE": "",
}


@contextmanager
def sandbox(data: Path, *options: str) -> Iterator[tuple[str, int]]:
    """Serve a folder for the length of a block; give its address and its process."""
    command = [*AUDCTL, "sandbox", "serve", "--port", "0", "--data", data, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        try:
            yield url, process.pid
        finally:
            process.terminate()
