"""A ledger in a bucket: one object, replaced whole, on the condition that it is still the one that was read.

::

    audctl/acme/prod/ledger   the ledger's bytes; its header has the serial
    audctl/acme/prod/lock     the lock
    audctl/acme/prod/clock    written to ask what time it is

A put is whole or not at all and names the tag of what it replaces, so no pointer and no chunks are needed: of two
writers who follow the same ledger, the bucket refuses one. Earlier versions are kept by the bucket's own versioning,
where that is switched on.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from audctl.errors import ConflictError, LedgerError, LostLockError, ProviderError
from audctl.ledger.codec import LONGEST_HEADER, decode, encode, read_header
from audctl.ledger.lock_record import lost_message
from audctl.ledger.locking import Locking
from audctl.ledger.new_ledger import new_ledger, require_next
from audctl.ledger.owners import owned_by
from audctl.ledger.s3_lock import S3Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.ledger.s3_bucket import Bucket
    from audctl.model.ledger import Ledger
    from audctl.ports import Lease

_LEDGER = re.compile(r"([^/]+)/([^/]+)/ledger")


class S3Store(Locking):
    """A ``LedgerStore`` in a bucket that keeps to conditional puts."""

    def __init__(
        self,
        bucket: Bucket,
        *,
        project: str,
        environment: str,
        elsewhere: Callable[[], Mapping[tuple[str, str], str]] = dict,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``elsewhere`` gives what ledgers in other kinds of places own, as far as they can be seen from here."""
        self._bucket = bucket
        self._project = project
        self._elsewhere = elsewhere
        self._folder = f"{quote(project, safe='')}/{quote(environment, safe='')}"
        self._key = f"{self._folder}/ledger"
        super().__init__(
            S3Lock(
                bucket,
                key=f"{self._folder}/lock",
                clock_key=f"{self._folder}/clock",
                monotonic=monotonic,
            )
        )

    def load(self) -> Ledger:
        """Return the ledger; a new, empty one when the bucket has none."""
        found = self._bucket.get(self._key)
        if found is None:
            return new_ledger(self._project)
        return decode(found.data, project=self._project)

    def save(self, ledger: Ledger, lease: Lease) -> None:
        """Put the ledger in place of the one it follows, while the lease still holds the lock.

        A ProviderError leaves the stored ledger as it was, or, if it has ``may_have_happened``, saved.
        """
        data = encode(ledger)
        lease.ensure()
        held = self._lock.held()
        if held is None or held.token != lease.token:
            raise LostLockError(lost_message(held))
        found = self._bucket.get(self._key, first_bytes=LONGEST_HEADER)
        require_next(ledger, read_header(found.data).serial if found is not None else 0)
        lease.ensure()
        try:
            if found is None:
                self._bucket.create(self._key, data)
            else:
                self._bucket.replace(self._key, data, found.tag)
        except ProviderError as error:
            if not error.may_have_happened:
                raise
            self._read_back(data, error)

    def owners(self) -> Mapping[tuple[str, str], str]:
        """Return what the other ledgers below the same prefix own, and what is owned elsewhere."""
        found = dict(self._elsewhere())
        for key in self._bucket.keys():  # noqa: SIM118 - a bucket is no mapping
            match = _LEDGER.fullmatch(key)
            if match is None or key == self._key:
                continue
            project, environment = unquote(match[1]), unquote(match[2])
            stored = self._bucket.get(key)
            if stored is not None:
                who = f'project "{project}" (environment {environment})'
                found |= owned_by(stored.data, who, project=project)
        return found

    def try_out(self) -> str:
        """Make sure that the bucket can be written to and keeps to conditions; raise LedgerError when it does not."""
        key = f"{self._folder}/trial-{secrets.token_hex(8)}"
        try:
            tag = self._bucket.create(key, b"one")
            self._refused(lambda: self._bucket.create(key, b"two"))
            self._bucket.replace(key, b"two", tag)
            self._refused(lambda: self._bucket.replace(key, b"three", tag))
        finally:
            self._bucket.delete(key)
        return f"bucket {self._bucket.text}: written, conditions kept to, removed"

    def _refused(self, write: Callable[[], str]) -> None:
        try:
            write()
        except ConflictError:
            return
        raise LedgerError(
            f"bucket {self._bucket.text} does not keep to conditional puts (If-Match, If-None-Match):"
            " two runs at once would overwrite each other's ledger; use a bucket that does"
        )

    def _read_back(self, data: bytes, error: ProviderError) -> None:
        """Return when the put happened although its answer says otherwise, or was lost."""
        found = self._bucket.get(self._key)
        if found is not None and found.data == data:
            return
        if isinstance(error, ConflictError):
            raise LedgerError(
                "the ledger was changed while it was being saved; load it again"
            ) from error
        raise error
