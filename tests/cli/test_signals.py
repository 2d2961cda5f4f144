"""Interruption for real: processes, signals and a sandbox whose calls take their time. Nothing here sleeps."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine

SHOP = Path(__file__).parent / "projects" / "shop"
ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}
BOUND_S = 60
"""For events that come within a second unless something is broken."""

LONG_MS = 6_000
"""A call that takes far longer than a run that ends at once may take, and that a test waits for at its end."""


@dataclass
class Shop:
    """The small project in a folder, and the sandbox it is for."""

    folder: Path
    url: str
    audctl: CommandLine

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "audctl", *words, "--project", str(self.folder)]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRON},
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def run(self, *words: str) -> tuple[int, dict[str, Any]]:
        ran = self.audctl(
            *words, "--project", str(self.folder), "--output", "json", environ=ENVIRON
        )
        return ran.code, json.loads(ran.stdout)

    def fault(self, route: str, kind: str, **more: object) -> None:
        rule = {"route": route, "kind": kind, **more}
        loopback.post(f"{self.url}/_sandbox/faults", json=[rule]).raise_for_status()

    def strikes(self) -> int:
        listed = loopback.get(f"{self.url}/_sandbox/faults").raise_for_status().json()["rules"]
        return sum(int(each["struck"]) for each in listed)

    def no_more_faults(self) -> None:
        loopback.delete(f"{self.url}/_sandbox/faults").raise_for_status()


@pytest.fixture
def shop(running: RunningSandbox, tmp_path: Path, audctl: CommandLine) -> Shop:
    folder = tmp_path / "project"
    shutil.copytree(SHOP, folder)
    settings = folder / "audctl.yaml"
    text = settings.read_text(encoding="utf-8").replace("http://127.0.0.1:8765", running.url)
    settings.write_text(text, encoding="utf-8")
    return Shop(folder, running.url, audctl)


def until(what: Callable[[], object], child: subprocess.Popen[str]) -> None:
    """Look until it is so; fail when the process ends first, or when it takes too long."""
    end = time.monotonic() + BOUND_S
    while not what():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < end


def addresses(found: list[dict[str, Any]]) -> set[str]:
    return {each["address"] for each in found}


def test_a_run_is_followed_live_and_its_end_by_kill_is_seen(shop: Shop) -> None:
    shop.fault("POST /v1/traits", "latency", latency_ms=LONG_MS, nth=1)
    with shop.started("apply", "--auto-approve") as child:
        until(shop.strikes, child)
        with shop.started("ledger", "show", "latest", "--follow", "--output", "json") as follower:
            assert follower.stdout is not None
            seen = [json.loads(follower.stdout.readline())]
            while not seen[-1].get("address", "").startswith("Trait/"):
                seen.append(json.loads(follower.stdout.readline()))
            child.kill()
            _, told = follower.communicate(timeout=BOUND_S)
    assert [each["type"] for each in seen[:2]] == ["run_start", "plan"]
    assert (follower.returncode, told) == (1, "the run was cut off: its journal has no end\n")
    (journal,) = (shop.folder / ".audctl" / "runs").iterdir()
    lines = journal.read_text(encoding="ascii").splitlines()
    assert [json.loads(line) for line in lines[: len(seen)]] == seen
    code, history = shop.run("ledger", "history")
    assert (code, [each["state"] for each in history["runs"]]) == (0, ["cut off"])


def remaining(shop: Shop) -> set[str]:
    """Return what the next plan would do."""
    code, plan = shop.run("plan")
    assert code == 0
    return addresses(plan["changes"])


def test_the_first_signal_lets_calls_end_and_writes_the_ledger(shop: Shop) -> None:
    shop.fault("POST /v1/traits", "latency", latency_ms=1_000, nth=1)
    with shop.started("apply", "--auto-approve", "--output", "json") as child:
        until(shop.strikes, child)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=BOUND_S)
    assert child.returncode == 130, stderr
    report = json.loads(stdout)
    assert report["interrupted"]
    assert report["halted"] == "the run was interrupted"
    assert any(each.startswith("Trait/") for each in addresses(report["done"]))
    assert not any(each["mayHaveHappened"] for each in report["failed"])
    assert any("stopping: calls in flight" in line for line in stderr.splitlines())
    code, ledger = shop.run("ledger", "list")
    assert (code, addresses(ledger["entries"])) == (0, addresses(report["done"]))
    assert ledger["intents"] == []
    assert remaining(shop) == addresses(report["failed"]) | addresses(report["notTried"])
    assert shop.run("apply", "--auto-approve")[0] == 0


def test_the_second_signal_ends_at_once_and_tells_what_is_known(shop: Shop, tmp_path: Path) -> None:
    shop.fault("POST /v1/traits", "latency", latency_ms=LONG_MS, nth=1)
    kept = tmp_path / "report.json"
    with shop.started("apply", "--auto-approve", "--report", f"json={kept}") as child:
        until(shop.strikes, child)
        assert child.stderr is not None
        child.send_signal(signal.SIGTERM)
        while "stopping" not in child.stderr.readline():
            assert child.poll() is None
        begun = time.monotonic()
        child.send_signal(signal.SIGTERM)
        stdout, _ = child.communicate(timeout=BOUND_S)
        took_s = time.monotonic() - begun
    assert child.returncode == 130
    assert took_s < LONG_MS / 1000 - 1
    assert "(interrupted)" in stdout
    assert "Stopped: the run was ended at once" in stdout
    assert "with a call of this step in flight" in stdout
    assert "the write may have happened all the same" in stdout
    assert "the lock is let go" in stdout
    assert json.loads(kept.read_text(encoding="utf-8"))["exitCode"] == 130
    shop.no_more_faults()
    code, report = shop.run("apply", "--auto-approve")
    assert (code, report.get("verified")) == (0, True), report


def test_a_lock_that_does_not_go_in_time_is_left_and_said_so(shop: Shop) -> None:
    shop.fault("POST /v1/traits", "latency", latency_ms=LONG_MS, nth=1)
    shop.fault("SOAP xtk:persist#DeleteCollection", "latency", latency_ms=LONG_MS)
    with shop.started("apply", "--auto-approve", "--output", "json") as child:
        until(shop.strikes, child)
        assert child.stderr is not None
        child.send_signal(signal.SIGINT)
        while "stopping" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        stdout, _ = child.communicate(timeout=BOUND_S)
    assert child.returncode == 130
    (remark,) = json.loads(stdout)["remarks"]
    assert remark.startswith("the lock is left: it did not go in time; it ends by itself within ")
    assert "audctl ledger unlock --token " in remark


def test_a_run_ended_while_it_reads_has_written_nothing(shop: Shop) -> None:
    shop.fault("GET /v1/traits*", "latency", latency_ms=LONG_MS, nth=1)
    with shop.started("apply", "--auto-approve") as child:
        until(shop.strikes, child)
        assert child.stderr is not None
        child.send_signal(signal.SIGINT)
        while "stopping" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=BOUND_S)
    assert (child.returncode, stdout) == (130, "")
    assert "error: ended at once: nothing was written; the lock is let go" in stderr
    shop.no_more_faults()
    assert shop.run("apply", "--auto-approve")[0] == 0


@pytest.mark.parametrize(
    "words", [("drift",), ("import", "--dry-run"), ("doctor",)], ids=lambda words: words[0]
)
def test_a_command_that_waits_to_read_ends_at_once(shop: Shop, words: tuple[str, ...]) -> None:
    shop.fault("* /v1/*", "status", status=503, retry_after=100)
    with shop.started(*words) as child:
        assert child.stderr is not None
        while "waiting" not in child.stderr.readline():
            assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        stdout, stderr = child.communicate(timeout=BOUND_S)
    assert (child.returncode, stdout) == (130, "")
    assert "error: stopped" in stderr
