"""What the golden session of ledger care does not show: protection, people who answer, lost ledgers, hostile files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audctl.ledger.transfer import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import ProjectFolder, Ran

    Document = dict[str, Any]


def listed(project: ProjectFolder) -> dict[str, dict[str, Any]]:
    content = json.loads(project.run("ledger", "list", "--output", "json").stdout)
    return {each["address"]: each for each in content["entries"]}


def export(project: ProjectFolder) -> Path:
    path = project.folder / "ledger.json"
    assert project.run("ledger", "export", "--out", str(path)).code == 0
    return path


def resign(path: Path, change: Callable[[Document], object]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    document["digest"] = digest_of(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def load_again(project: ProjectFolder, path: Path) -> Ran:
    return project.run("ledger", "import", str(path), "--overwrite", "--auto-approve")


def test_what_is_protected_is_forgotten_by_its_name_only(project: ProjectFolder) -> None:
    project.replace("web.yaml", "label: Bought", "label: Bought, lifecycle: {protect: true}")
    assert project.run("apply", "--auto-approve").code == 0
    refused = project.run("ledger", "forget", "Trait/*", "--auto-approve")
    assert refused.code == 3
    assert "--allow protect:Trait/purchase lets the ledger forget it" in refused.stderr
    assert "Trait/cart-add is protected" not in refused.stderr
    words = ("ledger", "forget", "Trait/*", "--auto-approve", "--allow", "protect:Trait/purchase")
    assert project.run(*words).code == 0
    assert not [each for each in listed(project) if each.startswith("Trait/")]


@pytest.mark.parametrize("answer", ["yes\n", "y\n", ""])
def test_only_a_plain_yes_changes_the_ledger(project: ProjectFolder, answer: str) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    ran = project.audctl(
        "ledger", "forget", "List/*", "--project", str(project.folder),
        stdin=answer, environ={"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}, terminal=True,
    )  # fmt: skip
    forgotten = answer == "yes\n"
    assert ran.code == (0 if forgotten else 3)
    assert ("List/cart-abandoners#campaign.list" not in listed(project)) is forgotten
    assert "Only 'yes' is taken for a yes:" in ran.stderr


def test_a_lost_ledger_is_found_again_and_the_next_plan_shows_what_differs(
    project: ProjectFolder,
) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    before = listed(project)
    assert project.run("ledger", "forget", "*", "--auto-approve").code == 0
    project.replace("web.yaml", "label: Bought", "label: Purchased")
    assert project.run("ledger", "rebuild", "--dry-run").code == 0
    assert listed(project) == {}
    ran = project.run("ledger", "rebuild", "--auto-approve")
    assert ran.code == 0, ran.stderr
    assert "differs from its manifest in label" in ran.stdout
    after = listed(project)
    # Folders that audctl made are used from now on, not owned: nobody can tell any more who made them.
    assert after.keys() == {each for each in before if not each.startswith("Folder/")}
    assert {name: each["liveId"] for name, each in after.items()} == {
        name: before[name]["liveId"] for name in after
    }
    assert not any(each["created"] for each in after.values())
    plan = json.loads(project.run("plan", "--output", "json").stdout)
    changes = {each["address"]: each for each in plan["changes"]}
    assert changes.keys() == {
        "Trait/purchase#aam.trait",
        "ExternalAccount/importSharedAudience#campaign.externalAccount",
    }
    (field,) = changes["Trait/purchase#aam.trait"]["fields"]
    assert (field["field"], field["reason"]) == ("label", "manifest changed")
    assert project.run("drift").code == 0
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_what_another_project_owns_is_neither_claimed_nor_imported(project: ProjectFolder) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    path = export(project)
    project.replace("audctl.yaml", "metadata: {name: shop}", "metadata: {name: rival}")
    ran = project.run("ledger", "rebuild", "--auto-approve", "--output", "json")
    rebuilt = json.loads(ran.stdout)
    assert rebuilt["entries"] == []
    assert any("AUD2020" in each and 'project "shop"' in each for each in rebuilt["notes"])
    mine = load_again(project, path)
    assert 'this is the ledger of project "shop", not of "rival"' in mine.stderr
    resign(path, lambda document: document.update(project="rival"))
    stolen = load_again(project, path)
    assert stolen.code == 1
    assert 'belongs to project "shop" (environment local) by now' in stolen.stderr
    assert listed(project) == {}


def _entry(document: Document) -> Document:
    found = document["entries"][0]
    assert isinstance(found, dict)
    return found


HOSTILE: dict[str, Callable[[Document], object]] = {
    "a newer format": lambda each: each.update(format=4),
    "entries that are none": lambda each: each.update(entries={}),
    "no salt": lambda each: each.pop("salt"),
    "a word for a flag": lambda each: _entry(each).update(protect="no"),
    "an object without an id": lambda each: _entry(each).update(id=""),
    "a name that steers a terminal, of another type": lambda each: _entry(each).update(
        address=["Audience", "\x1b[31m", "aam.trait"]
    ),
    "a secret in clear": lambda each: _entry(each).update(secrets={"password": "hunter2"}),
    "a field that is a tree": lambda each: _entry(each)["fields"].update(label={"a": []}),
    "an object twice": lambda each: each["entries"].append(_entry(each)),
}


def test_a_hostile_file_changes_nothing(project: ProjectFolder) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    before, path = listed(project), export(project)
    whole = path.read_bytes()
    for name, change in HOSTILE.items():
        path.write_bytes(whole)
        resign(path, change)
        ran = load_again(project, path)
        assert ran.code == 1, name
        assert "\x1b" not in ran.stderr, name
        assert "hunter2" not in ran.stderr, name
    path.write_bytes(whole[:-200])
    assert load_again(project, path).code == 1
    assert listed(project) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no valid JSON"),
        (b"[" * 100_000, "no valid JSON"),
        (b'{"kind": NaN}', "no valid JSON"),
        (b'{"kind": "Ledger", "kind": "Ledger"}', "no valid JSON"),
        (b"\xff\xfe", "no valid JSON"),
        (b"[]", "no JSON object"),
        (b'{"kind": "Ledger", "apiVersion": "audctl.dev/v1", "format": 9}', "newer than the 3"),
    ],
    ids=lambda each: each[:20].decode("latin-1") if isinstance(each, bytes) else "",
)
def test_what_is_no_exported_ledger_is_refused_before_any_call(
    project: ProjectFolder, content: bytes, said: str
) -> None:
    path = project.folder / "ledger.json"
    path.write_bytes(content)
    ran = project.run("ledger", "import", str(path), "--env", "closed", "--auto-approve")
    assert ran.code == 1
    assert said in ran.stderr


def test_an_export_is_its_owner_s_alone_and_goes_to_stdout_as_well(project: ProjectFolder) -> None:
    assert project.run("apply", "--auto-approve").code == 0
    path = export(project)
    assert path.stat().st_mode & 0o777 == 0o600
    ran = project.run("ledger", "export")
    assert ran.stdout == path.read_text(encoding="utf-8")
