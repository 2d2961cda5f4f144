from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.sdk import run

if TYPE_CHECKING:
    from pathlib import Path

EXACT = re.compile(r"\d+\.\d+\.\d+")


def test_versions_are_exact_and_hashed_and_no_registry_is_named() -> None:
    wanted = json.loads((run.HERE / "package.json").read_text(encoding="utf-8"))
    assert all(EXACT.fullmatch(version) for version in wanted["dependencies"].values())
    lock = json.loads((run.HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) > 20
    for name, package in packages.items():
        assert EXACT.match(package["version"]), name
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_packages_are_installed_where_git_looks_away() -> None:
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", str(run.INSTALLED)], cwd=run.HERE, check=False
    )
    assert ignored.returncode in (0, 128)  # 128: not a checkout


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--require"], 1)])
def test_without_node_the_skip_is_loud(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    code: int,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run.main(arguments) == code
    assert "SDK TESTS SKIPPED: node is not on this machine" in capsys.readouterr().out
