"""``audctl graph`` of whole projects and of plans."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audctl.plan.plan_file import read_plan

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine, ProjectFolder

ROOT = Path(__file__).parents[2]
ENVIRON = {"MF_S3_KEY": "any", "MF_S3_SECRET": "any"}
CIRCLE = ROOT / "tests" / "cases" / "manifest" / "members-in-a-circle-by-a-rule.txt"
PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {name: any}
spec: {environments: {test: {sandbox: {data: .audctl/sandbox}}}}
"""


def graph_of(audctl: CommandLine, folder: Path, *words: str, code: int = 0) -> Any:  # noqa: ANN401
    ran = audctl("graph", "--project", str(folder), "--output", "json", *words, environ=ENVIRON)
    assert ran.code == code, ran.stderr + ran.stdout
    return json.loads(ran.stdout)


def test_a_graph_does_not_depend_on_where_manifests_lie(
    tmp_path: Path, audctl: CommandLine
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "manifests", folder, ignore=shutil.ignore_patterns(".audctl"))
    before = graph_of(audctl, folder)
    assert len(before["nodes"]) == 33
    texts = [each.read_text(encoding="utf-8") for each in sorted(folder.glob("*/*.yaml"))]
    for each in folder.glob("*/*.yaml"):
        each.unlink()
    for name in ("web", "crm", "analytics", "legacy"):
        (folder / name / "none.yaml").write_text(texts.pop(), encoding="utf-8")
    (folder / "shared" / "all.yaml").write_text("\n---\n".join(reversed(texts)), encoding="utf-8")
    after = graph_of(audctl, folder)
    for each in (*before["nodes"], *after["nodes"]):
        del each["place"]
    assert after == before


def test_a_circle_of_members_is_shown_and_told(tmp_path: Path, audctl: CommandLine) -> None:
    manifests, _, _ = CIRCLE.read_text(encoding="utf-8").partition("=== findings")
    (tmp_path / "audctl.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(manifests.partition("\n")[2], encoding="utf-8")
    found = graph_of(audctl, tmp_path, code=1)
    assert [each["code"] for each in found["findings"]] == ["AUD1304"]
    assert [each["address"] for each in found["nodes"] if each["inCircle"]] == [
        "Audience/fans",
        "ExportBinding/out",
        "ImportBinding/in",
        "List/fans",
    ]
    ran = audctl("graph", "--project", str(tmp_path))
    assert (ran.code, ran.stdout.count("(in a circle)")) == (1, 5)
    assert "rule: ExportBinding/out" in ran.stdout
    assert "AUD1304 members would flow in a circle" in ran.stderr


def test_rules_refer_to_traits_to_live_ones_by_id_and_to_what_is_missing(
    tmp_path: Path, audctl: CommandLine
) -> None:
    (tmp_path / "audctl.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(
        "apiVersion: audctl.dev/v1\nkind: DataSource\nmetadata: {name: web}\n"
        "spec: {label: Web, idType: visitorId}\n---\n"
        "apiVersion: audctl.dev/v1\nkind: Audience\nmetadata: {name: a}\n"
        "spec: {label: A, dataSource: web, rule: 70011T AND NOT gone}\n---\n"
        "apiVersion: audctl.dev/v1\nkind: Audience\nmetadata: {name: b}\n"
        "spec: {label: B, dataSource: web, rule: '((('}\n",
        encoding="utf-8",
    )
    found = graph_of(audctl, tmp_path, code=1)
    assert {each["address"]: (each["missing"], each["live"]) for each in found["nodes"]} == {
        "Audience/a": (False, False),
        "Audience/b": (False, False),
        "DataSource/web": (False, False),
        "Trait/70011T": (False, True),
        "Trait/gone": (True, False),
    }
    assert {each["code"] for each in found["findings"]} == {"AUD1401", "AUD1408"}


def test_a_plans_graph_has_what_it_touches_in_its_order(project: ProjectFolder) -> None:
    plan = project.folder / "plan.json"
    assert project.run("plan", "--out", str(plan)).code == 0
    ran = project.audctl("graph", "--plan", str(plan), "--output", "json")
    assert ran.code == 0
    found = json.loads(ran.stdout)
    changes = {each["address"]: each["changes"] for each in found["nodes"]}
    assert changes["DataSource/web"] == ["create"]
    assert changes["ExternalAccount/importSharedAudience"] == ["adopt"]
    assert "Folder/Shop" in changes
    assert "Destination/campaign-feed" not in changes  # it stays as it is
    edges = [(each["from"], each["to"]) for each in found["edges"]]
    assert ("Audience/cart-abandoners", "Trait/cart-add") in edges
    assert ("Trait/cart-add", "Folder/Shop") in edges
    steps = [str(each.address.resource) for each in read_plan(plan).steps]
    for later, earlier in edges:
        assert steps.index(earlier) < len(steps) - 1 - steps[::-1].index(later)

    assert project.run("apply", "--auto-approve", "--no-verify").code == 0
    assert project.run("plan", "--out", str(plan)).code == 0
    ran = project.audctl("graph", "--plan", str(plan))
    assert ran.stdout == "0 resources, 0 references\n"
    plan.write_text(plan.read_text().replace('"shop"', '"shed"'))
    assert project.audctl("graph", "--plan", str(plan)).code == 4
