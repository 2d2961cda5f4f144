"""Run every case file of the law: manifests in, what validate says out; with ``=== live``, what a plan says too.

The file's name is the claim. It is the fifteenth of January 2027. ``=== live`` lists live objects, with the address of
those that a manifest owns.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.environment import select_environment
from audctl.manifest.load import load_manifests
from audctl.manifest.policy import plan_policy
from audctl.manifest.project import load_project
from audctl.model.address import parse_address
from audctl.model.change import Change, Step
from audctl.model.plan import PlanOptions
from audctl.model.selection import EVERYTHING, Selection
from audctl.model.verdict import Judgement
from audctl.plan.guards.case import Case
from audctl.plan.guards.judge import judge
from audctl.plan.law.check import check_law
from audctl.resolve.desired import desired_objects
from audctl.resolve.references import check_references
from tests.build import make_live, make_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audctl.model.finding import Finding
    from audctl.model.policy import PlanPolicy
    from audctl.model.resource import Resource
    from audctl.plan.guards.judge import Judgement as Judged

CASES = sorted((Path(__file__).parents[2] / "cases" / "law").glob("*.txt"))
TODAY = date(2027, 1, 15)
PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {name: case}
spec: {environments: {test: {sandbox: {data: .audctl/sandbox}}}}
"""


