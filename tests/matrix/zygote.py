"""A process that has loaded all of audctl once and forks a child for each command line.

A child is a real process with nothing shared but code: it can be killed with SIGKILL like any other. Forking one takes
milliseconds where starting one takes a second. The protocol, on stdin and stdout: a JSON line with the command, the
child's pid back, a byte that lets the child begin, its wait status back.

A child's clock does not wait: whoever sleeps is at once so much later.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any, NoReturn

from audctl.cli.app import run
from audctl.cli.console import Console
from audctl.cli.exit_codes import ExitCode
from audctl.errors import InterruptedRun
from audctl.operations.context import SystemClock
from audctl.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

LOADED = (
    "audctl.apply.executor",
    "audctl.cli.apply",
    "audctl.cli.drift",
    "audctl.cli.plan",
    "audctl.cli.reporting",
    "audctl.journal.file",
    "audctl.journal.listener",
    "audctl.ledger.campaign_store",
    "audctl.ledger.file_store",
    "audctl.model.status",
    "audctl.operations.apply",
    "audctl.operations.drift",
    "audctl.operations.journal",
    "audctl.operations.plan",
    "audctl.operations.read",
    "audctl.operations.survey",
    "audctl.plan.plan_file",
    "audctl.plan.plan_json",
    "audctl.providers.audience_manager.estimator",
    "audctl.providers.audience_manager.provider",
    "audctl.providers.campaign.options",
    "audctl.providers.campaign.provider",
    "audctl.providers.campaign.session",
    "audctl.providers.ims",
    "audctl.render.progress",
    "audctl.render.to_json",
    "audctl.render.to_terminal.apply_report",
    "audctl.render.to_terminal.drift",
    "audctl.render.to_terminal.findings",
    "audctl.render.to_terminal.plan",
    "audctl.resolve.desired",
    "encodings.idna",
    "getpass",
    "httpcore",
    "httpx",
    "jsonschema_rs",
)
"""What a child would load by itself, hundreds of times."""


def main() -> None:
    """Serve until stdin ends."""
    for name in LOADED:
        importlib.import_module(name)
    _read_options()
    gc.collect()
    gc.freeze()
    while line := _read_line():
        command = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_child(command)
        _answer(pid)
        _, status = os.waitpid(pid, 0)
        _answer(status)


def _read_options() -> None:
    """Load what the command line needs to read options, with a command that ends there."""
    nowhere = StringIO()
    console = Console(settings=read_settings({}), stdin=nowhere, stdout=nowhere, stderr=nowhere)
    assert run(["apply", "--expect-digest", "none"], console) == ExitCode.USAGE


def _be_child(command: Mapping[str, Any]) -> NoReturn:
    code = 70
    try:
        os.read(0, 1)
        for number, path in ((1, command["stdout"]), (2, command["stderr"])):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, number)
            os.close(file)
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        os.environ.clear()
        os.environ.update(command["environ"])
        os.chdir(command["folder"])
        _stop_waiting(command["later_s"])
        code = run(command["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _stop_waiting(later_s: float) -> None:
    ahead = later_s

    def now(_: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=ahead)

    def monotonic(_: SystemClock) -> float:
        return time.monotonic() + ahead

    def sleep(clock: SystemClock, seconds: float) -> None:
        nonlocal ahead
        ahead += seconds
        if clock.stop.is_set():
            raise InterruptedRun("stopped while waiting to repeat a call")

    SystemClock.now = now  # type: ignore[method-assign,assignment]  # a clock that does not wait
    SystemClock.monotonic = monotonic  # type: ignore[method-assign,assignment]  # a clock that does not wait
    SystemClock.sleep = sleep  # type: ignore[method-assign,assignment]  # a clock that does not wait


def _read_line() -> bytes:
    # Unbuffered: the byte after it is the child's.
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


def _answer(number: int) -> None:
    os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    main()
