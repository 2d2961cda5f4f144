"""One bucket behind the S3 protocol: whole objects, written on a condition, with the server's time of each.

The library under it would take an endpoint, a session token and switches from the process's environment; here
everything comes from the project file, and each of those is set on purpose so that none of it leaks in.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from audctl.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    UnreachableError,
)
from audctl.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from obstore.store import S3Credential, S3Store

    from audctl.redact import Secret

_CONNECT = timedelta(seconds=10)
_ANSWER = timedelta(seconds=60)
_RETRIES = 3
_RETRYING = timedelta(seconds=60)
"""Far below what a lease lasts: the holder has to notice in time that nobody answers."""
_LONGEST_REASON = 300
_SAID = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")
"""The service's own words, in the library's long text about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSettings:
    """Where the bucket is, and who asks."""

    endpoint: str
    bucket: str
    region: str
    access_key_id: Secret
    secret_access_key: Secret
    session_token: Secret | None = None
    prefix: str = ""
    """What all keys begin with."""


class Stored(NamedTuple):
    """One object as it stands."""

    data: bytes
    tag: str
    """Changes with the content."""
    written_at: datetime
    """By the server's clock, in whole seconds, never later than it really was."""


class Bucket:
    """Objects by key below the prefix. Any method may raise a ProviderError; an absence is only what was answered."""

    def __init__(self, settings: BucketSettings) -> None:
        self._settings = settings
        self._opened: S3Store | None = None

    @property
    def text(self) -> str:
        """Which bucket it is, for messages."""
        return f"{self._settings.bucket}/{self._settings.prefix}"

    def get(self, key: str, *, first_bytes: int | None = None) -> Stored | None:
        """Return an object, or the beginning of it; None when the bucket says that there is none."""
        import obstore  # noqa: PLC0415 - slow to import

        with self._told("GET", key):
            try:
                if first_bytes is None:
                    found = obstore.get(self._store(), self._path(key))
                else:
                    part = {"range": (0, first_bytes)}
                    found = obstore.get(self._store(), self._path(key), options=part)  # type: ignore[arg-type]  # a range
                meta = found.meta
                return Stored(bytes(found.bytes()), meta["e_tag"] or "", meta["last_modified"])
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise
                return None

    def create(self, key: str, data: bytes) -> str:
        """Write an object that must not be there yet, and return its tag; ConflictError when it is."""
        return self._put(key, data, "create")

    def replace(self, key: str, data: bytes, tag: str) -> str:
        """Write an object in place of the one with this tag, and return its new one; ConflictError when it changed."""
        return self._put(key, data, tag)

    def write(self, key: str, data: bytes) -> None:
        """Write an object whatever is there."""
        self._put(key, data, "overwrite")

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone is no error."""
        import obstore  # noqa: PLC0415 - slow to import

        with self._told("DELETE", key, writes=True):
            try:
                obstore.delete(self._store(), self._path(key))
            except FileNotFoundError as error:
                if "NoSuchBucket" in str(error):
                    raise

    def keys(self) -> list[str]:
        """Return all keys below the prefix, over as many pages as it takes, sorted."""
        import obstore  # noqa: PLC0415 - slow to import

        prefix = self._settings.prefix
        with self._told("LIST", ""):
            pages = obstore.list(self._store(), prefix.rstrip("/") or None)
            paths = [entry["path"] for page in pages for entry in page]
        return sorted(path.removeprefix(prefix) for path in paths if path.startswith(prefix))

    def _put(self, key: str, data: bytes, condition: str) -> str:
        import obstore  # noqa: PLC0415 - slow to import

        with self._told("PUT", key, writes=True):
            mode = condition if condition in {"create", "overwrite"} else {"e_tag": condition}
            done = obstore.put(
                self._store(),
                self._path(key),
                data,
                mode=mode,  # type: ignore[arg-type]  # one of three
                use_multipart=False,
            )
        return done["e_tag"] or ""

    def _path(self, key: str) -> str:
        return f"{self._settings.prefix}{key}"

    def _store(self) -> S3Store:
        if self._opened is None:
            from obstore.store import S3Store  # noqa: PLC0415 - slow to import

            settings = self._settings
            self._opened = S3Store(
                settings.bucket,
                endpoint=settings.endpoint,
                aws_endpoint_url_s3=settings.endpoint,  # else that of the environment wins
                region=settings.region,
                virtual_hosted_style_request=False,
                skip_signature=False,
                conditional_put="etag",
                credential_provider=self._credentials,
                client_options={
                    "allow_http": settings.endpoint.startswith("http://"),
                    "connect_timeout": _CONNECT,
                    "timeout": _ANSWER,
                },
                retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRYING},
            )
        return self._opened

    def _credentials(self) -> S3Credential:
        settings = self._settings
        return {
            "access_key_id": settings.access_key_id.reveal(),
            "secret_access_key": settings.secret_access_key.reveal(),
            "token": settings.session_token.reveal() if settings.session_token else None,
            "expires_at": None,
        }

    @contextmanager
    def _told(self, verb: str, key: str, *, writes: bool = False) -> Iterator[None]:
        """Turn the library's errors into audctl's own, without anything secret in them."""
        from obstore import exceptions  # noqa: PLC0415 - slow to import

        try:
            yield
        except (exceptions.BaseError, OSError) as error:
            operation = f"S3 {verb} {self.text}{key}"
            kind, unsure = _kind(error, exceptions)
            raise kind(
                f"{operation}: {self._reason(error)}",
                operation=operation,
                may_have_happened=writes and unsure,
            ) from None  # the cause's own text has the whole exchange in it

    def _reason(self, error: Exception) -> str:
        whole = str(error).partition("Debug source")[0]
        said = _SAID.search(whole)
        text = f"{said[1]}: {said[2]}" if said is not None else " ".join(whole.split())
        settings = self._settings
        for secret in (settings.access_key_id, settings.secret_access_key, settings.session_token):
            if secret is not None and secret.reveal():
                text = text.replace(secret.reveal(), MASK)
        return text[:_LONGEST_REASON]


def _kind(error: Exception, exceptions: object) -> tuple[type[ProviderError], bool]:
    """Return which of audctl's errors it is, and whether a write may have happened all the same.

    A refused condition may be the second try of a write whose first answer was lost: whoever wrote reads back.
    """
    kinds = (
        (("AlreadyExistsError", "PreconditionError"), ConflictError, True),
        (("PermissionDeniedError",), PermissionDeniedError, False),
        (("UnauthenticatedError",), AuthenticationError, False),
    )
    for names, kind, unsure in kinds:
        if isinstance(error, tuple(getattr(exceptions, name) for name in names)):
            return kind, unsure
    if isinstance(error, FileNotFoundError):
        return NotFoundError, False
    return UnreachableError, True
