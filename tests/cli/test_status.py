"""Status over HTTP: what fails is unknown and never green, what is read in bulk stays bulk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests import loopback
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from tests.cli.conftest import ProjectFolder

ROOT = Path(__file__).parents[2]
BINDING = "ImportBinding/cart-abandoners-import"
RECONCILED = 'destination: campaign-feed, reconciliationKey: "[trackingLog/@sourceId]"}'
SCHEMA = json.loads((ROOT / "schemas" / "status.schema.json").read_text(encoding="utf-8"))


def status(project: ProjectFolder, *words: str) -> tuple[int, dict[str, Any]]:
    ran = project.run("status", "--output", "json", *words)
    found = json.loads(ran.stdout)
    if "error" not in found:
        jsonschema.Draft202012Validator(SCHEMA).validate(found)
    return ran.code, found


def advance(project: ProjectFolder, span: str) -> None:
    loopback.post(f"{project.url}/_sandbox/clock", json={"advance": span}).raise_for_status()


def fault(project: ProjectFolder, route: str, **rule: object) -> None:
    rule = {"route": route, "kind": "status", "status": 403, **rule}
    loopback.post(f"{project.url}/_sandbox/faults", json=[rule]).raise_for_status()


@pytest.fixture
def applied(project: ProjectFolder) -> ProjectFolder:
    project.replace("web.yaml", "destination: campaign-feed}", RECONCILED)
    # In a file, the ledger is there also when Campaign is not.
    project.replace("audctl.yaml", "store: campaign", "store: file")
    ran = project.run("apply", "--auto-approve", "--no-verify")
    assert ran.code == 0, ran.stderr
    return project


UNREADABLE = (
    (
        "GET /v1/destinations/*/history/outbound",
        ("aam", "unknown", "what Audience Manager sent could not be read"),
    ),
    ("SOAP xtk:*", ("campaign", "unknown", "it could not be read")),
    ("GET /v1/segments", ("aam", "unknown", "it could not be read")),
    ("SOAP xtk:session#GetServerTime", ("campaign", "pending", "never synchronised")),
    ("GET /v1/segments/8*", ("aam", "pending", "never synchronised")),
)


def test_what_cannot_be_read_is_unknown_with_its_reason_and_nothing_is_green(
    applied: ProjectFolder,
) -> None:
    for route, expected in UNREADABLE:
        fault(applied, route)
        code, found = status(applied)
        assert (code, found["result"], found["consistent"]) == (1, "unknown", False), route
        (system,) = {each["system"] for each in found["failures"]}
        (binding,) = found["bindings"]
        assert (system, binding["freshness"], binding["why"]) == expected, route
        loopback.delete(f"{applied.url}/_sandbox/faults").raise_for_status()


def test_small_counts_are_hidden_and_no_share_tells_them(applied: ProjectFolder) -> None:
    for people, shown, percent in ((7, "<50", None), (0, 0, None), (50, 50, 0), (4000, 4000, 0)):
        row = json.dumps({"sid": 8000005, "totalUniques1Day": people})
        json_type = {"content-type": "application/json"}
        fault(applied, "GET /v1/segments/8*", status=200, body=row, headers=json_type)
        code, found = status(applied)
        (binding,) = found["bindings"]
        assert (code, binding["matchPercent"]) == (0, percent)
        assert binding["people"] == {"audience": shown, "list": 0}
        loopback.delete(f"{applied.url}/_sandbox/faults").raise_for_status()


def test_what_somebody_removed_is_overdue_and_what_was_never_made_waits(
    applied: ProjectFolder,
) -> None:
    with SoapClient(applied.url) as operator:
        operator.write(
            '<group xtkschema="nms:group" _operation="update" _key="@name" name="cart-abandoners" isAMC="false"/>'
        )
        operator.write(
            '<group xtkschema="nms:group" _key="@name" name="other" label="o" isAMC="true" aamMappingId="1"/>'
        )
    code, found = status(applied)
    (binding,) = found["bindings"]
    assert (code, binding["freshness"], binding["definition"]) == (7, "overdue", "gone")
    assert binding["why"] == "it is gone from the live system"


def many_bindings(count: int) -> str:
    part = """\
apiVersion: audctl.dev/v1
kind: List
metadata: {name: LIST}
spec: {label: LIST}
---
apiVersion: audctl.dev/v1
kind: Audience
metadata: {name: LIST}
spec: {label: LIST, dataSource: web, rule: cart-add}
---
apiVersion: audctl.dev/v1
kind: ImportBinding
metadata: {name: LIST}
spec: {audience: LIST, list: LIST, dataSource: web}
"""
    return "---\n".join(part.replace("LIST", f"b{number:02}") for number in range(count))


def test_calls_do_not_grow_with_bindings(applied: ProjectFolder) -> None:
    applied.write("many.yaml", many_bindings(12))
    ran = applied.run("apply", "--auto-approve", "--no-verify")
    assert ran.code == 0, ran.stderr
    made = []
    for few in (["--only", "ImportBinding/b0*"], []):
        loopback.delete(f"{applied.url}/_sandbox/calls").raise_for_status()
        code, found = status(applied, *few)
        assert code == 0
        calls = loopback.get(f"{applied.url}/_sandbox/calls").json()["byRoute"]
        made.append((len(found["bindings"]), calls))
    assert [bindings for bindings, _ in made] == [10, 13]
    assert made[0][1] == made[1][1]
