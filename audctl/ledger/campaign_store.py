"""A ledger in Campaign's own options, where Campaign audits who changed them.

For project ``acme`` and environment ``prod`` (a dot inside either is doubled; two environments on one
instance have two ledgers, so that one never removes what the other made)::

    audctl.acme.prod.41-5f0c7a1e.0000  the ledger's bytes in base64, cut in pieces, as memo values
    audctl.acme.prod.ledger.41         the pointer: layout | version | number of chunks
    audctl.acme.prod.lock              the lock

The pointer with the highest serial counts. A save writes the new version beside the old one, reads it back,
and then inserts the pointer: its name is the serial, so of two writers who follow the same ledger one is
refused by the database itself. Only then the old version goes. A crash at any point leaves a whole ledger,
the old one or the new one, and perhaps chunks without a pointer, which the next save removes.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from audctl.errors import ConflictError, LedgerError, LostLockError, ProviderError
from audctl.ledger.campaign_lock import CampaignLock
from audctl.ledger.codec import decode, encode
from audctl.ledger.lock_record import lost_message
from audctl.ledger.locking import Locking
from audctl.ledger.new_ledger import new_ledger, require_next
from audctl.ledger.owners import owners_in_campaign
from audctl.ledger.pointer import POINTER, Pointer, prefix_of, read_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from audctl.ledger.options_port import OptionsClient
    from audctl.model.ledger import Ledger
    from audctl.ports import Lease

CHUNK_CHARACTERS = 200_000
"""Of one memo value: far below what a SOAP request may carry, few enough calls for a large ledger."""

_READS = 3
"""How often a reader starts again when a writer moved the pointer under it."""

_CHUNK = re.compile(r"[0-9]+-[0-9a-f]{8}\.[0-9]{4}")


class CampaignStore(Locking):
    """A ``LedgerStore`` in the options of one Campaign instance."""

    def __init__(
        self,
        options: OptionsClient,
        *,
        project: str,
        environment: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._project = project
        self._environment = environment
        self._prefix = prefix_of(project, environment)
        self._lock_name = f"{self._prefix}lock"
        super().__init__(CampaignLock(options, self._lock_name, monotonic=monotonic))

    def load(self) -> Ledger:
        """Return the ledger; a new, empty one when there is no pointer."""
        seen: Pointer | None = None
        for _ in range(_READS):
            pointer = self._newest(self._options.read_options(f"{self._prefix}ledger.", memo=False))
            if pointer is None:
                return new_ledger(self._project)
            if pointer == seen:
                break
            seen = pointer
            encoded = self._chunks(pointer)
            if encoded is not None:
                return self._decode(encoded)
        raise LedgerError(
            f"the ledger in {self._prefix}* is torn: parts of version"
            f" {seen.version if seen else '?'} are missing; restore the options, or adopt anew"
        )

    def save(self, ledger: Ledger, lease: Lease) -> None:
        """Write a new version, then its pointer, while the lease still holds the lock.

        A ProviderError leaves the stored ledger as it was, or, if it has ``may_have_happened``, saved.
        """
        text = base64.b64encode(encode(ledger)).decode("ascii")
        lease.ensure()
        present = self._options.read_options(self._prefix, memo=False)
        self._require_holder(present, lease)
        stored = self._newest(present)
        require_next(ledger, stored.serial if stored else 0)
        chunks = [text[at : at + CHUNK_CHARACTERS] for at in range(0, len(text), CHUNK_CHARACTERS)]
        pointer = Pointer(ledger.serial, f"{ledger.serial}-{secrets.token_hex(4)}", len(chunks))
        for index, chunk in enumerate(chunks):
            self._options.write_option(
                pointer.chunk_name(self._prefix, index), f"{index + 1}/{len(chunks)}", chunk
            )
        if self._chunks(pointer) != text:
            raise LedgerError(
                "Campaign did not keep the ledger as it was written; it stays as it was"
            )
        lease.ensure()
        self._point_to(pointer)
        self._remove(present)

    def try_out(self) -> str:
        """Make sure that options can be written, and that their names are unique; raise LedgerError otherwise."""
        name = f"{self._prefix}trial-{secrets.token_hex(8)}"
        try:
            self._options.insert_option(name, "one")
            with suppress(ConflictError):
                self._options.insert_option(name, "two")
                raise LedgerError(
                    "Campaign took two options of one name: two runs at once could both hold the lock"
                )
            if self._options.read_options(name, memo=False).get(name) != ("one", ""):
                raise LedgerError("Campaign did not keep an option as it was written")
        finally:
            self._options.delete_options([name])
        return f"options {self._prefix}*: written, unique, removed"

    def owners(self) -> Mapping[tuple[str, str], str]:
        """Return what the other ledgers in this instance own; one bulk read of all their options."""
        return owners_in_campaign(
            self._options, project=self._project, environment=self._environment
        )

    def _chunks(self, pointer: Pointer) -> str | None:
        """Return the text of a version; None when a part of it is missing."""
        found = self._options.read_options(f"{self._prefix}{pointer.version}.", memo=True)
        names = [pointer.chunk_name(self._prefix, index) for index in range(pointer.chunks)]
        return "".join(found[name][1] for name in names) if found.keys() >= set(names) else None

    def _decode(self, encoded: str) -> Ledger:
        try:
            data = base64.b64decode("".join(encoded.split()), validate=True)
        except binascii.Error as error:
            raise LedgerError(f"the ledger in {self._prefix}* is damaged: {error}") from error
        return decode(data, project=self._project)

    def _require_holder(self, present: Mapping[str, tuple[str, str]], lease: Lease) -> None:
        found = present.get(self._lock_name)
        if found is None or found[0].partition("|")[0] != lease.token:
            raise LostLockError(lost_message(self._lock.held()))

    def _newest(self, options: Mapping[str, tuple[str, str]]) -> Pointer | None:
        pointers = [
            (int(match[1]), string)
            for name, (string, _) in options.items()
            if (match := POINTER.fullmatch(name[len(self._prefix) :]))
        ]
        return read_pointer(*max(pointers)) if pointers else None

    def _point_to(self, pointer: Pointer) -> None:
        name = f"{self._prefix}ledger.{pointer.serial}"
        failure: ProviderError | None = None
        try:
            self._options.insert_option(name, pointer.text())
        except ProviderError as error:
            if not (error.may_have_happened or isinstance(error, ConflictError)):
                raise
            failure = error
        present = self._options.read_options(f"{self._prefix}ledger.", memo=False)
        if self._newest(present) == pointer:
            return
        if failure is not None and name not in present:
            raise failure
        raise LedgerError("the ledger was changed while it was being saved; load it again")

    def _remove(self, names: Iterable[str]) -> None:
        """Remove the versions that were there before, and what crashed saves left."""
        old = [
            name
            for name in names
            if _CHUNK.fullmatch(name[len(self._prefix) :])
            or POINTER.fullmatch(name[len(self._prefix) :])
        ]
        # The new ledger stands already: what cannot be removed now, the next save removes.
        with suppress(ProviderError):
            self._options.delete_options(sorted(old, reverse=True))
