"""A command line run inside the test's own process, with streams of its own."""

from __future__ import annotations

import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from audctl.cli.app import run
from audctl.cli.console import Console
from audctl.sandbox.server import RunningSandbox, start
from audctl.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What one command line came to."""

    code: int
    stdout: str
    stderr: str


@dataclass
class CommandLine:
    """Runs command lines; not a terminal unless told so."""

    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self, *arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None
    ) -> Ran:
        settings = read_settings({**self.environ, **(environ or {})})
        console = Console(
            settings=settings, stdin=StringIO(stdin), stdout=StringIO(), stderr=StringIO()
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
