"""Files in S3, over the real protocol: moto's server stands in for AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import obstore
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from obstore.store import S3Store

from audctl.errors import FindingsError
from audctl.exchange.ports import StoredFile
from audctl.exchange.s3_store import S3Access, S3Files, parse_s3
from audctl.exchange.s3_writing import S3Writer
from audctl.redact import Secret
from tests import loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "acme-audiences"
BIG = bytes(range(251)) * (12 * 1024 * 1024 // 251)
"""More than is read or sent at once."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    loopback.put(f"http://{host}:{port}/{BUCKET}", timeout=20)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def access(endpoint: str) -> S3Access:
    return S3Access(
        endpoint=endpoint,
        region="us-east-1",
        access_key_id=Secret("key"),
        secret_access_key=Secret("hush"),
    )


@pytest.fixture
def raw(endpoint: str) -> Iterator[S3Store]:
    store = S3Store(
        BUCKET,
        endpoint=endpoint,
        access_key_id="key",
        secret_access_key="hush",
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    yield store
    obstore.delete(store, [each["path"] for page in obstore.list(store) for each in page])


def code_of(caught: pytest.ExceptionInfo[FindingsError]) -> tuple[str, str]:
    (finding,) = caught.value.findings
    return finding.code, finding.message


def test_objects_below_the_prefix_are_listed_by_path(access: S3Access, raw: S3Store) -> None:
    for key in ("aam/b.sync", "aam/date=2026-03-01/a.sync", "aam2/no.sync", "no.sync"):
        obstore.put(raw, key, b"12345")
    files = parse_s3(f"s3://{BUCKET}/aam/", access)
    assert files.list() == [StoredFile("b.sync", 5), StoredFile("date=2026-03-01/a.sync", 5)]
    assert {each.path for each in parse_s3(f"s3://{BUCKET}", access).list()} >= {
        "no.sync",
        "aam2/no.sync",
    }
    assert files.describe() == f"s3://{BUCKET}/aam"


@pytest.mark.parametrize("content", [b"", b"one line\n", BIG], ids=["empty", "small", "large"])
def test_a_file_comes_back_as_it_was_written(
    access: S3Access, raw: S3Store, tmp_path: Path, content: bytes
) -> None:
    files = parse_s3(f"s3://{BUCKET}/out", access)
    source = tmp_path / "source"
    source.write_bytes(content)
    S3Writer(files).send("date=2026-03-01/part 1.sync.gz", source)
    (file,) = files.list()
    assert file == StoredFile("date=2026-03-01/part 1.sync.gz", len(content))
    with files.open(file) as stream:
        assert stream.read() == content
    with files.open(file) as stream:
        pieces = iter(lambda: stream.read(1_000_003), b"")
        assert b"".join(pieces) == content


def test_a_file_that_changed_since_it_was_listed_is_an_error(
    access: S3Access, raw: S3Store
) -> None:
    obstore.put(raw, "in/a", b"12345")
    files = parse_s3(f"s3://{BUCKET}/in", access)
    (listed,) = files.list()
    obstore.put(raw, "in/a", b"123")
    with pytest.raises(FindingsError) as caught, files.open(listed):
        pass
    assert code_of(caught) == ("AUD2701", "a has 3 bytes now, and had 5 when it was listed")


def test_what_is_not_there_is_named_with_its_place(access: S3Access, raw: S3Store) -> None:
    with (
        pytest.raises(FindingsError) as caught,
        parse_s3(f"s3://{BUCKET}/in", access).open(StoredFile("b", 1)),
    ):
        pass
    code, message = code_of(caught)
    assert code == "AUD2701"
    assert message.startswith(f"b cannot be read in s3://{BUCKET}/in: ")
    with pytest.raises(FindingsError) as caught:
        parse_s3("s3://no-such-bucket/in", access).list()
    assert code_of(caught)[1].startswith("s3://no-such-bucket/in cannot be listed")


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("s3://", ""),
        ("s3:///x", ""),
        ("s3://UPPER/x", ""),
        ("https://bucket/x", ""),
        ("s3://bucket/x", "http://s3.example.com"),
        ("s3://bucket/x", "http://127.0.0.1.example.com"),
        ("s3://bucket/x", "ftp://127.0.0.1"),
    ],
)
def test_addresses_that_are_wrong_or_not_safe_are_refused(text: str, endpoint: str) -> None:
    with pytest.raises(FindingsError) as caught:
        parse_s3(text, S3Access(endpoint=endpoint))
    assert code_of(caught)[0] == "AUD2701"


def test_secrets_are_not_shown(access: S3Access) -> None:
    assert "hush" not in repr(S3Files("b", "", access))
