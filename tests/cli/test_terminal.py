"""What stays on a real terminal when progress has been shown on it: the result, from its first line to its last."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.render.exchange_progress import ExchangeProgress
from audctl.render.progress import open_progress
from tests.exchange import visitor_id

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = re.compile(r"\x1b\[(\??)(\d*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


class Screen:
    """A terminal, as far as our output needs one: lines that wrap, a cursor, lines that are erased."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines = [""]
        self.row = self.column = 0
        self.has_cursor = True
        self.seen: list[str] = []
        """Every line that was ever there, at each stop of the cursor."""

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            step = _STEP.match(text, at)
            assert step is not None, repr(text[at : at + 20])
            at = step.end()
            private, number, letter, begins, ends, written = step.groups()
            if begins:
                self.column = 0
            elif ends:
                self._down()
            elif written:
                for each in written:
                    self._put(each)
            elif private:
                assert number == "25"
                self.has_cursor = letter == "h"
            elif letter == "A":
                self.row = max(0, self.row - int(number or 1))
            elif letter == "K":
                assert number == "2"
                self.lines[self.row] = ""
            else:
                assert letter == "m", letter
            self.seen.append(self.lines[self.row].rstrip())

    def _put(self, letter: str) -> None:
        if self.column == self.columns:
            self._down()
            self.column = 0
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + letter + line[self.column + 1 :]
        self.column += 1

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    @property
    def text(self) -> str:
        return "\n".join(each.rstrip() for each in self.lines).rstrip("\n")


@contextmanager
def terminal(columns: int) -> Iterator[tuple[int, Screen]]:
    """Give a terminal's own end, and the screen, which is complete when the block has ended."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    screen = Screen(columns)
    written = bytearray()

    def read() -> None:
        while True:
            try:
                piece = os.read(outer, 65536)
            except OSError:  # nobody has it open any more
                return
            if not piece:
                return
            written.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield inner, screen
    finally:
        os.close(inner)
        reader.join()
        os.close(outer)
        screen.feed(written.decode())


ENVIRON = {
    **{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")},
    "AUDCTL_CLIENT_SECRET": "x",
    "TERM": "xterm-256color",
}
PEOPLE = ("--recipients", "recipients.csv", "--tracking", "tracking.csv")
NUMBERS = ("--offline", "--data-source-id", "5001", "--segment-id", "1")
WORDS = ("exchange", "import", "carts-import", "--files", "in", *PEOPLE, *NUMBERS, "--dry-run")
COMMAND = (sys.executable, "-m", "audctl", *WORDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).parent / "projects" / "members"
    folder = shutil.copytree(source, tmp_path_factory.mktemp("project") / "members")
    (file, *others) = sorted((folder / "in").iterdir())
    for each in others:
        each.unlink()
    file.write_text("".join(f"{visitor_id(each)} carts\n" for each in range(50_000)))
    return folder


@pytest.fixture(scope="module")
def plain(folder: Path) -> list[str]:
    """Give what the command says where there is no terminal."""
    ran = subprocess.run(
        COMMAND, cwd=folder, env=ENVIRON, capture_output=True, text=True, check=True
    )
    return ran.stdout.splitlines()


@pytest.mark.parametrize("columns", [100, 32])
def test_progress_of_an_exchange_leaves_nothing_on_a_terminal(
    folder: Path, plain: list[str], columns: int
) -> None:
    with terminal(columns) as (inner, screen):
        ran = subprocess.run(
            COMMAND, cwd=folder, env=ENVIRON, stdin=inner, stdout=inner, stderr=inner, check=False
        )
    assert ran.returncode == 0, screen.text
    assert screen.has_cursor
    assert any("reading the audience" in each for each in screen.seen)
    wrapped = [
        line[at : at + columns].rstrip()
        for line in plain
        for at in range(0, max(len(line), 1), columns)
    ]
    assert screen.text.splitlines()[:-1] == wrapped[:-1]  # the last one tells the time it took


def test_what_is_waited_for_stands_above_the_progress_that_it_interrupts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")  # the terminal is none of this process's own streams
    with terminal(40) as (inner, screen), os.fdopen(os.dup(inner), "w") as stream:
        progress = open_progress(stream, live=True)
        work = ExchangeProgress(progress.working, iter([float(each) for each in range(9)]).__next__)
        work.advanced("reading recipients", 1_000_000, 0.01)
        work.advanced("reading recipients", 22_000_000, 0.25)
        progress.retrying("xtk:queryDef#ExecuteQuery", 2.0, "throttled")
        work.advanced("reading recipients", 3_000_000, 0.5)
        progress.close()
        stream.write("done\n")
        stream.flush()
    lines = screen.text.splitlines()
    assert "".join(lines[:-1]) == "waiting 2.0 s before xtk:queryDef#ExecuteQuery: throttled"
    assert lines[-1] == "done"
    assert screen.has_cursor
    assert any("reading recipients: " in each for each in screen.seen)
