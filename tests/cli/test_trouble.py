"""What a command says when a live system fails it at the worst moment; real HTTP, faults by the sandbox."""

from __future__ import annotations

import json
import os
import pty
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audctl.operations.context import SystemClock
from audctl.sandbox.server import start
from tests import loopback

if TYPE_CHECKING:
    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine

SHOP = Path(__file__).parent / "projects" / "shop"
ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}


class Shop:
    """The small project, applied; commands run in it, faults strike its sandbox."""

    def __init__(self, folder: Path, running: RunningSandbox, audctl: CommandLine) -> None:
        self.folder = folder
        self.url = running.url
        self._audctl = audctl

    def run(self, *words: str) -> tuple[int, dict[str, Any], str]:
        ran = self._audctl(
            *words, "--project", str(self.folder), "--output", "json", environ=ENVIRON
        )
        return ran.code, json.loads(ran.stdout), ran.stderr

    def applied(self) -> None:
        code, _, stderr = self.run("apply", "--auto-approve")
        assert code == 0, stderr

    def fault(self, route: str, **more: object) -> None:
        rule = {"route": route, "kind": "status", "when": "before", **more}
        loopback.post(f"{self.url}/_sandbox/faults", json=[rule]).raise_for_status()

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def drop(self, file: str, *headings: str) -> None:
        """Take manifests out by their head lines."""
        path = self.folder / file
        kept = [
            each
            for each in path.read_text(encoding="utf-8").split("---\n")
            if not any(heading in each for heading in headings)
        ]
        path.write_text("---\n".join(kept), encoding="utf-8")

    def segments(self) -> list[dict[str, Any]]:
        token = loopback.post(
            f"{self.url}/ims/token/v3",
            data={
                "grant_type": "client_credentials",
                "client_id": "sandbox",
                "client_secret": "sandbox",
                "scope": "openid",
            },
        ).json()["access_token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "x-api-key": "sandbox",
            "AAM-Disable-Escaping-HTML": "true",
        }
        found: list[dict[str, Any]] = loopback.get(
            f"{self.url}/v1/segments/", headers=headers
        ).json()
        return found