def read_case(text: str) -> dict[str, str]:
    parts = re.split(r"^=== (.+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def load_case(sections: dict[str, str], root: Path) -> tuple[tuple[Resource, ...], PlanPolicy]:
    (root / "audctl.yaml").write_text(sections.get("audctl.yaml", PROJECT), encoding="utf-8")
    manifests = "".join(
        f"---\napiVersion: audctl.dev/v1\n{each.lstrip()}"
        for each in sections["manifests"].split("---\n")
    )
    (root / "m.yaml").write_text(manifests, encoding="utf-8")
    project = load_project(root)
    environment = select_environment(project, "test", environ={})
    read = load_manifests(project, environment, environ={})
    assert [*read.findings, *check_references(read.resources)] == []
    return read.resources, plan_policy(project, environment)


def judged(
    resources: Iterable[Resource],
    policy: PlanPolicy,
    live: Iterable[dict[str, Any]],
    allowed: Iterable[str] = (),
    selection: Selection = EVERYTHING,
) -> Judged:
    objects, steps = [], []
    for each in live:
        address = parse_address(each["address"]) if "address" in each else None
        object_type = each.get("type") or (address.object if address else "")
        objects.append(make_live(object_type, str(each["id"]), each.get("fields", {})))
        if address is not None:
            change = Change(each.get("change", "keep"))
            steps.append(
                Step(
                    address=address,
                    type=object_type,
                    change=change,
                    reason="",
                    live_id=objects[-1].id,
                )
            )
    return judge(
        Case(
            steps=tuple(steps),
            effects=(),
            desired=desired_objects(resources),
            live=make_state(*objects),
            owned=100,
            options=PlanOptions(allowed=frozenset(allowed), selection=selection),
            policy=policy,
            today=TODAY,
        )
    )


def shown(findings: Iterable[Finding]) -> str:
    lines = []
    for each in sorted(findings, key=lambda each: each.sort_key):
        lines.append(f"{each.severity} {each.code} {each.message}")
        if each.hint:
            lines.append(f"    {each.hint}")
    return "\n".join(lines)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    sections = read_case(path.read_text(encoding="utf-8"))
    resources, policy = load_case(sections, tmp_path)
    live = yaml.safe_load(sections.get("live", "")) or []
    assert shown(check_law(resources, policy, TODAY)) == sections["findings"].strip()
    expected = sections.get("plan", sections["findings"]).strip()
    assert shown(judged(resources, policy, live).findings) == expected


def test_every_code_of_the_law_has_a_case() -> None:
    said = {code for path in CASES for code in re.findall(r"AUD21[56]\d", path.read_text())}
    assert said == {
        *(f"AUD215{n}" for n in (0, 1, 2, 3)), *(f"AUD216{n}" for n in (0, 1, 2, 3, 4, 5, 6)),
    }  # fmt: skip


BLOCKED = (
    Path(__file__).parents[2] / "cases" / "law" / "a-control-of-any-trait-blocks.txt"
).read_text()


def test_what_the_platform_blocks_can_be_tried_all_the_same_by_name(tmp_path: Path) -> None:
    resources, policy = load_case(read_case(BLOCKED), tmp_path)
    refused = judged(resources, policy, [])
    assert [each.judgement for each in refused.verdicts if each.guard == "exportControls"] == [
        Judgement.OVER
    ]
    tried = judged(resources, policy, [], ["exportControls:ImportBinding/b"])
    assert tried.findings == ()
    (verdict,) = [each for each in tried.verdicts if each.guard == "exportControls"]
    assert (verdict.judgement, verdict.allowed) == (Judgement.ALLOWED, ("ImportBinding/b",))
    assert verdict.measured == "0 allowed, 1 blocked, 0 passes unlabelled"


@pytest.mark.parametrize(
    ("selected", "codes"),
    [
        ("ImportBinding/b#aam.mapping", ["AUD2150"]),
        ("Trait/card#aam.trait", ["AUD2150"]),
        ("List/l#campaign.list", []),
    ],
)
def test_a_partial_plan_is_held_to_the_law_of_its_part(
    selected: str, codes: list[str], tmp_path: Path
) -> None:
    resources, policy = load_case(read_case(BLOCKED), tmp_path)
    part = judged(
        resources, policy, [{"address": selected, "id": 1}], selection=Selection(only=("x",))
    )
    assert [each.code for each in part.findings] == codes


APPROVED = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {{name: case}}
spec:
  environments: {{test: {{sandbox: {{data: .audctl/sandbox}}}}}}
  restrictions:
    - name: asked-for
      action: approve
      approvals: [{{address: ExportBinding/e, by: privacy, reason: agreed, expires: {expires}}}]
"""
EXPORT = """
kind: DataSource
metadata: {name: crm}
spec: {label: CRM, idType: declaredId, campaign: {}}
---
kind: List
metadata: {name: l}
spec: {label: L}
---
kind: Audience
metadata: {name: a}
spec: {label: A, source: campaign, dataSource: crm}
---
kind: ExportBinding
metadata: {name: e}
spec: {source: {list: l}, audience: a, dataSource: crm}
"""


@pytest.mark.parametrize(
    ("days", "codes"),
    [(-1, ["AUD2162"]), (0, ["AUD2163"]), (14, ["AUD2163"]), (15, []), (4000, [])],
)
def test_an_approval_holds_through_its_last_day_and_warns_two_weeks_before(
    days: int, codes: list[str], tmp_path: Path
) -> None:
    project = APPROVED.format(expires=TODAY + timedelta(days=days))
    resources, policy = load_case({"audctl.yaml": project, "manifests": EXPORT}, tmp_path)
    assert [each.code for each in check_law(resources, policy, TODAY)] == codes
    (verdict,) = [
        each for each in judged(resources, policy, []).verdicts if each.guard == "restrictions"
    ]
    assert verdict.judgement is (Judgement.OVER if days < 0 else Judgement.ALLOWED)
    assert (verdict.names or verdict.allowed) == ("ExportBinding/e",)


USES = ("pii", "onsitePersonalization", "onsiteAdTargeting", "offsiteAdTargeting")
SETS = st.frozensets(st.sampled_from(USES))
FLOW = """
kind: DataSource
metadata: {{name: own}}
spec: {{label: Own, idType: visitorId, campaign: {{}}, audienceManager: {{exportControls: [{own}]}}}}
---
kind: DataSource
metadata: {{name: one}}
spec: {{label: One, idType: visitorId, audienceManager: {{exportControls: [{one}]}}}}
---
kind: DataSource
metadata: {{name: two}}
spec: {{label: Two, idType: visitorId, audienceManager: {{exportControls: [{two}]}}}}
---
kind: Trait
metadata: {{name: t1}}
spec: {{label: T1, type: ruleBased, dataSource: one, rule: 'a == "1"'}}
---
kind: Trait
metadata: {{name: t2}}
spec: {{label: T2, type: ruleBased, dataSource: two, rule: 'a == "2"'}}
---
kind: Audience
metadata: {{name: a}}
spec: {{label: A, dataSource: own, rule: t1 AND NOT t2}}
---
kind: Destination
metadata: {{name: d}}
spec: {{type: url, id: 7, exportLabels: [{labels}]}}
---
kind: List
metadata: {{name: l}}
spec: {{label: L}}
---
kind: ImportBinding
metadata: {{name: b}}
spec: {{audience: a, list: l, dataSource: own, destination: d}}
"""


@given(own=SETS, one=SETS, two=SETS, labels=SETS)
def test_a_flow_is_blocked_exactly_when_a_traits_control_meets_a_label(
    own: frozenset[str],
    one: frozenset[str],
    two: frozenset[str],
    labels: frozenset[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    manifests = FLOW.format(
        **{
            name: ", ".join(sorted(values))
            for name, values in (("own", own), ("one", one), ("two", two), ("labels", labels))
        }
    )
    root = tmp_path_factory.mktemp("flow")
    resources, policy = load_case({"manifests": manifests}, root)
    codes = [each.code for each in check_law(resources, policy, TODAY)]
    assert ("AUD2150" in codes) is bool((one | two) & labels)
    assert "AUD2151" not in codes, "everything is declared here"
    assert ("AUD2153" in codes) is bool(own - one - two)
