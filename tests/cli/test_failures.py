"""What a user sees when something goes wrong that nobody planned for."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.cli.console import Console, Output
from audctl.cli.failures import guarded, mask
from audctl.cli.interrupt import stop_on_signals
from audctl.cli.streams import is_unread, lasting
from audctl.errors import LockError, UnreachableError
from audctl.redact import Secret
from audctl.render.paint import Paint
from audctl.settings import read_settings
from tests import loopback

if TYPE_CHECKING:
    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine, ProjectFolder

SHOP = Path(__file__).parent / "projects" / "shop"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def console(**environ: str) -> Console:
    return Console(
        settings=read_settings(environ), stdin=StringIO(), stdout=StringIO(), stderr=StringIO()
    )


def text(stream: object) -> str:
    assert isinstance(stream, StringIO)
    return stream.getvalue()


def _raise(error: BaseException) -> object:
    raise error


def test_an_unexpected_error_is_one_line_and_a_way_to_learn_more() -> None:
    at = console()
    assert guarded(lambda: _raise(KeyError("x\ny\x1b[2J")), at) == 1
    lines = text(at.stderr).splitlines()
    assert lines == [
        "error: unexpected KeyError: 'x\\ny\\x1b[2J'",
        "hint: set AUDCTL_DEBUG=1 to see the traceback; please report it",
    ]
    assert not text(at.stdout)


def test_a_traceback_asked_for_holds_no_secret() -> None:
    at = console(AUDCTL_DEBUG="1", S3_SECRET="from-the-environment")
    held = Secret("held-by-a-part", "${file:x}")
    more = [Secret(f"one-of-many-{number}") for number in range(50)]

    def fail() -> object:
        message = f"got {held.reveal()} and from-the-environment, Authorization: Bearer abc.def"
        raise RuntimeError(message)

    assert guarded(fail, at) == 1
    shown = text(at.stderr)
    assert "Traceback" in shown
    assert "in fail" in shown
    assert "got *** and ***, Authorization: Bearer ***" in shown
    assert all(each.reveal() not in shown for each in more)
    for secret in ("held-by-a-part", "from-the-environment", "abc.def"):
        assert secret not in shown


def test_settings_never_show_the_environment() -> None:
    assert "hunter22" not in repr(read_settings({"PASSWORD": "hunter22"}))
    assert "hunter22" not in repr(console(PASSWORD="hunter22"))


def test_longer_secrets_are_masked_before_those_inside_them() -> None:
    assert mask("abcdef", ["abcd", "abcdef"]) == "***"


def test_an_expected_error_has_no_traceback_even_when_debugging() -> None:
    at = console(AUDCTL_DEBUG="1")
    assert guarded(lambda: _raise(LockError("held by ci since noon")), at) == 6
    assert text(at.stderr) == "error: held by ci since noon\n"


def test_an_error_is_json_on_stdout_where_json_is_due() -> None:
    at = console()
    at.output = Output.JSON
    assert guarded(lambda: _raise(UnreachableError("no answer", operation="GET /x")), at) == 1
    assert '"operation": "GET /x"' in text(at.stdout)
    assert text(at.stderr).startswith("error: no answer\n")


def test_an_interrupt_is_130() -> None:
    at = console()
    assert guarded(lambda: _raise(KeyboardInterrupt()), at) == 130
    assert text(at.stderr) == "interrupted\n"


def test_a_result_may_hold_any_character() -> None:
    at = console()
    at.output = Output.JSON
    at.result(lambda _: (), lambda: {"name": "lone \ud800 and 👋"})
    assert text(at.stdout) == '{\n  "name": "lone \\ud800 and 👋"\n}\n'


@pytest.mark.parametrize(
    ("stream", "environ", "on"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (StringIO(), {}, False),
    ],
)
def test_colour_only_on_a_terminal_that_wants_it(
    stream: StringIO, environ: dict[str, str], on: bool
) -> None:
    assert console(**environ).paint(stream) == Paint(on=on)


def test_the_first_signal_only_asks(tmp_path: object) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as stderr, os.fdopen(read) as told:
        with stop_on_signals(stderr) as stop:
            assert not stop.is_set()
            signal.raise_signal(signal.SIGTERM)
            assert stop.is_set()
        assert told.readline().startswith("stopping")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_signal_ends_the_process() -> None:
    script = (
        "import signal, sys\n"
        "from audctl.cli.interrupt import stop_on_signals\n"
        "with stop_on_signals(sys.stderr):\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    print('still here')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 130
    assert not done.stdout


def run_unread(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command line whose stdout nobody reads."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stdout:
        return subprocess.run(
            [sys.executable, "-m", "audctl", *words],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, **environ},
        )


def test_a_reader_that_left_is_told_apart_from_a_failure_and_ends_the_run_quietly() -> None:
    done = run_unread("schema")
    assert done.returncode == 141
    assert not done.stderr


def test_a_failure_keeps_its_code_though_nobody_reads(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    done = run_unread("show", str(tmp_path / "plan.json"), "--output", "json")
    assert done.returncode == 4
    assert "not a plan" in done.stderr


class Pipe(StringIO):
    """A pipe whose reader leaves after so many writes."""

    def __init__(self, reads: int) -> None:
        super().__init__()
        self.reads = reads

    def write(self, text: str) -> int:
        self.reads -= 1
        if self.reads < 0:
            raise BrokenPipeError
        return super().write(text)

    def flush(self) -> None:
        if self.reads < 0:
            raise BrokenPipeError


def test_what_nobody_reads_is_dropped_and_remembered() -> None:
    pipe = Pipe(reads=2)
    stream = lasting(pipe)
    stream.writelines(["one ", "two "])
    assert not is_unread(stream)
    stream.writelines(["three ", "four "])
    stream.write("five")
    stream.flush()
    assert is_unread(stream)
    assert pipe.getvalue() == "one two "


@pytest.mark.parametrize(
    ("code", "becomes"), [(0, 141), (2, 141), (1, 1), (3, 3), (5, 5), (64, 64)]
)
def test_only_a_success_that_nobody_read_has_another_code(code: int, becomes: int) -> None:
    at = console()
    at.stdout = lasting(Pipe(reads=0))

    def call() -> object:
        at.result(lambda _: ["text"], lambda: None)
        return code

    assert guarded(call, at) == becomes


def test_progress_that_nobody_reads_stops_nothing() -> None:
    at = console()
    at.stderr = lasting(Pipe(reads=0))
    progress = at.progress()
    progress.retrying("GET /x", 1.0, "no answer")
    at.tell("something")
    assert guarded(lambda: 0, at) == 0


def test_an_interrupted_command_says_so_in_words_and_where_json_is_due(
    audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "audctl.operations.validate.validate", lambda *_: _raise(KeyboardInterrupt())
    )
    ran = audctl("validate")
    assert (ran.code, ran.stdout, ran.stderr) == (130, "", "error: interrupted\n")
    ran = audctl("validate", "--output", "json")
    assert ran.code == 130
    assert json.loads(ran.stdout)["error"] == {"type": "InterruptedRun", "message": "interrupted"}


def test_an_interrupt_ends_a_plan_that_waits_to_read(
    running: RunningSandbox, tmp_path: Path
) -> None:
    # A process of its own: signals are for processes. It is interrupted while it waits for a busy server.
    folder = tmp_path / "project"
    shutil.copytree(SHOP, folder)
    settings = folder / "audctl.yaml"
    text = settings.read_text(encoding="utf-8").replace("http://127.0.0.1:8765", running.url)
    settings.write_text(text, encoding="utf-8")
    busy = {
        "route": "GET /v1/traits",
        "kind": "status",
        "status": 503,
        "when": "before",
        "headers": {"retry-after": "20"},
    }
    loopback.post(f"{running.url}/_sandbox/faults", json=[busy]).raise_for_status()
    command = [sys.executable, "-m", "audctl", "plan", "--project", str(folder)]
    environ = {**os.environ, "AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as child:
        assert child.stderr is not None
        while "waiting" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == 130
    assert not stdout
    # Another call may have begun to wait in the meantime, and says so.
    assert any(line.startswith("stopping") for line in stderr.splitlines())
    assert "error: stopped while" in stderr


def test_a_project_without_manifests_can_be_looked_at_before_its_first(
    project: ProjectFolder,
) -> None:
    for each in ("cart.yaml", "web.yaml"):
        (project.folder / each).unlink()
    ran = project.run("doctor")
    assert ran.stderr == ""
    assert ran.stdout.startswith("ok    Audience Manager: sign-in")
    ran = project.run("unmanaged")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Unmanaged: 2")
    assert project.run("plan").code == 1
