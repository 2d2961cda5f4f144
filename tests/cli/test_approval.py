"""What was approved is what runs: plan files and digests, against everything that may have changed since."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from audctl.model.plan import FORMAT_VERSION
from audctl.plan.plan_json import checksum_of
from tests import loopback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import ProjectFolder

AUTHOR = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def approved(project: ProjectFolder) -> Path:
    """Return a plan file for the untouched project."""
    file = project.folder.parent / "plan.json"
    assert project.run("plan", "--out", str(file)).code == 0
    return file


def owned(project: ProjectFolder) -> int:
    return len(json.loads(project.run("ledger", "list", "--output", "json").stdout)["entries"])


def change(file: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Edit a plan file so that its checksum fits again."""
    content = json.loads(file.read_text(encoding="utf-8"))
    how(content)
    text = json.dumps(content | {"checksum": checksum_of(content)})
    file.write_text(text, encoding="utf-8")


def test_an_approved_plan_is_applied_and_only_once(project: ProjectFolder, approved: Path) -> None:
    assert stat.S_IMODE(approved.stat().st_mode) == 0o600
    ran = project.run("apply", str(approved))
    assert ran.code == 0
    assert "Verified" in ran.stdout
    again = project.run("apply", str(approved))
    assert again.code == 4
    assert ": 11 gone steps\n" in again.stderr


def test_another_manifest_since_is_told_step_by_step(
    project: ProjectFolder, approved: Path
) -> None:
    project.replace("web.yaml", "label: Bought", "label: Has bought")
    project.write("more.yaml", "apiVersion: audctl.dev/v1\nkind: List\nmetadata: {name: more}\n"
                  "spec: {label: More, folder: /Profiles and Targets/Lists}\n")  # fmt: skip
    ran = project.run("apply", str(approved))
    assert ran.code == 4
    assert ": 1 new, 1 differing steps\n" in ran.stderr
    lines = [line.strip() for line in ran.stderr.splitlines()]
    assert "new step: create List/more#campaign.list: not there yet" in lines
    at = lines.index("Trait/purchase#aam.trait differs in")
    assert lines[at + 1] == 'label: approved "Bought", now "Has bought"'
    assert owned(project) == 0


def test_a_comment_since_changes_nothing(project: ProjectFolder, approved: Path) -> None:
    project.replace("web.yaml", "kind: Destination", "# said later\nkind: Destination")
    assert project.run("apply", str(approved)).code == 0


def test_a_live_change_since_is_told_with_its_object(
    project: ProjectFolder, approved: Path
) -> None:
    project.run("apply", str(approved))
    project.replace("cart.yaml", "label: Cart abandoners\n", "label: Left a cart\n")
    assert project.run("plan", "--out", str(approved)).code == 0
    token = loopback.post(
        f"{project.url}/ims/token/v3",
        data={
            "grant_type": "client_credentials",
            "client_id": "marketer",
            "client_secret": "marketer",
            "scope": "openid,AdobeID",
        },
    ).json()["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "x-api-key": "marketer",
        "AAM-Disable-Escaping-HTML": "true",
    }
    url = f"{project.url}/v1/segments/ic:cart-abandoners"
    content = loopback.get(url, headers=headers).raise_for_status().json()
    loopback.put(url, headers=headers, json=content | {"description": "mine"}).raise_for_status()
    ran = project.run("apply", str(approved))
    assert ran.code == 4
    assert "Audience/cart-abandoners#aam.segment differs in" in ran.stderr
    assert "the live object, which changed since the plan was approved (last by" in ran.stderr


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "is not a whole plan (no valid JSON)"),
        (lambda text: text.replace('"Bought"', '"Stole"'), "its checksum does not fit"),
        (lambda text: text.replace(f'"{FORMAT_VERSION}"', '"2.0"'), "has plan format 2.0"),
        (lambda _: "", "is not a whole plan"),
    ],
    ids=["cut", "edited", "newer", "empty"],
)
@pytest.mark.parametrize("command", ["apply", "show"])
def test_a_file_that_is_no_plan_any_more_is_refused(
    command: str,
    damage: Callable[[str], str],
    said: str,
    project: ProjectFolder,
    approved: Path,
) -> None:
    approved.write_text(damage(approved.read_text(encoding="utf-8")), encoding="utf-8")
    words = (command, str(approved))
    ran = project.run(*words) if command == "apply" else project.audctl(*words)
    assert ran.code == 4
    assert said in ran.stderr
    assert owned(project) == 0