@pytest.fixture
def shop(
    running: RunningSandbox,
    tmp_path: Path,
    audctl: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    folder = tmp_path / "project"
    shutil.copytree(SHOP, folder)
    project = folder / "audctl.yaml"
    text = project.read_text(encoding="utf-8").replace("http://127.0.0.1:8765", running.url)
    project.write_text(text, encoding="utf-8")
    monkeypatch.setattr(SystemClock, "sleep", lambda _self, _seconds: None)
    return Shop(folder, running, audctl)


def test_a_lock_that_cannot_be_let_go_does_not_hide_what_was_done(shop: Shop) -> None:
    shop.fault("SOAP xtk:persist#DeleteCollection", status=400)
    code, report, _ = shop.run("apply", "--auto-approve")
    assert (code, report["verified"]) == (0, True)
    assert report["done"]
    assert any("lock could not be let go" in each for each in report["remarks"])


def test_a_second_read_that_fails_does_not_hide_what_was_done(shop: Shop) -> None:
    shop.fault("GET /v1/segments", status=400, nth=2, times=1)
    code, report, _ = shop.run("apply", "--auto-approve")
    assert (code, report["verified"]) == (1, False)
    assert report["done"]
    assert not report["failed"]
    assert any(each.startswith("the second read failed") for each in report["remarks"])


def test_what_somebody_makes_of_it_right_after_the_write_is_named_by_the_second_read(
    shop: Shop,
) -> None:
    shop.applied()
    shop.replace("cart.yaml", "label: Cart abandoners\n  dataSource", "label: Carts\n  dataSource")
    # Read one by one for the merge, for a fingerprint, and then to see what was written.
    edit = {"name": "Theirs"}
    shop.fault("GET /v1/segments/8*", kind="concurrent_editor", when="after", edit=edit, nth=3)
    code, report, _ = shop.run("apply", "--auto-approve")
    assert (code, report["verified"]) == (5, False)
    left = {each["address"]: each for each in report["left"]}[
        "Audience/cart-abandoners#aam.segment"
    ]
    assert left["written"]
    (field,) = left["fields"]
    assert (field["field"], field["wanted"], field["live"]) == ("label", "Carts", "Theirs")


def test_an_object_that_a_list_leaves_out_is_asked_for_and_found(shop: Shop) -> None:
    shop.applied()
    others = [each for each in shop.segments() if each["name"] != "Cart abandoners"]
    shop.fault(
        "GET /v1/segments",
        status=200,
        body=json.dumps(others),
        headers={"content-type": "application/json"},
    )
    code, plan, _ = shop.run("plan", "--detailed-exitcode")
    assert (code, plan["changes"]) == (0, [])


def test_an_owned_object_that_may_not_be_read_stops_the_plan(shop: Shop) -> None:
    shop.applied()
    (mine,) = [each for each in shop.segments() if each["name"] == "Cart abandoners"]
    others = [each for each in shop.segments() if each["sid"] != mine["sid"]]
    rules = [
        {
            "route": "GET /v1/segments",
            "kind": "status",
            "status": 200,
            "body": json.dumps(others),
            "headers": {"content-type": "application/json"},
        },
        {"route": f"GET /v1/segments/{mine['sid']}", "kind": "status", "status": 403},
    ]
    loopback.post(f"{shop.url}/_sandbox/faults", json=rules).raise_for_status()
    code, answer, _ = shop.run("plan")
    assert code == 1
    assert [each["code"] for each in answer["findings"]] == ["AUD2014"]


@pytest.mark.parametrize("limit", ["0", "50%"])
def test_the_projects_guards_judge_deletes_and_pauses(shop: Shop, limit: str) -> None:
    shop.applied()
    shop.replace(
        "audctl.yaml",
        "  defaultEnvironment: local",
        f"  defaultEnvironment: local\n  guards: {{maxDeletes: {limit}, maxPauses: {limit}}}",
    )
    shop.drop("cart.yaml", "kind: ImportBinding", "kind: Audience")
    code, plan, _ = shop.run("plan")
    found = sorted({each["code"] for each in plan["findings"]})
    assert (code, found) == ((3, ["AUD2101", "AUD2102"]) if limit == "0" else (0, []))


@pytest.mark.parametrize(("limit", "expected"), [("0", (3, ["AUD2103"])), ("100%", (0, []))])
def test_the_projects_guards_judge_replaces(
    shop: Shop, limit: str, expected: tuple[int, list[str]]
) -> None:
    shop.applied()
    shop.replace(
        "audctl.yaml",
        "  defaultEnvironment: local",
        f"  defaultEnvironment: local\n  guards: {{maxReplaces: {limit}, maxReach: null}}",
    )
    shop.replace(
        "cart.yaml",
        "list: cart-abandoners, dataSource: web}",
        "list: cart-abandoners, dataSource: web, alias: other, lifecycle: {allowReplace: true}}",
    )
    code, plan, _ = shop.run("plan")
    assert (code, sorted({each["code"] for each in plan["findings"]})) == expected


def test_people_that_nobody_can_foresee_are_refused_until_let_through_by_name(shop: Shop) -> None:
    code, plan, _ = shop.run("plan")
    assert (code, plan["findings"]) == (0, []), "a new list reaches nobody yet"
    shop.applied()
    shop.replace("cart.yaml", "AND NOT purchase", "OR purchase")
    code, plan, _ = shop.run("plan")
    errors = [each for each in plan["findings"] if each["severity"] == "error"]
    assert (code, {each["code"] for each in errors}) == (3, {"AUD2104"})
    allowed = [word for each in errors for word in shlex.split(each["hint"])]
    code, plan, _ = shop.run("plan", *allowed)
    assert code == 0
    words = {each["judgement"] for each in plan["verdicts"]}
    assert words == {"passed", "allowed"}
    code, report, _ = shop.run("apply", "--auto-approve", *allowed)
    assert (code, report["allowed"]) == (0, sorted(set(allowed) - {"--allow"}))


def restrict(shop: Shop, more: str = "") -> None:
    shop.replace(
        "web.yaml",
        "  idType: visitorId",
        "  idType: visitorId\n  governance: {dataClasses: [pseudonymous], legalBasis: consent}",
    )
    shop.replace(
        "audctl.yaml",
        "  defaultEnvironment: local",
        "  defaultEnvironment: local\n  restrictions:\n"
        f"    - {{name: visitors-stay, dataClasses: [pseudonymous], idTypes: [visitorId]{more}}}",
    )


def test_a_restriction_speaks_before_anything_is_read_and_no_override_lifts_it(shop: Shop) -> None:
    restrict(shop)
    code, report, _ = shop.run("validate")
    assert (code, [each["code"] for each in report["findings"]]) == (3, ["AUD2160"])
    code, plan, _ = shop.run("plan")
    assert (code, [each["code"] for each in plan["findings"]]) == (3, ["AUD2160"])
    assert "no --allow lifts it" in plan["findings"][0]["hint"]
    code, plan, _ = shop.run("plan", "--allow", "restrictions:ImportBinding/cart-abandoners-import")
    assert (code, {each["code"] for each in plan["findings"]}) == (1, {"AUD2160", "AUD2013"})
    assert shop.run("apply", "--auto-approve")[0] == 3


def test_an_approval_lifts_a_restriction_for_its_binding(shop: Shop) -> None:
    approval = "{address: ImportBinding/cart-abandoners-import, by: privacy, reason: agreed, expires: 2999-12-31}"
    restrict(shop, f", approvals: [{approval}]")
    code, report, _ = shop.run("validate")
    assert (code, [each["code"] for each in report["findings"]]) == (0, ["AUD2166"])
    code, plan, _ = shop.run("plan")
    (verdict,) = [each for each in plan["verdicts"] if each["guard"] == "restrictions"]
    assert (code, verdict["judgement"]) == (0, "allowed")
    assert verdict["allowed"] == ["ImportBinding/cart-abandoners-import"]


def test_an_environments_limits_win_over_the_projects(shop: Shop) -> None:
    shop.applied()
    shop.drop("cart.yaml", "kind: ImportBinding", "kind: Audience")
    shop.replace(
        "audctl.yaml",
        "  defaultEnvironment: local",
        "  defaultEnvironment: local\n  guards: {maxDeletes: 50%, maxPauses: 50%}",
    )
    assert shop.run("plan")[0] == 0
    shop.replace(
        "audctl.yaml",
        "      ledger: {store: campaign}\n    closed",
        "      ledger: {store: campaign}\n      guards: {maxDeletes: 0}\n    closed",
    )
    code, plan, _ = shop.run("plan")
    assert (code, {each["code"] for each in plan["findings"]}) == (3, {"AUD2101"})


def test_what_export_controls_block_is_refused_and_can_be_tried_by_name(shop: Shop) -> None:
    shop.replace("web.yaml", "id: 4200}", "id: 4200, exportLabels: [pii]}")
    shop.replace(
        "web.yaml",
        "  idType: visitorId",
        "  idType: visitorId\n  audienceManager: {exportControls: [pii]}",
    )
    blocked = "exportControls:ImportBinding/cart-abandoners-import"
    code, report, _ = shop.run("validate")
    assert (code, [each["code"] for each in report["findings"]]) == (3, ["AUD2150"])
    code, plan, _ = shop.run("plan", "--allow", blocked)
    (verdict,) = [each for each in plan["verdicts"] if each["guard"] == "exportControls"]
    assert (code, verdict["judgement"]) == (0, "allowed")


def test_a_signal_at_the_question_lets_go_of_the_lock(shop: Shop) -> None:
    # A process of its own, on a terminal of its own: only there is the question asked.
    ours, terminal = pty.openpty()
    command = [sys.executable, "-m", "audctl", "apply", "--project", str(shop.folder)]
    with subprocess.Popen(
        command, stdin=terminal, stdout=terminal, stderr=terminal, env={**os.environ, **ENVIRON}
    ) as child:
        os.close(terminal)
        shown = b""
        while b"'yes'" not in shown:
            shown += os.read(ours, 4096)
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
    os.close(ours)
    shop.applied()  # exits 6 where the lock was left behind


def test_a_lock_that_the_server_cannot_write_is_told_in_its_words(shop: Shop) -> None:
    shop.fault("SOAP *#Write", status=500)
    code, answer, _ = shop.run("apply", "--auto-approve")
    assert code == 6
    assert "500" in answer["error"]["message"]


@pytest.mark.parametrize("out", ["missing/plan.json", "."])
def test_a_plan_that_could_not_be_written_is_not_made(shop: Shop, out: str) -> None:
    loopback.delete(f"{shop.url}/_sandbox/calls").raise_for_status()
    code, answer, _ = shop.run("plan", "--out", str(shop.folder / out))
    assert (code, "--out" in answer["error"]["message"]) == (64, True)
    assert loopback.get(f"{shop.url}/_sandbox/calls").json()["total"] == 0


def test_an_embedded_sandbox_in_use_is_a_held_lock(shop: Shop, tmp_path: Path) -> None:
    shop.replace("audctl.yaml", "    closed:", "    own: {sandbox: {data: own}}\n    closed:")
    with start(shop.folder / "own"):
        code, answer, _ = shop.run("plan", "--env", "own")
    assert code == 6
    assert "belongs to another command" in answer["error"]["message"]
