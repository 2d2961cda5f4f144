"""Waiting: ends by itself, in time, or when it is stopped; nobody sleeps for hours."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from audctl.operations.context import SystemClock
from tests import loopback

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import ProjectFolder

RECONCILED = 'destination: campaign-feed, reconciliationKey: "[trackingLog/@sourceId]"}'
HOUR_S = 3600
ENVIRON = {**os.environ, "AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s"}


def advance(url: str, span: str) -> None:
    loopback.post(f"{url}/_sandbox/clock", json={"advance": span}).raise_for_status()


def metrics(path: Path) -> dict[str, float]:
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {each.name: each.value for family in families for each in family.samples}


@pytest.fixture
def applied(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    project.replace("web.yaml", "destination: campaign-feed}", RECONCILED)
    project.replace("audctl.yaml", "store: campaign", "store: file")
    # Between eight and nine: new traits have people before the day's transfer, at 14:00.
    now = loopback.get(f"{project.url}/_sandbox/clock").json()["now"]
    advance(project.url, f"{(8 - int(now[11:13])) % 24}h")
    ran = project.run("apply", "--auto-approve", "--no-verify")
    assert ran.code == 0, ran.stderr

    def sleep(_self: SystemClock, seconds: float) -> None:
        if seconds > 60:
            # Never too little: what is left would have to pass by itself, look by look.
            advance(project.url, f"{math.ceil(seconds)}s")

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    return project


def wait(project: ProjectFolder, *words: str) -> tuple[int, dict[str, Any], str]:
    ran = project.run("wait", "--output", "json", "--poll-interval", "1h", *words)
    return ran.code, json.loads(ran.stdout), ran.stderr


def test_it_ends_when_people_have_come_or_when_time_is_over(applied: ProjectFolder) -> None:
    file = applied.folder / "audctl.prom"
    code, found, _ = wait(applied, "--timeout", "3h", "--prometheus", str(file))
    assert (code, found["consistent"], found["waited"]["timedOut"]) == (7, False, True)
    assert found["waited"]["looks"] == 4
    assert 3 * HOUR_S <= found["waited"]["seconds"] < 3 * HOUR_S + 60
    assert found["bindings"][0]["expectedBy"]
    assert metrics(file)["audctl_binding_pending"] == 1
    code, found, stderr = wait(applied, "--timeout", "60h", "--prometheus", str(file))
    assert (code, found["consistent"], found["waited"]["timedOut"]) == (0, True, False)
    assert found["waited"]["seconds"] < 5 * HOUR_S
    # Told once, although it was the same at every look.
    assert stderr.count("0 of 1 binding consistent") == 1
    assert metrics(file)["audctl_binding_pending"] == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_an_outage_in_between_ends_no_wait_and_one_at_the_end_is_an_error(
    applied: ProjectFolder,
) -> None:
    rules = [
        {"route": route, "kind": "status", "status": 403, "nth": 1, "times": 1}
        for route in ("GET /v1/*", "SOAP xtk:queryDef#ExecuteQuery")
    ]
    loopback.post(f"{applied.url}/_sandbox/faults", json=rules).raise_for_status()
    code, found, stderr = wait(applied, "--timeout", "60h")
    assert (code, found["consistent"]) == (0, True)
    assert stderr.count("could not look: ") == 1
    for rule in rules:
        del rule["nth"], rule["times"]
    loopback.post(f"{applied.url}/_sandbox/faults", json=rules).raise_for_status()
    file = applied.folder / "audctl.prom"
    monotonic = iter(range(0, 10**9, HOUR_S))
    with pytest.MonkeyPatch.context() as patch:
        # Nothing tells the live time: this machine's ends the wait.
        patch.setattr(SystemClock, "monotonic", lambda _self: float(next(monotonic)))
        code, found, _ = wait(applied, "--timeout", "5h", "--prometheus", str(file))
    assert code == 1
    assert found["error"]
    assert metrics(file)["audctl_status_up"] == 0


def test_a_sandbox_that_lives_for_one_command_has_no_time_to_wait_in(
    applied: ProjectFolder, sown: Path
) -> None:
    shutil.copytree(sown, applied.folder / "embedded")
    applied.replace(
        "audctl.yaml",
        "  defaultEnvironment",
        "    own: {sandbox: {data: embedded}, ledger: {store: file, path: own.json}}\n  defaultEnvironment",
    )
    code, found, _ = wait(applied, "--env", "own")
    assert code == 64
    assert "serve it by itself" in found["error"]["message"]


def start(project: ProjectFolder, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "audctl", "wait", "--project", str(project.folder)]
    return subprocess.Popen(
        [*command, "--poll-interval", "1s", *words],
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_it_waits(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("0 of 1 binding consistent; waiting for ImportBinding/"), line


def test_a_real_process_sees_the_time_of_the_live_system_pass(applied: ProjectFolder) -> None:
    with start(applied, "--until-consistent", "--timeout", "60h") as process:
        until_it_waits(process)
        mover = threading.Thread(target=advance, args=(applied.url, "30h"))
        mover.start()
        out, _ = process.communicate(timeout=60)
        mover.join()
    assert process.returncode == 0
    assert out.startswith("Consistent after 1d 6h")


def test_a_signal_ends_the_wait_and_says_what_was_waited_for(applied: ProjectFolder) -> None:
    file = applied.folder / "audctl.prom"
    with start(applied, "--prometheus", str(file)) as process:
        until_it_waits(process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped waiting: 1 of 1 bindings not consistent yet" in err
    # What the last look showed still holds.
    assert metrics(file)["audctl_status_up"] == 1
