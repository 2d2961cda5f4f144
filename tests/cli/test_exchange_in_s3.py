"""Exchanges whose results go to a bucket, by the command line: written, compared with, looked at, replaced."""

from __future__ import annotations

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.exchange.s3_store import S3Access, S3Files
from audctl.exchange.s3_writing import S3Writer
from audctl.redact import Secret
from tests.contract.bench import Bench
from tests.s3_server import BUCKET, S3Server, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.sandbox.server import RunningSandbox
    from tests.cli.conftest import CommandLine, Ran

KEYS = {"S3_KEY": "AKIA-TEST", "S3_SECRET": "never-to-be-seen", "AUDCTL_CLIENT_SECRET": "x"}
SETTINGS = """
      exchange:
        files: in
        recipients: recipients.csv
        tracking: tracking.csv
        s3: {region: eu-west-1, endpoint: "%s", accessKeyId: "${env:S3_KEY}", secretAccessKey: "${env:S3_SECRET}"}
    measured:"""
PLACE = f"s3://{BUCKET}/results"


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with serve() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = Path(__file__).parent / "projects" / "members"
    folder = shutil.copytree(source, tmp_path / "members")
    path = folder / "audctl.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n    measured:", SETTINGS % s3.url, 1), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def import_(audctl: CommandLine, *words: str) -> Ran:
    numbers = ("--offline", "--data-source-id", "5001", "--segment-id", "1")
    return audctl("exchange", "import", "carts-import", *numbers, *words, environ=KEYS)


def export(audctl: CommandLine, *words: str) -> Ran:
    numbers = ("--offline", "--data-source-id", "5002", "--trait-id", "70011")
    people = ("--members", "list.csv")
    return audctl("exchange", "export", "loyal-export", *people, *numbers, *words, environ=KEYS)


def bucket(s3: S3Server, prefix: str) -> S3Files:
    keys = {"access_key_id": Secret("a"), "secret_access_key": Secret("b")}
    return S3Files(BUCKET, prefix, S3Access(endpoint=s3.url, region="eu-west-1", **keys))


def found(s3: S3Server, prefix: str) -> dict[str, bytes]:
    files = bucket(s3, prefix)
    there = {}
    for each in files.list():
        with files.open(each) as stream:
            there[each.path] = stream.read()
    return there


def test_a_result_in_a_bucket_is_that_of_a_folder_byte_for_byte(
    audctl: CommandLine, s3: S3Server, folder: Path
) -> None:
    here = import_(audctl, "--out", "out")
    there = import_(audctl, "--out", f"{PLACE}/carts")
    assert (here.code, there.code) == (0, 0), there.stderr
    objects = found(s3, "results/carts")
    manifest = json.loads(objects.pop("manifest.json"))
    assert objects == {"members.csv.gz": (folder / "out" / "members.csv.gz").read_bytes()}
    local = json.loads((folder / "out" / "manifest.json").read_text())
    assert {**manifest, "madeAt": ""} == {**local, "madeAt": ""}
    again = import_(audctl, "--out", f"{PLACE}/carts", "--format", "parquet")
    assert again.code == 0, again.stderr
    assert sorted(found(s3, "results/carts")) == ["manifest.json", "members.parquet"]
    assert "never-to-be-seen" not in str((s3.headers, s3.calls, there, again))


def test_an_export_is_split_compared_with_the_one_before_and_looked_at_in_a_bucket(
    audctl: CommandLine, s3: S3Server, folder: Path
) -> None:
    first = export(audctl, "--out", f"{PLACE}/first", "--split-size", "1B")
    assert first.code == 0, first.stderr
    objects = found(s3, "results/first")
    manifest = json.loads(objects.pop("manifest.json"))
    assert len([each for each in manifest["files"] if each["content"] == "traits"]) == 2
    assert {each["name"]: (each["bytes"], each["sha256"]) for each in manifest["files"]} == {
        name: (len(raw), sha256(raw).hexdigest()) for name, raw in objects.items()
    }
    members = folder / "list.csv"
    members.write_text(members.read_text().replace("101", "105"))
    second = export(audctl, "--out", f"{PLACE}/second", "--previous", f"{PLACE}/first")
    assert second.code == 0, second.stderr
    assert "0 new since the previous export, 1 gone from the source" in second.stdout
    wrong = export(audctl, "--dry-run", "--previous", f"{PLACE}/nothing")
    assert wrong.code == 1
    assert f"{PLACE}/nothing holds no export" in wrong.stderr

    for name in ("first", "first/manifest.json", "first/complement.csv.gz", "second"):
        ran = audctl("exchange", "inspect", f"{PLACE}/{name}", environ=KEYS)
        assert ran.code == 0, ran.stdout + ran.stderr
    (part,) = [name for name in objects if name.startswith("ftp_dpm_") and ".sync.1" in name]
    assert audctl("exchange", "inspect", f"{PLACE}/first/{part}", environ=KEYS).code == 0
    S3Writer(bucket(s3, "results/first")).write(part, b"x")
    ran = audctl("exchange", "inspect", f"{PLACE}/first", environ=KEYS)
    assert ran.code == 1
    assert f"{part}: it has 1 bytes" in ran.stdout
    ran = audctl("exchange", "inspect", f"{PLACE}/nothing", environ=KEYS)
    assert ran.code == 1
    assert "there is no object" in ran.stderr


