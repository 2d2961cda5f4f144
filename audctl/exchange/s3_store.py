"""Files below a prefix of an S3 bucket, over S3's own protocol.

Objects appear whole: a small one by one PUT, a large one by a multi-part upload that is only completed at the end. They
are read as one stream each; what comes short, or was replaced since it was listed, is an error. Credentials are the
project file's, else those that AWS's own tools would find: environment, web identity, instance role.
"""

from __future__ import annotations

import io
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urlsplit

from audctl.exchange.faults import fault
from audctl.exchange.ports import StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from obstore.store import S3Store as Bucket

    from audctl.redact import Secret

SCHEME: Final = "s3://"
_CHUNK: Final = 5 * 1024 * 1024
_URL: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")
_HINT: Final = "check bucket, prefix, region and credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """How a bucket is reached; what is empty is found as AWS's own tools find it."""

    endpoint: str = ""
    region: str = ""
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class S3Files:
    """See :class:`audctl.exchange.ports.FileStore`."""

    bucket: str
    prefix: str
    """Without slashes at its ends; may be empty."""
    access: S3Access = field(default_factory=S3Access)
    spool: Path | None = None
    """Where a new file waits until it is whole; None: the system's folder for temporary files."""

    def list(self) -> Sequence[StoredFile]:
        """Return every object below the prefix."""
        import obstore  # noqa: PLC0415 - slow to import

        cut = len(self.prefix) + 1 if self.prefix else 0
        with self._told("cannot be listed", self.describe()):
            found = [
                StoredFile(entry["path"][cut:], entry["size"])
                for page in obstore.list(self._open(), self.prefix or None)
                for entry in page
                if entry["path"][cut:]
            ]
        return sorted(found, key=lambda each: each.path)

    @contextmanager
    def open(self, file: StoredFile) -> Iterator[BinaryIO]:
        """Open one object, to be read from front to back."""
        import obstore  # noqa: PLC0415 - slow to import

        with self._told("cannot be read", file.path):
            answer = obstore.get(self._open(), self._key(file.path))
            size = answer.meta["size"]
            if size != file.size:
                raise fault(
                    "AUD2701",
                    f"{file.path} has {size} bytes now, and had {file.size} when it was listed",
                    "run it again once nobody writes there",
                )
            chunks = (bytes(each) for each in answer.stream(_CHUNK))
            yield io.BufferedReader(_Pieces(chunks, file), _CHUNK)

    @contextmanager
    def create(self, path: str) -> Iterator[BinaryIO]:
        """Give a stream for a new object, which is sent when the block ends well."""
        import obstore  # noqa: PLC0415 - slow to import

        with tempfile.TemporaryFile(dir=self.spool) as whole:
            yield whole
            whole.seek(0)
            with self._told("cannot be written", path):
                obstore.put(self._open(), self._key(path), whole, chunk_size=_CHUNK)

    def describe(self) -> str:
        """Say where that is."""
        return f"{SCHEME}{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def _open(self) -> Bucket:
        from obstore.store import S3Store as Bucket  # noqa: PLC0415 - slow to import

        config: dict[str, object] = {"bucket": self.bucket}
        for name, value in (
            ("endpoint", self.access.endpoint),
            ("region", self.access.region),
            ("access_key_id", self.access.access_key_id),
            ("secret_access_key", self.access.secret_access_key),
        ):
            if value:
                config[name] = value if isinstance(value, str) else value.reveal()
        if self.access.endpoint:
            config["virtual_hosted_style_request"] = False
        return Bucket(
            config=config,  # type: ignore[arg-type]  # only names that it knows
            client_options={"allow_http": _is_here(self.access.endpoint), "timeout": "600s"},
            retry_config={"max_retries": 5},
        )

    @contextmanager
    def _told(self, what: str, name: str) -> Iterator[None]:
        """Say of a failure which file it befell; texts of S3 may quote keys, so only their first line is told."""
        from obstore.exceptions import BaseError  # noqa: PLC0415 - slow to import

        try:
            yield
        except (BaseError, OSError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise fault(
                "AUD2701", f"{name} {what} in {self.describe()}: {reason}", _HINT
            ) from error


class _Pieces(io.RawIOBase):
    """A stream of pieces as a file."""

    def __init__(self, chunks: Iterator[bytes], file: StoredFile) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")
        self._missing = file.size
        self._name = file.path

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
            if not self._rest and self._missing:
                raise fault(
                    "AUD2701", f"{self._name} came {self._missing} bytes short", "run it again"
                )
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        self._missing -= size
        return size


def parse_s3(text: str, access: S3Access, spool: Path | None = None) -> S3Files:
    """Read ``s3://bucket/prefix``; raise a FindingsError for what is no such address, or a way in that is not safe."""
    match = _URL.fullmatch(text)
    if match is None:
        raise fault("AUD2701", f"{text[:100]} is not of the form s3://bucket/prefix", "correct it")
    endpoint = access.endpoint
    if endpoint and not (endpoint.startswith("https://") or _is_here(endpoint)):
        raise fault(
            "AUD2701",
            f"the S3 endpoint {endpoint[:100]} is neither https nor on this machine",
            "give its https address: members must not travel in the clear",
        )
    return S3Files(match["bucket"], (match["prefix"] or "").strip("/"), access, spool)


def _is_here(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if host == "localhost":
        return parts.scheme in {"http", "https"}
    try:
        return parts.scheme in {"http", "https"} and ip_address(host).is_loopback
    except ValueError:
        return False
