"""Drift against the sandbox over real HTTP: nothing is written, and one system that fails hides nothing."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audctl.operations.context import SystemClock
from tests import loopback
from tests.sandbox.campaign_soap import SoapClient

if TYPE_CHECKING:
    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine

SHOP = Path(__file__).parent / "projects" / "shop"
ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}
READS_BY_POST = {
    ("POST", "POST /ims/token/v3"),
    ("SOAP", "SOAP xtk:queryDef#ExecuteQuery"),
    ("SOAP", "SOAP xtk:persist#GetEntityIfMoreRecent"),
    ("SOAP", "SOAP xtk:session#BearerTokenLogon"),
    ("SOAP", "SOAP xtk:session#Logon"),
}


@dataclass(frozen=True)
class Shop:
    """The small project, applied, whose sandbox others change and faults strike."""

    folder: Path
    url: str
    audctl: CommandLine

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        words = (*words, "--project", str(self.folder), "--output", "json")
        ran = self.audctl(*words, environ=ENVIRON)
        return ran.code, json.loads(ran.stdout)

    def fault(self, route: str, **more: object) -> None:
        rule = {"route": route, "kind": "status", "when": "before", **more}
        loopback.post(f"{self.url}/_sandbox/faults", json=[rule]).raise_for_status()

    def relabel(self, label: str) -> None:
        document = (
            f'<group xtkschema="nms:group" _key="@name" name="cart-abandoners" label="{label}"/>'
        )
        with SoapClient(self.url) as client:
            client.write(document)


@pytest.fixture
def shop(
    running: RunningSandbox, tmp_path: Path, audctl: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    folder = tmp_path / "project"
    shutil.copytree(SHOP, folder)
    project = folder / "audctl.yaml"
    text = project.read_text(encoding="utf-8").replace("http://127.0.0.1:8765", running.url)
    project.write_text(text, encoding="utf-8")
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    made = Shop(folder, running.url, audctl)
    assert made.run("apply", "--auto-approve", "--no-verify")[0] == 0
    return made


def drifted(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["kind"], each["address"]) for each in report["drifted"]]


def test_drift_calls_nothing_that_writes(shop: Shop) -> None:
    shop.relabel("Theirs")
    loopback.delete(f"{shop.url}/_sandbox/calls").raise_for_status()
    code, report = shop.run("drift", "--since-apply", "--only", "List/*")
    assert (code, drifted(report)) == (2, [("changed", "List/cart-abandoners#campaign.list")])
    last = loopback.get(f"{shop.url}/_sandbox/calls", params={"last": 500}).json()["calls"]
    made = {(each["method"], each["route"]) for each in last if not each["path"].startswith("/_")}
    assert {each for each in made if each[0] != "GET"} <= READS_BY_POST
    assert len(made) > 5


@pytest.mark.parametrize("way", [{"kind": "status", "status": 403}, {"kind": "reset"}])
def test_a_system_that_cannot_be_read_does_not_hide_what_the_other_shows(
    shop: Shop, way: dict[str, object]
) -> None:
    shop.relabel("Theirs")
    shop.fault("GET /v1/segments", **way)
    code, report = shop.run("drift")
    assert code == 1
    assert report["result"] == "unknown"
    assert drifted(report) == [("changed", "List/cart-abandoners#campaign.list")]
    unread = Counter(each.partition("#")[2].partition(".")[0] for each in report["unknown"])
    assert unread == {"aam": 8}
    assert [each["system"] for each in report["failures"]] == ["aam"]
    # The plan stops: half a read is no ground for a write.
    code, plan = shop.run("plan")
    assert code == 1
    assert "error" in plan


def test_a_campaign_that_cannot_be_read_is_unknown_even_if_nothing_else_differs(
    shop: Shop,
) -> None:
    text = (shop.folder / "audctl.yaml").read_text(encoding="utf-8")
    # The ledger has to be elsewhere, or there is nothing to compare with.
    (shop.folder / "audctl.yaml").write_text(
        text.replace("store: campaign", f"store: file, path: {shop.folder}/ledger"),
        encoding="utf-8",
    )
    assert shop.run("apply", "--adopt", "--auto-approve", "--no-verify")[0] == 0
    shop.fault("SOAP xtk:queryDef#ExecuteQuery", status=500)
    code, report = shop.run("drift")
    assert (code, report["result"], report["drifted"]) == (1, "unknown", [])
    assert {each["system"] for each in report["failures"]} == {"campaign"}
    assert len(report["unknown"]) == 4


def test_an_object_that_may_not_be_read_is_unknown_and_the_rest_is_told(shop: Shop) -> None:
    shop.relabel("Theirs")
    segments = [
        {"sid": 1, "name": "other", "pid": 1, "dataSourceId": 1, "segmentRule": "1T", "folderId": 0}
    ]
    shop.fault(
        "GET /v1/segments",
        status=200,
        body=json.dumps(segments),
        headers={"content-type": "application/json"},
    )
    shop.fault("GET /v1/segments/8*", status=403)
    code, report = shop.run("drift")
    assert (code, report["unknown"]) == (1, ["Audience/cart-abandoners#aam.segment"])
    assert drifted(report) == [("changed", "List/cart-abandoners#campaign.list")]
    (failure,) = report["failures"]
    assert failure["message"].startswith("Audience/cart-abandoners#aam.segment (id ")


def test_nobody_answers_at_all_is_an_error_and_no_report(shop: Shop) -> None:
    shop.fault("GET /v1/*", status=403)
    shop.fault("SOAP *", status=500)
    code, report = shop.run("drift")
    assert code == 1
    assert "error" in report