def test_what_is_no_result_keeps_one_from_being_written_before_anything_is_read(
    audctl: CommandLine, s3: S3Server, folder: Path
) -> None:
    S3Writer(bucket(s3, "taken")).write("notes.txt", b"x")
    shutil.rmtree(folder / "in")
    ran = import_(audctl, "--out", f"s3://{BUCKET}/taken")
    assert ran.code == 1
    assert "AUD2705" in ran.stderr
    assert "notes.txt" in ran.stderr
    assert found(s3, "taken") == {"notes.txt": b"x"}
    assert "is not of the form s3://bucket/prefix" in import_(audctl, "--out", "s3://").stderr


AUDIENCE = """---
apiVersion: audctl.dev/v1
kind: Audience
metadata: {name: more-NUMBER}
spec: {label: More NUMBER, dataSource: web, folder: /, rule: cart-add}
---
apiVersion: audctl.dev/v1
kind: List
metadata: {name: more-NUMBER}
spec: {label: More NUMBER}
---
apiVersion: audctl.dev/v1
kind: ImportBinding
metadata: {name: more-NUMBER-import}
spec: {audience: more-NUMBER, list: more-NUMBER, dataSource: web}
"""


@pytest.mark.parametrize("more", [1, 4])
def test_a_plan_reads_files_and_tables_once_for_all_bindings(
    audctl: CommandLine, s3: S3Server, folder: Path, running: RunningSandbox, more: int
) -> None:
    for name in ("in", "recipients.csv", "tracking.csv"):
        path = folder / name
        for each in path.iterdir() if path.is_dir() else (path,):
            place = bucket(s3, f"plan/{name if path.is_dir() else 'tables'}")
            S3Writer(place).write(each.name, each.read_bytes())
    tables = f"s3://{BUCKET}/plan/tables"
    environ = with_bindings(
        folder,
        more,
        (
            ("http://127.0.0.1:8765", running.url),
            ("files: in", f"files: s3://{BUCKET}/plan/in"),
            ("recipients: recipients.csv", f"recipients: {tables}/recipients.csv"),
            ("tracking: tracking.csv", f"tracking: {tables}/tracking.csv"),
        ),
    )
    bench = Bench(running.url)
    audctl("plan", *FOR_IMPORTS, environ=environ)
    alone = len(bench.calls())
    s3.calls.clear()
    bench.forget_calls()
    ran = audctl("plan", "--match-rate", *FOR_IMPORTS, environ=environ)
    assert len(re.findall(r"import: <50 of <50 ids", ran.stdout)) == more + 1, ran.stdout
    assert len([each for each in s3.calls if each.endswith(".sync")]) == 2
    assert len([each for each in s3.calls if each.endswith(".csv")]) == 2
    assert len(s3.calls) == 7  # and three lists of what there is
    assert len(bench.calls()) == alone  # the ledger is not read again, either


def test_calls_for_match_rates_are_among_those_that_a_plan_tells(
    audctl: CommandLine, folder: Path, running: RunningSandbox
) -> None:
    people = (
        ("http://127.0.0.1:8765", running.url),
        ("recipients: recipients.csv", "recipients: campaign"),
        ("tracking: tracking.csv", "tracking: campaign"),
    )
    environ = with_bindings(folder, 2, people)
    bench = Bench(running.url)
    made, told = [], []
    for asked in ((), ("--match-rate",)):
        bench.forget_calls()
        ran = audctl("plan", *asked, *FOR_IMPORTS, environ=environ)
        made.append(len(bench.calls()))
        told.append(int(re.findall(r"(\d+) calls", ran.stdout)[0]))
    assert told[1] - told[0] == made[1] - made[0] > 0


FOR_IMPORTS = ("--exclude", "ExportBinding/*", "--exclude", "Audience/loyal")


def with_bindings(folder: Path, more: int, changes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Add bindings of the same destination to the project, and change its settings; gives its environment."""
    settings = folder / "audctl.yaml"
    text = settings.read_text(encoding="utf-8")
    for old, new in changes:
        text = text.replace(old, new)
    settings.write_text(text, encoding="utf-8")
    with (folder / "manifests" / "all.yaml").open("a", encoding="utf-8") as manifests:
        manifests.writelines(AUDIENCE.replace("NUMBER", str(each)) for each in range(more))
    return {**KEYS, "AUDCTL_CLIENT_SECRET": "sandbox"}
