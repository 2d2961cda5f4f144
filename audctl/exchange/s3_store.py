"""Files below a prefix of an S3 bucket, over S3's own protocol.

They are read as one stream each; what comes short, or was replaced since it was listed, is an error. Credentials are
the project file's, else those that AWS's own tools would find: environment, web identity, instance role. With those of
the project file, no address, region or token of the environment counts.
"""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urlsplit

from audctl.exchange.faults import fault
from audctl.exchange.ports import StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from obstore.store import S3Credential
    from obstore.store import S3Store as Bucket

    from audctl.redact import Secret

SCHEME: Final = "s3://"
_CHUNK: Final = 5 * 1024 * 1024
_URL: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")
_DEFAULT_REGION: Final = "us-east-1"
_HINT: Final = "check bucket, prefix, region and credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """How a bucket is reached; what is empty is found as AWS's own tools find it."""

    endpoint: str = ""
    region: str = ""
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class S3Files:
    """See :class:`audctl.exchange.ports.FileStore`."""

    bucket: str
    prefix: str
    """Without slashes at its ends; may be empty."""
    access: S3Access = field(default_factory=S3Access)
    is_flat: bool = False
    """Whether only objects directly below the prefix are listed."""

    def list(self) -> Sequence[StoredFile]:
        """Return every object below the prefix."""
        import obstore  # noqa: PLC0415 - slow to import

        cut = len(self.prefix) + 1 if self.prefix else 0
        with self.telling("cannot be listed", self.describe()):
            pages = (
                [obstore.list_with_delimiter(self.opened(), self.prefix or None)["objects"]]
                if self.is_flat
                else obstore.list(self.opened(), self.prefix or None)
            )
            found = [
                StoredFile(entry["path"][cut:], entry["size"])
                for page in pages
                for entry in page
                if entry["path"][cut:]
            ]
        return sorted(found, key=lambda each: each.path)

    @contextmanager
    def open(self, file: StoredFile) -> Iterator[BinaryIO]:
        """Open one object, to be read from front to back."""
        import obstore  # noqa: PLC0415 - slow to import

        with self.telling("cannot be read", file.path):
            answer = obstore.get(self.opened(), self.key(file.path))
            size = answer.meta["size"]
            if size != file.size:
                raise fault(
                    "AUD2701",
                    f"{file.path} has {size} bytes now, and had {file.size} when it was listed",
                    "run it again once nobody writes there",
                )
            chunks = (bytes(each) for each in answer.stream(_CHUNK))
            yield io.BufferedReader(_Pieces(chunks, file), _CHUNK)

    def describe(self) -> str:
        """Say where that is."""
        return f"{SCHEME}{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")

    def key(self, path: str) -> str:
        """Return the key of a path below the prefix."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def opened(self) -> Bucket:
        """Return the bucket, for calls."""
        from obstore.store import S3Store as Bucket  # noqa: PLC0415 - slow to import

        return Bucket(
            config=self._config(),  # type: ignore[arg-type]  # only names that it knows
            credential_provider=self._credentials if self._has_keys else None,
            client_options={"allow_http": _is_here(self.access.endpoint), "timeout": "600s"},
            retry_config={"max_retries": 5},
        )

    @property
    def _has_keys(self) -> bool:
        return bool(self.access.access_key_id and self.access.secret_access_key)

    def _config(self) -> dict[str, object]:
        """Return the settings of the library, which takes what is not among them from ``AWS_*`` of the environment.

        Whoever has keys in the project file means those, and that place: no other place, region or credentials then.
        """
        endpoint, region = self.access.endpoint, self.access.region
        config: dict[str, object] = {"bucket": self.bucket}
        if self._has_keys:
            region = region or _DEFAULT_REGION
            endpoint = endpoint or f"https://s3.{region}.amazonaws.com"
            config |= {
                "skip_signature": False,
                "unsigned_payload": False,
                "request_payer": False,
                "s3_express": False,
            }
        if region:
            config["region"] = region
        if endpoint:
            config |= {
                "endpoint": endpoint,
                "aws_endpoint_url_s3": endpoint,  # else that of the environment wins
                "virtual_hosted_style_request": False,
            }
        return config

    def _credentials(self) -> S3Credential:
        access = self.access
        assert access.access_key_id is not None
        assert access.secret_access_key is not None
        return {
            "access_key_id": access.access_key_id.reveal(),
            "secret_access_key": access.secret_access_key.reveal(),
            "token": access.session_token.reveal() if access.session_token else None,
            "expires_at": None,
        }

    @contextmanager
    def telling(self, what: str, name: str) -> Iterator[None]:
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


def parse_s3(text: str, access: S3Access) -> S3Files:
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
    return S3Files(match["bucket"], (match["prefix"] or "").strip("/"), access)


def _is_here(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if host == "localhost":
        return parts.scheme in {"http", "https"}
    try:
        return parts.scheme in {"http", "https"} and ip_address(host).is_loopback
    except ValueError:
        return False