def test_a_forged_permission_does_not_get_through(project: ProjectFolder, approved: Path) -> None:
    change(approved, lambda content: content["options"].update(adopt=True))
    ran = project.run("apply", str(approved))
    assert ran.code == 4
    assert "was changed after it was planned" in ran.stderr


def test_another_projects_plan_is_refused(project: ProjectFolder, approved: Path) -> None:
    project.replace("audctl.yaml", "metadata: {name: shop}", "metadata: {name: other}")
    ran = project.run("apply", str(approved))
    assert ran.code == 4
    assert 'the plan is for project "shop", this is "other"' in ran.stderr


def test_another_environments_plan_is_refused_before_any_call(
    project: ProjectFolder, approved: Path
) -> None:
    loopback.delete(f"{project.url}/_sandbox/calls").raise_for_status()
    ran = project.run("apply", str(approved), "--env", "closed")
    assert ran.code == 4
    assert "the plan is for local (sandbox@AdobeOrg" in ran.stderr
    assert "this is closed (sandbox@AdobeOrg" in ran.stderr
    assert loopback.get(f"{project.url}/_sandbox/calls").json()["total"] == 0


def test_what_was_decided_by_planning_cannot_be_decided_again(
    project: ProjectFolder, approved: Path
) -> None:
    for words in (("--adopt",), ("--allow", "maxDeletes:List/x"), ("--only", "List/*")):
        ran = project.run("apply", str(approved), *words)
        assert ran.code == 64
        assert "belong to planning" in ran.stderr


def git(folder: Path, *words: str) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(["git", *AUTHOR, *words], cwd=folder, env=environ, check=True)


def test_a_plan_of_another_commit_is_applied_and_told(project: ProjectFolder) -> None:
    git(project.folder, "init", "-q", "-b", "main")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "-q", "-m", "first")
    file = project.folder.parent / "plan.json"
    planned = project.run("plan", "--out", str(file))
    assert "\nManifests of commit " in planned.stdout
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["revision"]["branch"] == "main"
    assert content["revision"]["dirty"] is False
    git(project.folder, "commit", "-q", "--allow-empty", "-m", "second")
    ran = project.run("apply", str(file), "--dry-run")
    assert ran.code == 0
    assert "warning AUD2201 the plan was made at commit" in ran.stdout
    assert "AUD2202" not in ran.stdout


def test_a_plan_of_what_was_not_committed_is_applied_and_told(project: ProjectFolder) -> None:
    git(project.folder, "init", "-q", "-b", "main")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "-q", "-m", "first")
    project.replace("web.yaml", "label: Bought", "label: Has bought")
    file = project.folder.parent / "plan.json"
    assert "with changes that are not committed" in project.run("plan", "--out", str(file)).stdout
    ran = project.run("apply", str(file))
    assert ran.code == 0
    assert "warning AUD2202" in ran.stdout


def test_a_plan_file_is_shown_as_it_was_planned(project: ProjectFolder, approved: Path) -> None:
    planned = project.run("plan")
    shown = project.audctl("show", str(approved))
    assert shown.code == 0

    def without_the_read(text: str) -> list[str]:
        return [line for line in text.splitlines() if "live as of" not in line]

    assert without_the_read(shown.stdout) == without_the_read(planned.stdout)
    for words in (("--format", "json"), ("--output", "json")):
        shown = project.audctl("show", str(approved), *words)
        assert json.loads(shown.stdout) == json.loads(approved.read_text(encoding="utf-8"))


def test_a_plan_file_is_shown_to_readers_of_terraform_plans(
    project: ProjectFolder, approved: Path
) -> None:
    shown = project.audctl("show", str(approved), "--format", "terraform-json")
    assert shown.code == 0
    content = json.loads(shown.stdout)
    # As a policy would have it: nothing is deleted, and every new trait has a label.
    assert not [
        each for each in content["resource_changes"] if "delete" in each["change"]["actions"]
    ]
    traits = [each for each in content["resource_changes"] if each["type"] == "aam.trait"]
    assert [each["change"]["after"]["label"] for each in traits] == ["Added to cart", "Bought"]
    assert content["errored"] is False


def test_two_forms_at_once_are_a_misuse(project: ProjectFolder, approved: Path) -> None:
    ran = project.audctl("show", str(approved), "--format", "text", "--output", "json")
    assert ran.code == 64
