"""The README's tour is played: each line it shows is a line that comes, in that order."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.cli.conftest import CommandLine

ROOT = Path(__file__).parents[2]
ELSEWHERE = "…"


def _tour() -> list[tuple[list[str], list[str]]]:
    """Return each audctl command of the tour with the lines shown under it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = next(
        each for each in re.findall(r"```console\n(.*?)```", text, re.DOTALL) if "$ audctl" in each
    )
    played: list[tuple[list[str], list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ audctl "):
            played.append((shlex.split(line.removeprefix("$ audctl ")), []))
        elif line and line != ELSEWHERE and played:
            played[-1][1].append(line)
    return played


def test_the_tour_comes_out_as_printed(
    audctl: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "manifests"
    shutil.copytree(ROOT / "manifests", project, ignore=shutil.ignore_patterns(".audctl"))
    monkeypatch.chdir(project)
    tour = _tour()
    assert [each[0][0] for each in tour] == ["validate", "plan", "apply", "plan", "explain"]
    for arguments, expected in tour:
        ran = audctl(*arguments, environ={"MF_S3_KEY": "any", "MF_S3_SECRET": "any"})
        assert ran.code == 0, ran.stderr
        lines = iter(ran.stdout.splitlines())
        for line in expected:
            assert line in lines, (
                f"{' '.join(arguments)} does not say, in this order: {line}\n{ran.stdout}"
            )
