"""A project whose ledger lies in a bucket, from its project file to its doctor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.s3_server import S3Server, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import ProjectFolder

KEYS = {"AUDCTL_S3_KEY": "AKIA-TEST", "AUDCTL_S3_SECRET": "never-to-be-seen"}
LEDGER = """{store: s3, bucket: ledgers, region: eu-west-1, endpoint: "%s",
               accessKeyId: "${env:AUDCTL_S3_KEY}", secretAccessKey: "${env:AUDCTL_S3_SECRET}"}"""


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with serve() as server:
        yield server


def keep_in(project: ProjectFolder, endpoint: str) -> None:
    text = (project.folder / "audctl.yaml").read_text(encoding="utf-8")
    first = text.index("{store: campaign}")
    changed = text[:first] + LEDGER % endpoint + text[first + len("{store: campaign}") :]
    project.write("audctl.yaml", changed)
    project.audctl.environ = KEYS


def test_a_whole_life_with_the_ledger_in_a_bucket(project: ProjectFolder, s3: S3Server) -> None:
    keep_in(project, s3.url)
    applied = project.run("apply", "--auto-approve")
    assert applied.code == 0, applied.stderr
    assert project.run("plan", "--detailed-exitcode").code == 0
    content = json.loads(project.run("ledger", "list", "--output", "json").stdout)
    assert (len(content["entries"]), content["lock"]) == (11, None)
    health = json.loads(project.run("doctor", "--output", "json").stdout)
    checks = {each["name"]: each for each in health["checks"]}
    assert checks["ledger store"]["message"] == (
        "bucket ledgers/audctl/: written, conditions kept to, removed"
    )
    assert checks["lock"]["message"] == "nobody holds it"
    # Another project below the same prefix sees what this one owns.
    project.replace("audctl.yaml", "metadata: {name: shop}", "metadata: {name: rival}")
    taken = project.run("plan", "--adopt")
    assert "AUD2020" in taken.stderr + taken.stdout
    assert 'project "shop" (environment local)' in taken.stderr + taken.stdout
    assert not [call for call in s3.calls if "never-to-be-seen" in call]
    for ran in (applied, taken):
        assert "never-to-be-seen" not in ran.stdout + ran.stderr


def test_a_bucket_that_keeps_to_no_condition_fails_the_doctor(
    project: ProjectFolder, s3: S3Server
) -> None:
    keep_in(project, s3.url)
    s3.careless = True
    ran = project.run("doctor")
    assert ran.code == 1
    assert "does not keep to conditional puts" in ran.stdout


def test_a_lock_store_that_cannot_be_reached_is_exit_6(project: ProjectFolder) -> None:
    keep_in(project, "http://127.0.0.1:9")
    ran = project.run("apply", "--auto-approve")
    assert ran.code == 6
    assert "nobody can tell who holds the lock" in ran.stderr


def test_what_a_ledger_in_s3_needs_is_said_with_its_place(project: ProjectFolder) -> None:
    project.replace(
        "audctl.yaml", "ledger: {store: campaign}\n    closed", "ledger: {store: s3}\n    closed"
    )
    ran = project.run("validate")
    assert ran.code == 1
    for name in ("bucket", "region", "accessKeyId", "secretAccessKey"):
        assert f'the ledger of environment "local" is to lie in S3, and has no {name}' in ran.stdout
    assert "audctl.yaml:11:" in ran.stdout
