"""Two people, one environment: real processes, over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from tests.cli.conftest import ProjectFolder

ENVIRON = {"AUDCTL_CLIENT_SECRET": "sandbox", "SHOP_S3_SECRET": "s", "PATH": "/usr/bin:/bin"}
LOOKS = 200
"""Each takes tens of milliseconds: a bound for a first process that never gets to its work."""


def fault(url: str, **rule: object) -> None:
    body = json.dumps(rule).encode()
    with urlopen(Request(f"{url}/_sandbox/faults", data=body, method="POST"), timeout=30):  # noqa: S310 - loopback
        pass


def begin(project: ProjectFolder, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "audctl", *words, "--project", str(project.folder)]
    return subprocess.Popen(
        command, env=ENVIRON, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for_lock(project: ProjectFolder) -> dict[str, str]:
    """Return the lock once its holder has announced what it creates, and so is at work."""
    for _ in range(LOOKS):
        content = json.loads(project.run("ledger", "list", "--output", "json").stdout)
        if content["intents"]:
            lock = content["lock"]
            assert isinstance(lock, dict)
            return lock
    raise AssertionError("nobody took the lock")


def test_of_two_applies_at_once_one_works_and_the_other_says_who(project: ProjectFolder) -> None:
    fault(project.url, route="POST /v1/datasources*", kind="latency", latency_ms=4000, nth=1)
    with begin(project, "apply", "--auto-approve") as first:
        lock = wait_for_lock(project)
        with begin(project, "apply", "--auto-approve") as second:
            stdout, stderr = second.communicate(timeout=60)
        assert second.returncode == 6, stderr
        assert f"held by {lock['holder']} on {lock['host']} ({lock['reason']}, plan" in stderr
        assert f"pid {first.pid}" in stderr
        assert lock["plan"][:12] in stderr
        assert re.search(r"since \d{4}-.* UTC and expires at \d{4}-.* UTC", stderr)
        assert f"audctl ledger unlock --token {lock['token']}" in stderr
        assert "to create" not in stdout
        stdout, stderr = first.communicate(timeout=120)
    assert first.returncode == 0, stderr
    assert "Verified: a second read found nothing left to do" in stdout
    assert json.loads(project.run("ledger", "list", "--output", "json").stdout)["lock"] is None


def test_who_loses_the_lock_stops_and_says_so(project: ProjectFolder) -> None:
    fault(project.url, route="POST /v1/datasources*", kind="latency", latency_ms=4000, nth=1)
    with begin(project, "apply", "--auto-approve", "--output", "json") as first:
        lock = wait_for_lock(project)
        refused = project.run("ledger", "unlock", "--token", "0" * 32)
        assert refused.code == 6
        assert f"held by {lock['holder']}" in refused.stderr
        broken = project.run("ledger", "unlock", "--token", lock["token"])
        assert (broken.code, broken.stdout.split(":")[0]) == (0, "Unlocked")
        stdout, _ = first.communicate(timeout=120)
    assert first.returncode == 6
    report = json.loads(stdout)
    assert report["halted"].startswith("the lock is lost")
    assert project.run("apply", "--auto-approve").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_campaign_that_does_not_answer_is_a_lock_store_out_of_reach(
    project: ProjectFolder,
) -> None:
    for words in (["apply", "--auto-approve"], ["ledger", "unlock", "--token", "0" * 32]):
        ran = project.run(*words, "--env", "closed")
        assert ran.code == 6
        assert "nobody can tell who holds the lock" in ran.stderr
