"""``audctl fmt`` on real files: what it writes, what it leaves, and what manifests mean afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audctl.manifest.environment import select_environment
from audctl.manifest.form.canonical import canonical_text
from audctl.manifest.load import load_manifests
from audctl.manifest.project import load_project
from audctl.manifest.yaml_tree import read_documents, read_source
from audctl.model.finding import Finding
from audctl.operations import formatting

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine

ROOT = Path(__file__).parents[2]
ENVIRON = {"MF_S3_KEY": "any", "MF_S3_SECRET": "any"}
UNTIDY = "kind: List\napiVersion: audctl.dev/v1\nmetadata: {name: any}\nspec: {label: 'ünï'}\n"
TIDY = 'apiVersion: audctl.dev/v1\nkind: List\nmetadata: {name: any}\nspec: {label: "ünï"}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def meaning(root: Path) -> list[list[Any]]:
    """Return every resource as every other command sees it, without its place."""
    project = load_project(root)
    environment = select_environment(project, None, environ=ENVIRON)
    loaded = load_manifests(project, environment, environ=ENVIRON)
    assert loaded.resources, loaded.findings
    return sorted(
        (
            [each.address, each.spec, dict(each.labels), dict(each.annotations), each.previous_names, each.lifecycle]
            for each in loaded.resources
        ),
        key=lambda each: str(each[0]),
    )  # fmt: skip


def test_the_examples_mean_the_same_however_they_were_laid_out(
    folder: Path, audctl: CommandLine
) -> None:
    shutil.copytree(
        ROOT / "manifests", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".audctl")
    )
    expected = meaning(folder)
    files = sorted(folder.rglob("*.yaml"))
    for number, path in enumerate(files):
        source = read_source(path.name, path.read_bytes())
        assert not isinstance(source, Finding)
        documents, _ = read_documents(source)
        text = yaml.safe_dump_all(
            [each.root for each in documents],
            default_flow_style=bool(number % 2),
            width=30,
            indent=4,
            explicit_start=True,
        )
        path.write_text(text, encoding="utf-8")
    assert meaning(folder) == expected
    ran = audctl("fmt")
    assert (ran.code, len(ran.stdout.splitlines())) == (0, len(files)), ran.stderr
    assert meaning(folder) == expected
    assert audctl("fmt", "--check").code == 0


def test_a_file_keeps_its_mode_and_a_link_stays_one(folder: Path, audctl: CommandLine) -> None:
    real = folder / "real.yaml"
    real.write_text(UNTIDY, encoding="utf-8")
    real.chmod(0o640)
    link = folder / "link.yaml"
    link.symlink_to(real.name)
    ran = audctl("fmt", "link.yaml", "real.yaml")
    assert (ran.code, ran.stdout) == (0, "link.yaml\n")
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == TIDY
    assert real.stat().st_mode & 0o7777 == 0o640
    assert sorted(each.name for each in folder.iterdir()) == ["link.yaml", "real.yaml"]


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_looking_writes_nothing(option: str, folder: Path, audctl: CommandLine) -> None:
    path = folder / "any.yaml"
    path.write_text(UNTIDY, encoding="utf-8")
    before = path.stat()
    ran = audctl("fmt", option, "any.yaml")
    assert ran.code == (2 if option == "--check" else 0)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert path.read_text(encoding="utf-8") == UNTIDY


def test_one_broken_file_stays_and_the_others_are_formatted(
    folder: Path, audctl: CommandLine
) -> None:
    (folder / "a.yaml").write_text("kind: [\n", encoding="utf-8")
    (folder / "b.yaml").write_text(f"{UNTIDY}---\nspec: 1\nspec: 2\nx: !t 1\n", encoding="utf-8")
    (folder / "c.yaml").write_bytes(b"label: \xff\n")
    (folder / "d.yaml").write_text(UNTIDY, encoding="utf-8")
    (folder / "e.yaml").write_text("services: {web: {image: x}}\n", encoding="utf-8")
    ran = audctl("fmt", ".")
    assert (ran.code, ran.stdout) == (1, "d.yaml\n")
    for place in ("a.yaml:2:1 ", "b.yaml:7:1 ", "b.yaml:8:4 ", "c.yaml:1:8 ", "e.yaml:1:1 "):
        assert place in ran.stderr
    assert (folder / "e.yaml").read_text(encoding="utf-8").startswith("services")
    assert audctl("fmt", "--check", ".").code == 1  # an error counts for more than differences


def test_pipes_are_not_opened_and_links_out_are_not_followed(
    folder: Path, audctl: CommandLine
) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (folder / "outside.yaml").write_text(UNTIDY, encoding="utf-8")
    (inside / "link.yaml").symlink_to("../outside.yaml")
    os.mkfifo(inside / "pipe.yaml")
    ran = audctl("fmt", "inside")
    assert ran.code == 1
    assert "AUD1011" in ran.stderr
    assert "AUD1012" in ran.stderr
    assert (folder / "outside.yaml").read_text(encoding="utf-8") == UNTIDY
    assert audctl("fmt", "inside/pipe.yaml").code == 64


def test_a_file_that_changes_meanwhile_or_cannot_be_replaced_stays(
    folder: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "any.yaml"
    path.write_text(UNTIDY, encoding="utf-8")
    real = canonical_text

    def edited_meanwhile(source):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        path.write_text(f"{UNTIDY}# mine\n", encoding="utf-8")
        return real(source)

    with monkeypatch.context() as patched:
        patched.setattr(formatting, "canonical_text", edited_meanwhile)
        ran = audctl("fmt", "any.yaml")
    assert (ran.code, ran.stdout) == (1, "")
    assert "AUD1013" in ran.stderr
    assert path.read_text(encoding="utf-8") == f"{UNTIDY}# mine\n"

    def full(_path: Path, _text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formatting, "replace_file", full)
    ran = audctl("fmt", "any.yaml")
    assert ran.code == 1
    assert "No space left on device" in ran.stderr


def test_stdin_goes_to_stdout(audctl: CommandLine) -> None:
    ran = audctl("fmt", "-", stdin=UNTIDY)
    assert (ran.code, ran.stdout, ran.stderr) == (0, TIDY, "")
    ran = audctl("fmt", "-", "--check", stdin=UNTIDY)
    assert (ran.code, ran.stdout) == (2, "-\n")
    ran = audctl("fmt", "-", "--check", "--output", "json", stdin=TIDY)
    assert ran.code == 0
    assert json.loads(ran.stdout) == {
        "files": [{"path": "-", "differs": False}],
        "written": False,
        "findings": [],
    }
    ran = audctl("fmt", "-", stdin="a: [\n")
    assert (ran.code, ran.stdout) == (1, "")
    assert "-:2:1 error AUD1004" in ran.stderr
    assert audctl("fmt", "-", "--output", "json", stdin=TIDY).code == 64
    assert audctl("fmt", "-", "--project", ".", stdin=TIDY).code == 64


def test_text_that_stdout_cannot_carry_is_refused_rather_than_changed(tmp_path: Path) -> None:
    for encoding, code, out in (("utf-8", 0, TIDY.encode()), ("ascii", 64, b"")):
        done = subprocess.run(
            [sys.executable, "-m", "audctl", "fmt", "-"],
            input=UNTIDY.encode(),
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert (done.returncode, done.stdout) == (code, out), done.stderr


def test_a_difference_is_fit_for_a_terminal(folder: Path, audctl: CommandLine) -> None:
    text = UNTIDY.replace("ünï", "a\u202eb") + "# \u2028\n"
    (folder / "any.yaml").write_text(text, encoding="utf-8")
    ran = audctl("fmt", "--diff", "any.yaml")
    assert "\u202e" not in ran.stdout
    assert "\\u202e" in ran.stdout


def test_a_file_without_a_last_line_end_or_with_a_mark_differs(
    folder: Path, audctl: CommandLine
) -> None:
    path = folder / "any.yaml"
    for data in (
        TIDY.encode()[:-1],
        b"\xef\xbb\xbf" + TIDY.encode(),
        TIDY.replace("\n", "\r\n").encode(),
    ):
        path.write_bytes(data)
        assert audctl("fmt", "--diff", "any.yaml").stdout
        assert audctl("fmt", "any.yaml").code == 0
        assert path.read_bytes() == TIDY.encode()
