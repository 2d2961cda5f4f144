"""A command line run inside the test's own process, with streams of its own."""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.cli.app import run
from audctl.cli.console import Console
from audctl.operations.context import SystemClock
from audctl.sandbox.server import RunningSandbox, start
from audctl.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Ran:
    """What one command line came to."""

    code: int
    stdout: str
    stderr: str


class _Answers(StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@dataclass
class CommandLine:
    """Runs command lines; not a terminal unless told so."""

    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        *arguments: str,
        stdin: str = "",
        environ: Mapping[str, str] | None = None,
        terminal: bool = False,
    ) -> Ran:
        settings = read_settings({**self.environ, **(environ or {})})
        console = Console(
            settings=settings,
            stdin=_Answers(stdin) if terminal else StringIO(stdin),
            stdout=StringIO(),
            stderr=StringIO(),
        )
        # Typer writes help by itself, to the process's own streams.
        with redirect_stdout(console.stdout), redirect_stderr(console.stderr):
            code = run(arguments, console)
        assert isinstance(console.stdout, StringIO)
        assert isinstance(console.stderr, StringIO)
        return Ran(code, console.stdout.getvalue(), console.stderr.getvalue())


@pytest.fixture
def audctl() -> CommandLine:
    return CommandLine()


@pytest.fixture(scope="session")
def sown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the demo tenant, to copy: sowing takes longer than copying."""
    data = tmp_path_factory.mktemp("sown")
    start(data, seed="demo").stop()
    return data


@pytest.fixture
def running(sown: Path, tmp_path: Path) -> Iterator[RunningSandbox]:
    data = tmp_path / "sandbox"
    shutil.copytree(sown, data)
    with start(data) as running:
        yield running


@dataclass(frozen=True)
class ProjectFolder:
    """A copy of the small project that commands run in, against a sandbox that runs."""

    folder: Path
    url: str
    audctl: CommandLine

    def run(self, *words: str) -> Ran:
        environ = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}
        return self.audctl(*words, "--project", str(self.folder), environ=environ)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def project(
    running: RunningSandbox, tmp_path: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> ProjectFolder:
    folder = tmp_path / "project"
    shutil.copytree(Path(__file__).parent / "projects" / "shop", folder)
    made = ProjectFolder(folder, running.url, audctl)
    made.replace("audctl.yaml", "http://127.0.0.1:8765", running.url)
    # The clock is a part: nothing here waits for real.
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    return made
