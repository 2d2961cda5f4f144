"""What a user sees when something goes wrong that nobody planned for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from io import StringIO

import pytest

from audctl.cli.console import Console, Output
from audctl.cli.failures import guarded, mask
from audctl.cli.interrupt import stop_on_signals
from audctl.errors import LockError, UnreachableError
from audctl.redact import Secret
from audctl.render.paint import Paint
from audctl.settings import read_settings


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


def test_a_reader_that_left_ends_the_run_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "audctl", "schema"],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert not done.stderr
