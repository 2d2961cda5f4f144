"""Imports over HTTP: what one project made, another one reads off; no file is lost, whatever is called how."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine

ROOT = Path(__file__).parents[2]
SECRETS = {
    "AUDCTL_CLIENT_SECRET": "sandbox",
    "MF_S3_KEY": "AKIAEXAMPLE",
    "MF_S3_SECRET": "never-to-be-seen",
}
PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {{name: {name}}}
spec:
  manifests: [{folders}]
  environments:
    local:
      ims: {{endpoint: "{url}", clientId: sandbox, clientSecret: "${{env:AUDCTL_CLIENT_SECRET}}",
            orgId: sandbox@AdobeOrg, scopes: [openid, AdobeID]}}
      audienceManager: {{endpoint: "{url}/v1"}}
      campaign: {{endpoint: "{url}"{more}}}
      ledger: {{store: file, path: ledger.json}}
      variables: {{feedId: "4200", bucket: marlow-finch-local}}
  defaultEnvironment: local
"""


def make_project(
    folder: Path, running: RunningSandbox, name: str, *, folders: str = ".", more: str = ""
) -> Path:
    folder.mkdir(exist_ok=True)
    text = PROJECT.format(name=name, url=running.url, folders=folders, more=more)
    (folder / "audctl.yaml").write_text(text, encoding="utf-8")
    return folder


def make_examples(folder: Path, running: RunningSandbox, *, more: str = "") -> Path:
    """Return the example project, which keeps its ledger to itself."""
    shutil.copytree(ROOT / "manifests", folder)
    return make_project(
        folder, running, "made", folders="shared, web, crm, analytics, legacy", more=more
    )


def command(audctl: CommandLine, project: Path, *words: str) -> dict[str, Any]:
    ran = audctl(*words, "--project", str(project), "--output", "json", environ=SECRETS)
    assert ran.code == 0, ran.stderr + ran.stdout
    assert "never-to-be-seen" not in ran.stdout + ran.stderr
    loaded: dict[str, Any] = json.loads(ran.stdout)
    return loaded


@pytest.mark.parametrize("identifier", ["mapping", "segment"])
def test_what_one_project_made_another_reads_off_and_nothing_differs(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path, identifier: str
) -> None:
    more = f", audienceIdentifier: {identifier}"
    made = make_examples(tmp_path / "made", running, more=more)
    command(audctl, made, "apply", "--adopt", "--auto-approve")
    copy = make_project(tmp_path / "copy", running, "copy", more=more)

    report = command(audctl, copy, "import")
    assert report["plan"]["change"] == 0
    assert report["findings"] == []
    kinds = {each["address"].partition("/")[0] for each in report["files"]}
    assert kinds == {
        "DataSource", "Trait", "Audience", "Destination", "List", "ImportBinding", "ExportBinding",
        "ExternalAccount",
    }  # fmt: skip
    for each in copy.rglob("*.yaml"):
        text = each.read_text(encoding="utf-8")
        assert "never-to-be-seen" not in text
        assert "AKIAEXAMPLE" not in text

    again = command(audctl, copy, "import")
    assert again["files"] == []
    command(audctl, copy, "apply", "--adopt", "--auto-approve")
    for project in (copy, made):
        command(audctl, project, "plan", "--detailed-exitcode")


def test_two_imports_of_one_tenant_are_the_same_bytes_whatever_comes_first(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path
) -> None:
    whole = make_project(tmp_path / "whole", running, "whole")
    parts = make_project(tmp_path / "parts", running, "parts")
    command(audctl, whole, "import", "*")
    for pattern in ("aam.trait", "Audience/vip-*", "campaign.*", "*"):
        command(audctl, parts, "import", pattern)
    assert texts(whole) == texts(parts)
    assert texts(whole)


def texts(project: Path) -> dict[str, str]:
    files = (each for each in project.rglob("*.yaml") if each.name != "audctl.yaml")
    return {str(each.relative_to(project)): each.read_text(encoding="utf-8") for each in files}


def test_a_file_that_exists_is_never_written_over(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", running, "project")
    taken = project / "traits" / "legacy" / "legacy-vip.yaml"
    taken.parent.mkdir(parents=True)
    other = "apiVersion: audctl.dev/v1\nkind: List\nmetadata: {name: mine}\nspec: {label: Mine}\n"
    taken.write_text(other, encoding="utf-8")
    ran = audctl("import", "Trait/legacy-*", "--project", str(project), environ=SECRETS)
    assert ran.code == 1
    assert (
        "AUD2305 Trait/legacy-vip is not written: traits/legacy/legacy-vip.yaml: file exists"
        in (ran.stdout)
    )
    assert taken.read_text(encoding="utf-8") == other
    assert (project / "traits" / "legacy" / "legacy-store-card.yaml").exists()


def test_a_link_that_leads_out_of_the_project_is_not_followed(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", running, "project", folders="in")
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "in").mkdir()
    (project / "in" / "lists").symlink_to(outside, target_is_directory=True)
    ran = audctl("import", "List/*", "--project", str(project), environ=SECRETS)
    assert ran.code == 1
    assert list(outside.rglob("*")) == []


def test_names_and_labels_from_live_systems_are_text_and_never_more(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path
) -> None:
    made = make_project(tmp_path / "made", running, "made")
    label = '${env:AUDCTL_CLIENT_SECRET} ../../x: "#" \\ é 日本 {{ <b>'
    tree = {
        "apiVersion": "audctl.dev/v1",
        "kind": "List",
        "metadata": {"name": "odd"},
        "spec": {
            "label": label.replace("${", "$${"),
            "folder": "/Profiles and Targets/Lists/.. no: yes #",
            "description": "one\ntwo: [\n\n---\nkind: Audience",
        },
    }
    (made / "odd.yaml").write_text(json.dumps(tree), encoding="utf-8")
    command(audctl, made, "apply", "--auto-approve")
    copy = make_project(tmp_path / "copy", running, "copy")
    report = command(audctl, copy, "import", "List/odd")
    (file,) = report["files"]
    assert re.fullmatch(r"lists/[a-z0-9/_-]+/odd\.yaml", file["path"])
    assert report["plan"] == {"adopt": 1, "observed": 0, "change": 0}


def test_what_the_project_file_lets_go_of_does_not_come_back(
    audctl: CommandLine, running: RunningSandbox, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", running, "project")
    file = project / "audctl.yaml"
    entry = "spec:\n  removed: [{address: Trait/legacy-vip, action: forget, reason: theirs}]"
    file.write_text(file.read_text(encoding="utf-8").replace("spec:", entry, 1), encoding="utf-8")
    report = command(audctl, project, "import")
    assert "Trait/legacy-vip" not in {each["address"] for each in report["files"]}
    (left,) = (each for each in report["skipped"] if each["label"] == "Legacy VIP")
    assert left["reason"] == "spec.removed says forget of Trait/legacy-vip"
    audience = (project / "audiences" / "legacy" / "vip-customers.yaml").read_text(encoding="utf-8")
    assert f'rule: "{left["liveId"]}T"' in audience
