"""Three defects found in tools of the same kind; each must be impossible here. Real HTTP against the sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import loopback

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine, ProjectFolder

NO_PLAN_HAS_IT = "deadbeef" * 8

FEED = """\
apiVersion: audctl.dev/v1
kind: Destination
metadata: {name: campaign-feed}
spec: {type: serverToServer, id: 4200}
"""
LIST = """\
apiVersion: audctl.dev/v1
kind: List
metadata: {{name: list-{number}}}
spec: {{label: List {number}, folder: /Profiles and Targets/Lists}}
"""


@pytest.fixture
def nine_lists(project: ProjectFolder) -> ProjectFolder:
    """Return a project that owns nine lists and nothing else, all applied, and whose manifests are gone."""
    for each in ("cart.yaml", "web.yaml"):
        (project.folder / each).unlink()
    project.write("feed.yaml", FEED)
    project.write("lists.yaml", "---\n".join(LIST.format(number=number) for number in range(9)))
    assert project.run("apply", "--auto-approve").code == 0
    (project.folder / "lists.yaml").unlink()
    return project


# 1. A checksum was given, another switch that would have made it count was not: applied, exit code 0.


@pytest.mark.parametrize(
    "words",
    [
        ("apply", "--auto-approve"),
        ("apply", "--auto-approve", "--no-verify"),
        ("apply", "--dry-run"),
        ("plan",),
        ("plan", "--detailed-exitcode"),
    ],
    ids=" ".join,
)
def test_a_digest_that_is_expected_is_compared_whatever_else_is_given(
    words: tuple[str, ...], project: ProjectFolder
) -> None:
    ran = project.run(*words, "--expect-digest", NO_PLAN_HAS_IT)
    assert ran.code == 4
    assert f"not the expected {NO_PLAN_HAS_IT}" in ran.stderr
    assert json.loads(project.run("ledger", "list", "--output", "json").stdout)["entries"] == []


def test_a_digest_that_is_expected_of_a_file_is_compared_with_the_files(
    project: ProjectFolder,
) -> None:
    file = str(project.folder / "plan.json")
    assert project.run("plan", "--out", file).code == 0
    ran = project.run("apply", file, "--expect-digest", NO_PLAN_HAS_IT)
    assert ran.code == 4
    assert f"not the expected {NO_PLAN_HAS_IT}" in ran.stderr
    digest = json.loads(Path(file).read_text(encoding="utf-8"))["digest"]
    assert project.run("plan", "--expect-digest", digest).code == 0
    assert project.run("apply", file, "--expect-digest", digest).code == 0


@pytest.mark.parametrize("digest", ["", " ", "deadbeef", "$DIGEST", NO_PLAN_HAS_IT.upper()])
@pytest.mark.parametrize("command", [("apply", "--auto-approve"), ("plan",)], ids=" ".join)
def test_a_digest_that_no_plan_can_have_is_a_misuse(
    command: tuple[str, ...], digest: str, project: ProjectFolder
) -> None:
    ran = project.run(*command, "--expect-digest", digest)
    assert ran.code == 64
    assert "--expect-digest needs a digest" in ran.stderr


@pytest.mark.parametrize(
    "command",
    [("validate",), ("drift",), ("show", "plan.json"), ("unmanaged",)],
    ids=" ".join,
)
def test_where_nothing_has_a_digest_expecting_one_is_a_misuse(
    command: tuple[str, ...], audctl: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
    words = (*command, "--expect-digest", NO_PLAN_HAS_IT)
    ran = audctl(*words)
    assert ran.code == 64
    assert "--expect-digest" in ran.stderr


@pytest.mark.parametrize("allowed", ["maxDeletes:List/other", "maxDelete:List/x", "everything"])
def test_a_permission_that_permits_nothing_is_an_error(
    allowed: str, project: ProjectFolder
) -> None:
    ran = project.run("apply", "--auto-approve", "--allow", allowed)
    assert ran.code == 1
    assert "AUD2013" in ran.stderr + ran.stdout
    assert json.loads(project.run("ledger", "list", "--output", "json").stdout)["entries"] == []


# 2. A share of a small set: nine of nine deletes went through, ten of ten were refused.


def test_nine_of_nine_deletes_are_refused(nine_lists: ProjectFolder) -> None:
    planned = nine_lists.run("plan", "--detailed-exitcode")
    assert planned.code == 3
    assert "9 to delete" in planned.stdout
    assert planned.stdout.count("hint: --allow maxDeletes:List/list-") == 9
    assert nine_lists.run("apply", "--auto-approve").code == 3
    entries = json.loads(nine_lists.run("ledger", "list", "--output", "json").stdout)["entries"]
    assert len(entries) == 9


def test_seven_of_nine_allowed_by_name_do_not_let_the_other_two_through(
    nine_lists: ProjectFolder,
) -> None:
    names = [f"--allow=maxDeletes:List/list-{number}" for number in range(7)]
    ran = nine_lists.run("apply", "--auto-approve", *names)
    assert ran.code == 3
    told = ran.stdout + ran.stderr
    assert all(f"maxDeletes:List/list-{number}#" in told for number in (7, 8))
    entries = json.loads(nine_lists.run("ledger", "list", "--output", "json").stdout)["entries"]
    assert len(entries) == 9


# 3. With JSON asked for, a failed run ended with 0; with a code asked for, the JSON was not printed.


def fail_segments(project: ProjectFolder) -> None:
    """Let Audience Manager refuse to make segments."""
    rule = {"route": "POST /v1/segments", "kind": "status", "status": 400, "when": "before"}
    loopback.post(f"{project.url}/_sandbox/faults", json=[rule]).raise_for_status()


def test_a_failed_apply_gives_its_json_and_its_report_and_the_errors_code(
    project: ProjectFolder,
) -> None:
    fail_segments(project)
    report = project.folder / "report.json"
    ran = project.run("apply", "--auto-approve", "--output", "json", "--report", f"json={report}")
    assert ran.code == 5
    shown = json.loads(ran.stdout)
    assert [each["address"] for each in shown["failed"]] == ["Audience/cart-abandoners#aam.segment"]
    assert shown["done"]
    assert shown["notTried"]
    assert "Audience/cart-abandoners#aam.segment" in report.read_text(encoding="utf-8")


def test_a_plan_with_differences_and_an_error_shows_both_and_ends_with_the_errors_code(
    project: ProjectFolder,
) -> None:
    report = project.folder / "report.json"
    out = project.folder / "plan.json"
    ran = project.run(
        "plan", "--detailed-exitcode", "--output", "json", "--out", str(out),
        "--allow", "maxDeletes:List/other", "--report", f"json={report}",
    )  # fmt: skip
    assert ran.code == 1
    shown = json.loads(ran.stdout)
    assert shown["summary"]["create"]
    assert [each["code"] for each in shown["findings"] if each["severity"] == "error"] == [
        "AUD2013"
    ]
    assert json.loads(out.read_text(encoding="utf-8")) == shown
    assert report.exists()


def test_a_plan_that_is_not_the_expected_one_is_shown_and_written_before_the_code(
    project: ProjectFolder,
) -> None:
    out = project.folder / "plan.json"
    report = project.folder / "report.json"
    ran = project.run(
        "plan", "--detailed-exitcode", "--output", "json", "--out", str(out),
        "--expect-digest", NO_PLAN_HAS_IT, "--report", f"json={report}",
    )  # fmt: skip
    assert ran.code == 4
    assert json.loads(ran.stdout) == json.loads(out.read_text(encoding="utf-8"))
    assert report.exists()


def test_a_read_that_failed_is_an_error_in_json_in_the_report_and_in_the_code(
    project: ProjectFolder,
) -> None:
    rule = {"route": "GET /v1/segments", "kind": "status", "status": 400, "when": "before"}
    loopback.post(f"{project.url}/_sandbox/faults", json=[rule]).raise_for_status()
    report = project.folder / "report.json"
    ran = project.run(
        "plan", "--detailed-exitcode", "--output", "json", "--report", f"json={report}"
    )
    assert ran.code == 1
    assert json.loads(ran.stdout)["error"]["message"]
    assert report.exists()
