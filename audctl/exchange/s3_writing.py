"""Objects of a bucket, written whole: one PUT each, of a file or of few bytes."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from audctl.exchange.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import httpx
    from obstore.store import S3Store as Bucket

    from audctl.errors import FindingsError
    from audctl.exchange.s3_store import S3Files

LARGEST_PUT: Final = 5 * 1024**3
"""Bytes that S3 takes in one piece, and copies in one call."""
_PART: Final = 64 * 1024 * 1024
"""Bytes of a part of anything larger: S3 takes 10,000 of them."""
_TRIES: Final = 5
_VALID: Final = timedelta(hours=6)
_SLOWEST_S: Final = 120.0
"""For the connection, and between two pieces of a body; a whole file takes as long as it takes."""
_BUSY: Final = 500
_TOO_MANY: Final = 429


@cache
def _client() -> httpx.Client:
    import httpx  # noqa: PLC0415 - slow to import

    return httpx.Client(timeout=_SLOWEST_S)


class ClaimLostError(Exception):
    """The object is not the one that was to be replaced."""


class S3Writer:
    """Writes below a prefix. Whatever fails is a FindingsError that names the object and the place."""

    def __init__(self, files: S3Files, sleep: Callable[[float], None] = time.sleep) -> None:
        self.files = files
        self._sleep = sleep

    @cached_property
    def _bucket(self) -> Bucket:
        return self.files.opened()

    def send(self, path: str, source: Path) -> None:
        """Write an object from a file, in one request, however large: a part-wise upload may be left open for ever."""
        import obstore  # noqa: PLC0415 - slow to import

        with self.files.telling("cannot be written", path):
            if source.stat().st_size > LARGEST_PUT:
                obstore.put(self._bucket, self.files.key(path), source, chunk_size=_PART)
                return
            url = obstore.sign(self._bucket, "PUT", self.files.key(path), _VALID)
        self._put(path, url, source)

    def _put(self, path: str, url: str, source: Path) -> None:
        import httpx  # noqa: PLC0415 - slow to import

        size = str(source.stat().st_size)
        for tries in range(1, _TRIES + 1):
            try:
                with source.open("rb") as stream:
                    answer = _client().put(url, content=stream, headers={"content-length": size})
            except httpx.HTTPError as error:
                # Nothing of the error's text: it may quote the address, which is signed.
                reason, is_final = type(error).__name__, False
            else:
                if answer.is_success:
                    return
                reason = f"status {answer.status_code}"
                is_final = answer.status_code < _BUSY and answer.status_code != _TOO_MANY
            if is_final or tries == _TRIES:
                raise self._failed(path, reason)
            self._sleep(2.0 ** (tries - 1))

    def write(self, path: str, data: bytes, tag: str | None = None) -> str:
        """Write an object of few bytes and return its tag.

        ``tag``: of what it replaces; empty: nothing; None: whatever is there. ClaimLostError when it is another.
        """
        import obstore  # noqa: PLC0415 - slow to import
        from obstore.exceptions import AlreadyExistsError, PreconditionError  # noqa: PLC0415

        with self.files.telling("cannot be written", path):
            try:
                done = obstore.put(
                    self._bucket,
                    self.files.key(path),
                    data,
                    mode="overwrite" if tag is None else {"e_tag": tag} if tag else "create",
                    use_multipart=False,
                )
            except (AlreadyExistsError, PreconditionError) as error:
                # The answer to a first try may have been lost, and this be the second.
                found = self.read(path)
                if found is None or found[0] != data:
                    raise ClaimLostError from error
                return found[1]
        return done["e_tag"] or ""

    def read(self, path: str) -> tuple[bytes, str] | None:
        """Return an object and its tag; None when there is none."""
        import obstore  # noqa: PLC0415 - slow to import

        with self.files.telling("cannot be read", path):
            try:
                found = obstore.get(self._bucket, self.files.key(path))
                return bytes(found.bytes()), found.meta["e_tag"] or ""
            except FileNotFoundError:
                return None

    def copy(self, path: str, to: str) -> None:
        """Copy an object inside the bucket."""
        import obstore  # noqa: PLC0415 - slow to import

        with self.files.telling("cannot be copied", to):
            obstore.copy(self._bucket, self.files.key(path), self.files.key(to))

    def delete(self, paths: Sequence[str]) -> None:
        """Delete objects; those that are gone are no error."""
        import obstore  # noqa: PLC0415 - slow to import

        if paths:
            with self.files.telling("cannot be deleted", paths[0]):
                obstore.delete(self._bucket, [self.files.key(each) for each in paths])

    def _failed(self, path: str, reason: str) -> FindingsError:
        return fault(
            "AUD2701",
            f"{path} cannot be written in {self.files.describe()}: {reason}",
            "check bucket, prefix, region and credentials, then run it again",
        )
