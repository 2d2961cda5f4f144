"""Command lines as processes of their own, that end by themselves or by SIGKILL."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

HANGS_AFTER_S = 240.0
"""Nothing that is run here takes a tenth of it, unless the machine is at its limit."""
ENVIRON = {
    "AUDCTL_CLIENT_SECRET": "sandbox",
    "S3_KEY": "reference-key",
    "S3_SECRET": "reference-secret",
    "PATH": os.environ.get("PATH", ""),
    "HOME": "/nonexistent",
    "LOGNAME": "reference",
}
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What became of one process."""

    code: int
    """Exit code; negative: the signal that ended it."""
    stdout: str
    stderr: str
    took_s: float
    hung: bool = False

    @property
    def killed(self) -> bool:
        """Whether it was ended by SIGKILL."""
        return self.code == -signal.SIGKILL

    def json(self) -> dict[str, Any]:
        """Read its result."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found


class Processes:
    """Runs one command line after the other."""

    def __init__(self, scratch: Path) -> None:
        self._out, self._err = scratch / "stdout", scratch / "stderr"
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.matrix.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            bufsize=0,
        )

    def run(
        self,
        folder: Path,
        *arguments: str,
        later_s: float = 0.0,
        born: Callable[[int], None] = lambda _: None,
    ) -> Ended:
        """Run ``audctl`` with these arguments and wait for its end; ``born`` hears its pid before it does anything."""
        command = {
            "arguments": arguments,
            "folder": str(folder),
            "environ": ENVIRON,
            "stdout": str(self._out),
            "stderr": str(self._err),
            "later_s": later_s,
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(command).encode() + b"\n")
        pid = self._number(None)
        assert pid is not None
        born(pid)
        began = monotonic()
        self._zygote.stdin.write(b".")
        status = self._number(HANGS_AFTER_S)
        hung = status is None
        if hung:
            os.kill(pid, signal.SIGKILL)
            status = self._number(None)
        assert status is not None
        return Ended(
            os.waitstatus_to_exitcode(status),
            self._out.read_text(encoding="utf-8") if self._out.exists() else "",
            self._err.read_text(encoding="utf-8") if self._err.exists() else "",
            monotonic() - began,
            hung,
        )

    def close(self) -> None:
        """End the process that forks."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(10)
        self._zygote.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _number(self, within_s: float | None) -> int | None:
        assert self._zygote.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._zygote.stdout], [], [], within_s)
            if not ready:
                return None
            byte = os.read(self._zygote.stdout.fileno(), 1)
            assert byte, "the process that forks has ended"
            line += byte
        return int(line)
