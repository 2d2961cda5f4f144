"""``audctl init``: what it writes works as it is, whatever the folder is called, and it writes all of it or nothing."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from audctl.manifest.project import load_project
from audctl.operations import init as operation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine

FILES = [".gitignore", "audctl.yaml", "manifests/cart-abandoners.yaml", "manifests/shared.yaml"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files_in(folder: Path) -> dict[str, str]:
    return {
        each.relative_to(folder).as_posix(): each.read_text(encoding="utf-8")
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def test_a_new_project_works_from_the_first_plan_to_the_one_that_finds_nothing(
    folder: Path, audctl: CommandLine
) -> None:
    ran = audctl("init")
    assert ran.code == 0, ran.stderr
    assert sorted(files_in(folder)) == FILES
    plan, apply = (shlex.split(each) for each in ran.stdout.splitlines()[-2:])
    assert (plan[:2], apply[:2]) == (["audctl", "plan"], ["audctl", "apply"])

    valid = audctl("validate")
    assert (valid.code, valid.stdout[:18]) == (0, "Valid: 7 resources")
    assert audctl("fmt", "--check").code == 0
    planned = audctl(*plan[1:])
    assert planned.code == 0, planned.stderr
    assert "error" not in planned.stdout
    applied = audctl(*apply[1:], stdin="yes\n", terminal=True)
    assert applied.code == 0, applied.stdout + applied.stderr
    assert "Verified: a second read found nothing left to do" in applied.stdout
    again = audctl("plan", "--detailed-exitcode")
    assert again.code == 0, again.stdout
    assert "nothing to do" in again.stdout

    ignored = (folder / ".gitignore").read_text(encoding="utf-8").splitlines()
    left = {each.name for each in folder.iterdir()}
    assert left == {".audctl", ".gitignore", "audctl.yaml", "manifests"}
    assert {".audctl/", "plan.json"} <= set(ignored)


def test_the_example_of_a_tenant_is_one_as_soon_as_its_marks_are_gone(
    folder: Path, audctl: CommandLine
) -> None:
    assert audctl("init").code == 0
    project = folder / "audctl.yaml"
    head, mark, rest = project.read_text(encoding="utf-8").partition("    # prod:\n")
    assert mark
    example, end, rest = rest.partition("  defaultEnvironment")
    text = (mark + example).replace("    # ", "    ")
    project.write_text(head + text + end + rest, encoding="utf-8")
    environ = {"IMS_CLIENT_ID": "any", "IMS_CLIENT_SECRET": "never-to-be-seen"}
    ran = audctl("validate", "--env", "prod", environ=environ)
    assert (ran.code, ran.stderr) == (0, ""), ran.stdout
    assert "warning" not in ran.stdout
    assert audctl("fmt", "--check").code == 0
    assert "AUD1103" in audctl("validate", "--env", "prod").stdout


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("audiences", "audiences"),
        ("no", "no"),
        ("12", "12"),
        ("1e3", "1e3"),
        ("a b: c # d", "a-b-c-d"),
        ("Ünï", "n"),
        ("-x", "x"),
        ("'; rm -rf", "rm--rf"),
        ("…", "my-audiences"),
        ("x" * 150, "x" * 100),
        ("deep/er", "er"),
    ],
)
def test_any_folder_will_do(name: str, called: str, folder: Path, audctl: CommandLine) -> None:
    ran = audctl("init", "--output", "json", "--", name)
    assert ran.code == 0, ran.stderr
    assert json.loads(ran.stdout)["project"] == called
    assert load_project(folder / name).name == called
    words = shlex.split(json.loads(ran.stdout)["next"][0])
    assert words[:3] == ["audctl", "plan", "--project"]
    ran = audctl("validate", *words[2:])
    assert ran.code == 0, ran.stderr
    assert audctl("fmt", "--check", *words[2:]).code == 0


@pytest.mark.parametrize("taken", [*FILES, "manifests/other.yaml"])
def test_what_is_there_stays_and_nothing_joins_it(
    taken: str, folder: Path, audctl: CommandLine
) -> None:
    (folder / taken).parent.mkdir(exist_ok=True)
    (folder / taken).write_text("mine\n", encoding="utf-8")
    ran = audctl("init")
    assert (ran.code, ran.stdout) == (1, "")
    assert f"AUD1014 nothing is written: {taken} exists already" in ran.stderr
    assert files_in(folder) == {taken: "mine\n"}


def test_what_is_in_the_way_is_named_all_of_it_links_that_lead_nowhere_too(
    folder: Path, audctl: CommandLine
) -> None:
    (folder / ".gitignore").write_text("mine\n", encoding="utf-8")
    (folder / "audctl.yaml").symlink_to("elsewhere.yaml")
    (folder / "manifests").write_text("mine\n", encoding="utf-8")
    ran = audctl("init")
    assert ran.code == 1
    for name in (".gitignore exists", "audctl.yaml exists", "manifests is no folder"):
        assert name in ran.stderr
    assert not (folder / "elsewhere.yaml").exists()
    assert "manifests is no folder" in audctl("init", "manifests").stderr


def test_a_write_that_fails_takes_back_what_was_written(
    folder: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**operation._FILES, "more/last.yaml": "there-is-no-such-template"}
    monkeypatch.setattr(operation, "_FILES", files)
    ran = audctl("init", "a/b")
    assert (ran.code, ran.stdout) == (1, "")
    assert "AUD1014 nothing is written: a/b/more/last.yaml cannot be written" in ran.stderr
    assert not list(folder.iterdir())
    (folder / "manifests").mkdir()
    assert audctl("init").code == 1
    assert [each.name for each in folder.rglob("*")] == ["manifests"]
