"""Whatever goes wrong, the report is true: what it calls done stands, and the next plan is exactly the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests import loopback

if TYPE_CHECKING:
    from tests.cli.conftest import ProjectFolder

WORDS = "A word of the system's own"


@dataclass
class Shop:
    """The small project, whose results are read as JSON, and faults in its sandbox."""

    project: ProjectFolder

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        ran = self.project.run(*words, "--output", "json")
        return ran.code, json.loads(ran.stdout)

    def fault(self, *rules: dict[str, Any]) -> None:
        loopback.post(f"{self.project.url}/_sandbox/faults", json=list(rules)).raise_for_status()

    def no_more_faults(self) -> None:
        loopback.delete(f"{self.project.url}/_sandbox/faults").raise_for_status()

    def drop_all_but_the_source(self) -> None:
        """Take nearly every manifest out: whatever is believed to be read leads to deletes."""
        path = self.project.folder / "cart.yaml"
        self.project.write("cart.yaml", path.read_text(encoding="utf-8").split("---\n")[-1])


@pytest.fixture
def shop(project: ProjectFolder) -> Shop:
    return Shop(project)


def addresses(found: list[dict[str, Any]]) -> set[str]:
    return {each["address"] for each in found}


REFUSED = {"kind": "status", "status": 400, "body": json.dumps({"message": WORDS})}
CASES: dict[str, tuple[dict[str, Any], ...]] = {
    "a create is refused": ({"route": "POST /v1/traits", "nth": 1, **REFUSED},),
    "a create's reply and the look for it are lost": (
        {"route": "POST /v1/segments", "kind": "reset", "when": "after", "nth": 1},
        {"route": "GET /v1/segments*", "kind": "status", "status": 500, "nth": 2, "times": 6},
    ),
    "a SOAP write faults": (
        {
            "route": "SOAP xtk:persist#Write",
            "kind": "soap_fault",
            "body": f"XTK-170036 {WORDS}.",
            "nth": 8,
        },
    ),
    "a SOAP write is done and its reply cut": (
        {"route": "SOAP xtk:persist#Write", "kind": "cut", "when": "after", "nth": 8, "times": 3},
    ),
    "a server answers in HTML": (
        {"route": "POST /v1/destinations/*", "kind": "html", "status": 502},
    ),
    "a write is answered and not done": (
        {"route": "POST /v1/segments", "kind": "lost_write", "nth": 1},
    ),
}


CODES = dict(zip(CASES, (5, 1, 5, 0, 5, 5), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_the_next_plan_is_exactly_what_was_not_done(shop: Shop, case: str) -> None:
    shop.fault(*CASES[case])
    code, report = shop.run("apply", "--auto-approve")
    shop.no_more_faults()
    failed, left = report["failed"], addresses(report["failed"]) | addresses(report["notTried"])
    assert code == CODES[case], report
    assert bool(left) is (code != 0)
    assert any(each["mayHaveHappened"] for each in failed) is (code == 1)
    planned = addresses(report["plan"]["changes"])
    assert addresses(report["done"]) | left == planned
    assert all(each["message"] for each in (*failed, *report["notTried"]))
    for each in report["notTried"]:
        assert each["blockedBy"] in addresses(failed)
    code, plan = shop.run("plan")
    assert code == 0
    rest = addresses(plan["changes"])
    doubtful = {each["address"] for each in failed if each["mayHaveHappened"]}
    assert rest <= left
    assert left - doubtful <= rest
    code, report = shop.run("apply", "--auto-approve")
    assert (code, report["verified"]) == (0, True)
    assert shop.run("plan", "--detailed-exitcode")[0] == 0


def test_a_failure_has_the_systems_own_words(shop: Shop) -> None:
    shop.fault(*CASES["a create is refused"])
    code, report = shop.run("apply", "--auto-approve")
    assert code == 5
    (failed,) = report["failed"]
    assert WORDS in failed["message"]


def test_a_read_that_fails_is_never_a_plan_with_deletes(shop: Shop) -> None:
    assert shop.run("apply", "--auto-approve")[0] == 0
    shop.drop_all_but_the_source()
    for route, fault in (
        ("GET /v1/segments", {"kind": "status", "status": 500}),
        ("GET /v1/traits", {"kind": "malformed", "when": "after"}),
        ("GET /v1/datasources", {"kind": "status", "status": 403}),
        ("SOAP xtk:queryDef#ExecuteQuery", {"kind": "cut", "when": "after"}),
        ("SOAP xtk:queryDef#ExecuteQuery", {"kind": "html", "status": 502}),
    ):
        shop.fault({"route": route, **fault})
        for command in (("plan",), ("apply", "--dry-run")):
            code, answer = shop.run(*command)
            assert code in ({1, 6} if command[0] == "apply" else {1}), (route, answer)
            assert "changes" not in answer
            assert "plan" not in answer
        shop.no_more_faults()
    code, plan = shop.run("plan")
    assert any(each["change"] in {"delete", "pause"} for each in plan["changes"]), "it could have"


def test_a_journal_that_cannot_be_written_stops_no_run_and_is_told(shop: Shop) -> None:
    shop.project.write(".audctl", "a file where the folder of journals would be")
    code, report = shop.run("apply", "--auto-approve")
    assert (code, report["verified"], report["journal"]) == (0, True, None)
    (remark,) = report["remarks"]
    assert remark.startswith("the run went on without a journal: ")
