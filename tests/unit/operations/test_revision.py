from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audctl.model.plan import Revision
from audctl.operations.revision import read_revision, revision_findings
from tests.build import make_ledger, make_plan, make_state

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
AUTHOR = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *AUTHOR, *words], cwd=folder, env=ENVIRON, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Return a project below the root of a repository with one commit."""
    root = tmp_path / "repo"
    (root / "shop").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "shop" / "audctl.yaml").write_text("a", encoding="utf-8")
    (root / "other.txt").write_text("a", encoding="utf-8")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root / "shop"


def test_a_clean_checkout_has_a_commit_and_a_branch(repo: Path) -> None:
    commit = git(repo, "rev-parse", "HEAD")
    assert read_revision(repo, ENVIRON) == Revision(commit=commit, branch="main", dirty=False)


def test_a_bare_commit_has_no_branch(repo: Path) -> None:
    git(repo, "checkout", "-q", "--detach")
    found = read_revision(repo, ENVIRON)
    assert found is not None
    assert found.branch == ""


@pytest.mark.parametrize(
    ("name", "dirty"),
    [
        ("shop/audctl.yaml", True),
        ("shop/new.yaml", True),
        ("shop/deep/new.yml", True),
        ("shop/plan.json", False),
        ("shop/.audctl/state.yaml", False),
        ("other.txt", False),
        ("new.yaml", False),
    ],
)
def test_only_what_the_project_reads_makes_it_dirty(name: str, dirty: bool, repo: Path) -> None:
    path = repo.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("changed", encoding="utf-8")
    found = read_revision(repo, ENVIRON)
    assert found is not None
    assert found.dirty is dirty


def test_a_staged_or_removed_manifest_makes_it_dirty(repo: Path) -> None:
    (repo / "audctl.yaml").unlink()
    found = read_revision(repo, ENVIRON)
    assert found is not None
    assert found.dirty


def test_outside_of_any_repository_there_is_none(tmp_path: Path) -> None:
    assert read_revision(tmp_path, ENVIRON) is None


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_revision(tmp_path, ENVIRON) is None


def test_without_git_there_is_none(repo: Path, tmp_path: Path) -> None:
    assert read_revision(repo, {"PATH": str(tmp_path)}) is None


def fake_git(folder: Path, script: str) -> dict[str, str]:
    """Put another program in Git's place, and return the environment that finds it."""
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return {"PATH": str(program.parent), "HOME": str(folder)}


def test_a_git_that_fails_or_babbles_is_none(repo: Path, tmp_path: Path) -> None:
    environ = fake_git(tmp_path, "echo '# branch.oid abc'; exit 128")
    assert read_revision(repo, environ) is None
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\necho hello\n", encoding="utf-8")
    assert read_revision(repo, environ) is None


def test_a_git_that_hangs_is_not_waited_for(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audctl.operations.revision.PATIENCE_S", 0.05)
    assert read_revision(repo, fake_git(tmp_path, "exec /bin/sleep 60")) is None


def test_no_secret_and_no_other_repository_reaches_git(repo: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    environ = fake_git(tmp_path, f"/usr/bin/env > {seen}")
    read_revision(repo, {**environ, "AUDCTL_CLIENT_SECRET": "hush", "GIT_DIR": "/elsewhere"})
    text = seen.read_text(encoding="utf-8")
    assert "GIT_OPTIONAL_LOCKS=0" in text
    assert "hush" not in text
    assert "elsewhere" not in text


ONE = Revision(commit="1" * 40, branch="main")
OTHER = Revision(commit="2" * 40)


@pytest.mark.parametrize(
    ("then", "here", "codes"),
    [
        (None, None, []),
        (None, ONE, []),
        (ONE, None, []),
        (ONE, ONE, []),
        (ONE, replace(ONE, branch="other"), []),
        (ONE, OTHER, ["AUD2201"]),
        (replace(ONE, dirty=True), ONE, ["AUD2202"]),
        (replace(ONE, dirty=True), OTHER, ["AUD2201", "AUD2202"]),
        (ONE, replace(ONE, dirty=True), []),
    ],
)
def test_another_commit_than_the_approved_one_is_told(
    then: Revision | None, here: Revision | None, codes: list[str]
) -> None:
    plan = make_plan([], make_state(), make_ledger())
    found = list(revision_findings(replace(plan, revision=then), replace(plan, revision=here)))
    assert [each.code for each in found] == codes
    assert all(each.severity == "warning" for each in found)


def test_the_commits_are_named() -> None:
    plan = make_plan([], make_state(), make_ledger())
    (found,) = revision_findings(replace(plan, revision=ONE), replace(plan, revision=OTHER))
    assert "commit 111111111111 (main), and 222222222222 is checked out" in found.message
