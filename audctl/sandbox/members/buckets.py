"""Buckets that both systems exchange files through: a real S3 endpoint on this machine, or plain folders.

Which bucket is meant stands in Campaign's external accounts. Nothing ever leaves this machine: an endpoint is refused
unless it is on loopback, and folders lie under the sandbox's own data.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

SETTING = "buckets_url"
_SERVER = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com"
    r"(?:/(?P<path>[A-Za-z0-9!_.*'()/=-]*))?"
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SECRET = "sandbox"  # noqa: S105 - endpoints on loopback take any; the real one is stored beyond recovery
_CHUNK_BYTES = 5 * 1024 * 1024


class BucketError(Exception):
    """A bucket that cannot be reached, or that has not what was asked for; the text says what and why."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an account points: a bucket, and a path in it."""

    bucket: str
    path: str
    """Without slashes at its ends; may be empty."""

    def key(self, name: str) -> str:
        """Give the key of an object below the path."""
        return f"{self.path}/{name}" if self.path else name


@dataclass(frozen=True, slots=True)
class Stored:
    """One object in a bucket."""

    key: str
    bytes: int

    @property
    def name(self) -> str:
        """Give the last part of the key."""
        return self.key.rpartition("/")[2]


def parse_server(server: str) -> Location:
    """Read `<bucket>.s3.amazonaws.com/<path>`; raises BucketError."""
    match = _SERVER.fullmatch(server.strip())
    path = "" if match is None else (match["path"] or "").strip("/")
    if match is None or not all(part.strip(".") for part in path.split("/") if path):
        raise BucketError(f"'{server[:100]}' is not of the form <bucket>.s3.amazonaws.com/<path>")
    return Location(match["bucket"], path)


def check_url(url: str) -> str:
    """Check that an endpoint is one on this machine; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.hostname not in _LOOPBACK:
        raise ValueError(f"buckets must be an http address on this machine, not {url!r}")
    return url.rstrip("/")


class Bucket:
    """One bucket, opened with an account's access key."""

    def __init__(self, store: LocalStore | S3Store, location: Location) -> None:
        self._store = store
        self.location = location

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Store an object, whole or not at all; one of that key is replaced."""
        try:
            obstore.put(self._store, key, iter(chunks), chunk_size=_CHUNK_BYTES)
        except (BaseError, OSError) as error:
            raise self._explain("cannot write", key, error) from error

    def entries(self, prefix: str) -> list[Stored]:
        """List the objects below a path, in key order."""
        try:
            found = [
                Stored(entry["path"], entry["size"])
                for page in obstore.list(self._store, prefix or None)
                for entry in page
            ]
        except (BaseError, OSError) as error:
            raise self._explain("cannot list", prefix, error) from error
        return sorted(found, key=lambda entry: entry.key)

    def read(self, key: str) -> Iterator[bytes]:
        """Give an object's content, piece by piece."""
        try:
            for chunk in obstore.get(self._store, key).stream(_CHUNK_BYTES):
                yield bytes(chunk)
        except (BaseError, OSError) as error:
            raise self._explain("cannot read", key, error) from error

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._explain("cannot delete", key, error) from error

    def _explain(self, what: str, key: str, error: Exception) -> BucketError:
        reason = str(error).partition("\n")[0][:200]
        return BucketError(f"{what} {key or 'anything'} in bucket {self.location.bucket}: {reason}")


def open_bucket(
    conn: sqlite3.Connection, location: Location, access_key: str, region: str
) -> Bucket:
    """Open a bucket where the sandbox keeps them."""
    row = conn.execute(
        "SELECT value FROM sandbox_member_setting WHERE name = ?", (SETTING,)
    ).fetchone()
    if row is not None:
        store = S3Store(
            location.bucket,
            endpoint=row[0],
            access_key_id=access_key,
            secret_access_key=_SECRET,
            region=region or "us-east-1",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": "30s"},
            retry_config={"max_retries": 1},
        )
        return Bucket(store, location)
    folder = data_folder(conn) / "buckets" / location.bucket
    return Bucket(LocalStore(folder, mkdir=True), location)


def data_folder(conn: sqlite3.Connection) -> Path:
    """Find the folder of the sandbox's state."""
    (path,) = conn.execute("SELECT file FROM pragma_database_list WHERE name = 'main'").fetchone()
    return Path(path).parent


def store_url(conn: sqlite3.Connection, url: str | None) -> None:
    """Keep where buckets are: an S3 endpoint, or None for plain folders."""
    conn.execute("DELETE FROM sandbox_member_setting WHERE name = ?", (SETTING,))
    if url is not None:
        conn.execute("INSERT INTO sandbox_member_setting VALUES (?, ?)", (SETTING, check_url(url)))
