"""A result in a bucket: after a death at any call, beside another exchange, and with something unexpected in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.bucket_result import open_bucket_result
from audctl.exchange.result import MANIFEST, listed_files, stored_manifest
from audctl.exchange.s3_store import S3Access, S3Files
from audctl.exchange.s3_writing import S3Writer
from audctl.redact import Secret
from tests.exchange import Silent, put_files
from tests.s3_server import BUCKET, S3Server, serve

if TYPE_CHECKING:
    from collections.abc import Iterator


class CutError(Exception):
    """The engine failed."""


@pytest.fixture(scope="module")
def served() -> Iterator[S3Server]:
    with serve() as running:
        yield running


@pytest.fixture
def server(served: S3Server) -> Iterator[S3Server]:
    served.mend()
    yield served
    served.mend()
    everything = place(served, "")
    S3Writer(everything).delete([each.path for each in everything.list()])


def place(server: S3Server, prefix: str = "results/vip") -> S3Files:
    keys = {"access_key_id": Secret("key"), "secret_access_key": Secret("hush")}
    return S3Files(BUCKET, prefix, S3Access(endpoint=server.url, region="us-east-1", **keys))


def write(files: S3Files, contents: dict[str, str], spool: Path) -> None:
    with open_bucket_result(files, spool, Silent()) as made:
        made.finish(put_files(made.staging, contents), {"kind": "import"})


def found(files: S3Files) -> dict[str, str]:
    texts = {}
    for each in files.list():
        with files.open(each) as stream:
            texts[each.path] = stream.read().decode()
    return texts


def whole(files: S3Files) -> dict[str, str] | None:
    """Give the files of the result that is there, each as its manifest says; None where there is none."""
    manifest = stored_manifest(files)
    if manifest is None:
        return None
    there = found(files)
    for each in listed_files(manifest):
        assert sha256(there[str(each["name"])].encode()).hexdigest() == each["sha256"]
    return {str(each["name"]): there[str(each["name"])] for each in listed_files(manifest)}


OLD = {"old": "1", "same": "old text"}
NEW = {"new": "2", "same": "new"}


def calls_of_a_replacement(server: S3Server, files: S3Files, spool: Path) -> int:
    write(files, OLD, spool)
    server.calls.clear()
    write(files, NEW, spool)
    count = len(server.calls)
    write(files, OLD, spool)
    return count


@pytest.mark.parametrize("fault", ["dies_at", "lies_at"])
def test_a_death_at_any_call_leaves_a_whole_result_or_none_and_the_next_exchange_clears_up(
    server: S3Server, tmp_path: Path, fault: str
) -> None:
    files = place(server)
    total = calls_of_a_replacement(server, files, tmp_path)
    seen = []
    # Until a name is touched, a lie is like a death.
    for at in range(total // 2 if fault == "lies_at" else 1, total + 1):
        server.calls.clear()
        setattr(server, fault, at)
        with suppress(FindingsError):  # the last calls only clear up
            write(files, NEW, tmp_path)
        server.mend()
        left = whole(files)
        assert left in (OLD, NEW, None)
        seen.append(left)
        write(files, OLD, tmp_path)
        assert {name: text for name, text in found(files).items() if name != MANIFEST} == OLD
        assert not list(tmp_path.iterdir())
    # It is the old one for as long as possible, nothing for a moment, and then the new one.
    phases = [each for at, each in enumerate(seen) if at == 0 or each != seen[at - 1]]
    assert phases == [OLD, None, NEW][-len(phases) :]
    assert len(phases) > 1


def test_nothing_is_uploaded_in_parts_and_nothing_has_a_name_before_all_is_there(
    server: S3Server, tmp_path: Path
) -> None:
    big = {"big": "x" * 20_000_000, "small": "y"}
    write(place(server), big, tmp_path)
    puts = [each.partition("/vip/")[2] for each in server.calls if each.startswith("PUT")]
    claim = ".unfinished/claim.json"
    numbers = [".unfinished/0", ".unfinished/1"]
    assert puts == [claim, *numbers, claim, "big", "small", claim, MANIFEST]
    assert sorted(found(place(server))) == ["big", MANIFEST, "small"]


def test_what_is_too_large_for_one_request_is_sent_last_and_straight_to_its_name(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("bucket_result", "s3_writing"):
        monkeypatch.setattr(f"audctl.exchange.{module}.LARGEST_PUT", 100)
    monkeypatch.setattr("audctl.exchange.s3_writing._PART", 5 * 1024 * 1024)
    write(place(server), OLD, tmp_path)
    large = {"same": "x" * 12_000_000, "new": "2"}
    write(place(server), large, tmp_path)
    assert whole(place(server)) == large
    assert len(place(server).list()) == 3
    assert [each for each in server.calls if each.startswith("POST") and each.endswith("/same")]


CHILD = """
import sys
from pathlib import Path
from tests.exchange import Silent, put_files
from tests.s3_server import S3Server
from tests.unit.exchange.test_bucket_result import NEW, place, write
write(place(S3Server(url=sys.argv[1])), NEW, Path(sys.argv[2]))
"""


def test_what_a_killed_exchange_leaves_on_this_machine_and_in_the_bucket_goes_with_the_next(
    server: S3Server, tmp_path: Path
) -> None:
    files = place(server)
    write(files, OLD, tmp_path)
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", CHILD, server.url, str(tmp_path)]
    child = subprocess.Popen(command, cwd=root)
    server.before["PUT /.unfinished/1"] = lambda: os.kill(child.pid, signal.SIGKILL)
    assert child.wait(60) == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.stat().st_mode & 0o077 == 0
    assert whole(files) == OLD
    assert ".unfinished/0" in found(files)
    write(files, NEW, tmp_path)
    assert sorted(found(files)) == [MANIFEST, "new", "same"]
    assert not list(tmp_path.iterdir())


def test_an_exchange_that_fails_leaves_what_was_there(server: S3Server, tmp_path: Path) -> None:
    files = place(server)
    write(files, OLD, tmp_path)
    before = found(files)

    def fail() -> None:
        with open_bucket_result(files, tmp_path, Silent()) as made:
            put_files(made.staging, NEW)
            raise CutError

    with pytest.raises(CutError):
        fail()
    assert found(files) == before
    assert not list(tmp_path.iterdir())


def test_of_two_exchanges_the_one_that_began_last_ends_well(
    server: S3Server, tmp_path: Path
) -> None:
    files = place(server)
    with open_bucket_result(files, tmp_path, Silent()) as first:
        write(files, NEW, tmp_path)
        with pytest.raises(FindingsError) as caught:
            first.finish(put_files(first.staging, OLD), {"kind": "import"})
    assert "another exchange is writing to s3://" in caught.value.findings[0].message
    assert whole(files) == NEW


def test_one_that_is_overtaken_while_it_sends_touches_nothing_of_the_other(
    server: S3Server, tmp_path: Path
) -> None:
    files = place(server)
    with open_bucket_result(files, tmp_path, Silent()) as first:
        made = put_files(first.staging, OLD)
        server.before["PUT /.unfinished/1"] = lambda: write(files, NEW, tmp_path / "second")
        (tmp_path / "second").mkdir()
        with pytest.raises(FindingsError):
            first.finish(made, {"kind": "import"})
    assert whole(files) == NEW


def test_one_that_is_overtaken_after_it_named_its_files_says_nothing_of_them(
    server: S3Server, tmp_path: Path
) -> None:
    files = place(server)
    (tmp_path / "second").mkdir()
    theirs = {"same": "theirs"}

    def overtake() -> None:
        server.before["GET /ledgers"] = lambda: write(files, theirs, tmp_path / "second")

    server.before["PUT /same"] = overtake
    with pytest.raises(FindingsError) as caught:
        write(files, {"same": "ours!!"}, tmp_path)
    assert "another exchange is writing to s3://" in caught.value.findings[0].message
    assert whole(files) == theirs


@pytest.mark.parametrize(
    ("key", "told"),
    [("notes.txt", "notes.txt"), ("date=2026/a.sync", "date=2026/a.sync"), (MANIFEST, MANIFEST)],
)
def test_a_prefix_with_anything_else_below_it_is_refused_and_left_as_it_is(
    server: S3Server, tmp_path: Path, key: str, told: str
) -> None:
    files = place(server)
    if key != MANIFEST:
        write(files, OLD, tmp_path)
    S3Writer(files).write(key, b"mine")
    S3Writer(place(server, "results")).write("vip-too", b"beside it")
    before = found(files)
    with pytest.raises(FindingsError) as caught, open_bucket_result(files, tmp_path, Silent()):
        pass
    (finding,) = caught.value.findings
    assert finding.code == "AUD2705"
    assert finding.message.endswith(f"holds something that is no result of an exchange: {told}")
    assert found(files) == before


def test_a_put_is_tried_again_while_the_bucket_is_busy(server: S3Server, tmp_path: Path) -> None:
    waited: list[float] = []
    source = tmp_path / "source"
    source.write_text("text")

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            server.refuses = ""

    server.refuses = "/name"
    S3Writer(place(server), wait).send("name", source)
    assert waited == [1.0, 2.0]
    assert found(place(server)) == {"name": "text"}


@pytest.mark.parametrize(("refused", "status", "tries"), [(True, 403, 1), (False, 500, 5)])
def test_a_put_that_fails_is_told_without_its_signed_address(
    server: S3Server, tmp_path: Path, *, refused: bool, status: int, tries: int
) -> None:
    source = tmp_path / "source"
    source.write_text("text")
    server.refuses = "/name"
    server.dies_at = 1 if refused else 0
    with pytest.raises(FindingsError) as caught:
        S3Writer(place(server), lambda _: None).send("name", source)
    told = f"name cannot be written in s3://{BUCKET}/results/vip: status {status}"
    assert caught.value.findings[0].message == told
    assert len(server.calls) == tries


def test_keys_of_the_project_file_are_all_that_counts(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AWS_SESSION_TOKEN", "stray"),
        ("AWS_ACCESS_KEY_ID", "stray"),
        ("AWS_SECRET_ACCESS_KEY", "stray"),
        ("AWS_REGION", "eu-stray-1"),
        ("AWS_DEFAULT_REGION", "eu-stray-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"),
        ("AWS_SKIP_SIGNATURE", "true"),
        ("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true"),
        ("AWS_UNSIGNED_PAYLOAD", "true"),
        ("AWS_REQUEST_PAYER", "true"),
        ("AWS_S3_EXPRESS", "true"),
    ):
        monkeypatch.setenv(name, value)
    write(place(server), NEW, tmp_path)
    assert whole(place(server)) == NEW
    assert not [each for each in server.headers if "HTTP_X_AMZ_SECURITY_TOKEN" in each]
    signed = [each for each in server.headers if "HTTP_AUTHORIZATION" in each]
    assert len(signed) == len(server.headers) - len(NEW)  # those are signed in their address
    for each in signed:
        assert "Credential=key/" in each["HTTP_AUTHORIZATION"]
        assert "/us-east-1/s3/" in each["HTTP_AUTHORIZATION"]
    assert "stray" not in str(server.headers)
    files = place(server)
    own = replace(files, access=replace(files.access, session_token=Secret("own")))
    server.headers.clear()
    own.list()
    assert [each["HTTP_X_AMZ_SECURITY_TOKEN"] for each in server.headers] == ["own"]
