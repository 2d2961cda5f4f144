from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.manifest.discover import discover, find_project
from audctl.model.span import Span

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.model.finding import Finding

NAMED = Span("audctl.yaml", 1, 1)


def walk(root: Path, *folders: str) -> tuple[list[str], list[Finding]]:
    named = [(folder, NAMED) for folder in folders or (".",)]
    files, findings = discover(root, named, root / "audctl.yaml", project="shop")
    return [name for name, _ in files], findings


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x: 1\n")


def test_files_are_sorted_and_hidden_and_other_ones_left_out(tmp_path: Path) -> None:
    make(
        tmp_path,
        "b/z.yaml",
        "a.yml",
        "b/a.yaml",
        ".git/x.yaml",
        "b/.x.yaml",
        "c.json",
        "audctl.yaml",
    )
    assert walk(tmp_path) == (["a.yml", "b/a.yaml", "b/z.yaml"], [])


def test_folders_that_overlap_give_each_file_once(tmp_path: Path) -> None:
    make(tmp_path, "a/b/x.yaml")
    assert walk(tmp_path, "a", "a/b") == (["a/b/x.yaml"], [])


def test_each_folder_must_hold_manifests(tmp_path: Path) -> None:
    make(tmp_path, "a/x.yaml", "b/readme.md")
    files, findings = walk(tmp_path, "a", "b")
    assert files == ["a/x.yaml"]
    assert [each.code for each in findings] == ["AUD1010"]


def test_links_inside_the_project_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path, "a/x.yaml")
    (tmp_path / "b").symlink_to("a")
    assert walk(tmp_path) == (["a/x.yaml"], [])


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("a/loop", "."),
        ("a/up", "../a"),
        ("a/self", "self"),
        ("a/gone", "nowhere"),
        ("a/out", "../.."),
    ],
)
def test_links_that_loop_or_leave_are_refused(tmp_path: Path, name: str, target: str) -> None:
    root = tmp_path / "root"
    make(root, "a/x.yaml")
    (root / name).symlink_to(target)
    files, findings = walk(root)
    assert files == ["a/x.yaml"]
    assert [each.code for each in findings] == ["AUD1011"]
    assert findings[0].span == Span(name, 1, 1)


def test_the_project_is_found_upward(tmp_path: Path) -> None:
    make(tmp_path, "audctl.yaml", "a/b/x.yaml")
    assert find_project(tmp_path / "a" / "b") == tmp_path / "audctl.yaml"


def test_a_missing_project_is_said(tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as raised:
        find_project(tmp_path)
    assert [each.code for each in raised.value.findings] == ["AUD1101"]
