"""The ledger as bytes: one header line, then compressed canonical JSON.

The header names format, serial, length and checksum, so that a torn or foreign file is told from a ledger
without reading it, and a newer format from a broken one. Equal ledgers give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from audctl.errors import LedgerError
from audctl.ledger.migrate import FORMAT, migrate, require_known
from audctl.model.address import Address
from audctl.model.ledger import Intent, Ledger, LedgerEntry, Override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.value import Plain

_HEADER = re.compile(
    rb"audctl-ledger format=([0-9]{1,6}) serial=([0-9]{1,18}) bytes=([0-9]{1,12})"
    rb" sha256=([0-9a-f]{64})\n"
)
LONGEST_HEADER = 200
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_LARGEST_DOCUMENT_BYTES = 1 << 30
"""A ledger of 100,000 entries takes about 50 MB; what unpacks to more than this is not one."""


class Header(NamedTuple):
    """What the first line says."""

    format: int
    serial: int
    length: int
    """Of the body, in bytes."""
    checksum: str
    start: int
    """Where the body begins."""


def encode(ledger: Ledger) -> bytes:
    """Return the ledger as bytes; raise TypeError for a value that must not stand in a ledger."""
    packer = zlib.compressobj()
    packed = [packer.compress(each.encode("utf-8", "surrogatepass")) for each in _pieces(ledger)]
    body = b"".join((*packed, packer.flush()))
    checksum = hashlib.sha256(body).hexdigest()
    head = f"audctl-ledger format={FORMAT} serial={ledger.serial} bytes={len(body)}"
    return f"{head} sha256={checksum}\n".encode() + body


def _pieces(ledger: Ledger) -> Iterator[str]:
    """Give the canonical text bit by bit: that of a large ledger is many times what is left of it once packed."""
    write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    yield '{"entries":['
    for number, address in enumerate(sorted(ledger.entries)):
        yield ("," if number else "") + write(_entry_out(ledger.entries[address]))
    yield '],"intents":['
    for number, address in enumerate(sorted(ledger.intents)):
        yield ("," if number else "") + write(_intent_out(ledger.intents[address]))
    yield f"],{write(_rest(ledger))[1:]}"


def document_of(ledger: Ledger) -> dict[str, Any]:
    """Return the ledger as plain data; raise TypeError for a value that must not stand in a ledger."""
    return {
        **_rest(ledger),
        "entries": [_entry_out(ledger.entries[address]) for address in sorted(ledger.entries)],
        "intents": [_intent_out(ledger.intents[address]) for address in sorted(ledger.intents)],
    }


def _rest(ledger: Ledger) -> dict[str, Any]:
    return {
        # Again, where the checksum covers it: format 2 would read this one without a word.
        "format": FORMAT,
        "overrides": [_override_out(each) for each in ledger.overrides],
        "project": ledger.project,
        "salt": ledger.salt,
        "serial": ledger.serial,
    }


def read_header(data: bytes) -> Header:
    """Read the first line of a ledger's bytes; raise LedgerError when there is none."""
    match = _HEADER.match(data[:LONGEST_HEADER])
    if match is None:
        raise LedgerError("this is not a ledger, or its beginning is damaged")
    version, serial, length, checksum = match.groups()
    return Header(int(version), int(serial), int(length), checksum.decode(), match.end())


def decode(data: bytes, *, project: str | None) -> Ledger:
    """Read a ledger of this or an older format; ``project`` None: whose ever it is.

    Raise LedgerError when it is torn, damaged, of a newer format or of another project.
    """
    header = read_header(data)
    require_known(header.format)
    body = memoryview(data)[header.start :]
    if len(body) != header.length:
        raise LedgerError(
            f"the ledger is torn: {len(body):,} bytes where {header.length:,} were written"
        )
    if hashlib.sha256(body).hexdigest() != header.checksum:
        raise LedgerError("the ledger is damaged: its checksum does not match its content")
    try:
        document = json.loads(_unpack(body))
        if document.get("format", header.format) != header.format:
            raise LedgerError("the ledger is damaged: two formats in one document")
        ledger = ledger_of(migrate(document, header.format))
    except (zlib.error, KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerError(f"the ledger cannot be read: {error!r}") from error
    if ledger.serial != header.serial:
        raise LedgerError("the ledger is damaged: two serials in one document")
    if project is not None and ledger.project != project:
        raise LedgerError(f'this is the ledger of project "{ledger.project}", not of "{project}"')
    return ledger


def _unpack(body: memoryview) -> str:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(body, _LARGEST_DOCUMENT_BYTES)
    if not unpacker.eof:
        raise LedgerError("the ledger is damaged: its compressed part does not end")
    return content.decode("utf-8", "surrogatepass")


def _entry_out(entry: LedgerEntry) -> dict[str, Any]:
    for name, value in entry.fields.items():
        if not _is_plain(value):
            kind = type(value).__name__
            raise TypeError(f"{entry.address} field {name}: a {kind} never stands in a ledger")
    for name, fingerprint in entry.secrets.items():
        if not _FINGERPRINT.fullmatch(str(fingerprint)):
            raise TypeError(
                f"{entry.address} field {name}: only a secret's fingerprint stands in a ledger"
            )
    return {
        "address": list(entry.address),
        "type": entry.type,
        "id": entry.live_id,
        "fields": dict(entry.fields),
        "secrets": dict(entry.secrets),
        "requires": [list(each) for each in entry.requires],
        "protect": entry.protect,
        "deletionPolicy": entry.deletion_policy,
        "created": entry.created,
        "label": entry.label,
        "appliedAt": entry.applied_at.isoformat() if entry.applied_at else None,
        **_seldom_out(entry),
    }


def _seldom_out(entry: LedgerEntry) -> dict[str, Any]:
    """Return what most entries have none of, and then leave out: a ledger may hold a hundred thousand of them."""
    found: dict[str, Any] = {}
    if entry.removed_at is not None:
        found["removedAt"] = entry.removed_at.isoformat()
    if entry.grace_days is not None:
        found["graceDays"] = entry.grace_days
    if entry.previous_names:
        found["previousNames"] = list(entry.previous_names)
    if entry.leaving:
        found["leaving"] = True
    return found


def _is_plain(value: object) -> TypeGuard[Plain]:
    if isinstance(value, tuple):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, str | int)


def _intent_out(intent: Intent) -> dict[str, Any]:
    return {
        "address": list(intent.address),
        "type": intent.type,
        "key": list(intent.key),
        "run": intent.run,
        "begunAt": intent.begun_at.isoformat(),
    }


def ledger_of(document: dict[str, Any]) -> Ledger:
    """Read plain data of the current format; raise KeyError, TypeError or ValueError for what is not such data."""
    # Thousands of entries refer to the same few objects: each address is made once.
    addresses: dict[tuple[str, ...], Address] = {}
    entries = [_entry_in(each, addresses) for each in document["entries"]]
    intents = [_intent_in(each) for each in document["intents"]]
    return Ledger(
        project=document["project"],
        serial=int(document["serial"]),
        salt=document["salt"],
        entries=MappingProxyType({each.address: each for each in entries}),
        intents=MappingProxyType({each.address: each for each in intents}),
        overrides=tuple(_override_in(each) for each in document.get("overrides", ())),
    )


def _address_in(parts: list[str], known: dict[tuple[str, ...], Address]) -> Address:
    key = tuple(parts)
    address = known.get(key)
    if address is None:
        address = known[key] = Address(*parts)
    return address


def _entry_in(entry: dict[str, Any], known: dict[tuple[str, ...], Address]) -> LedgerEntry:
    applied_at, removed_at = entry.get("appliedAt"), entry.get("removedAt")
    fields = {
        name: value if value.__class__ is str else _plain_in(value)
        for name, value in entry["fields"].items()
    }
    return LedgerEntry(
        address=_address_in(entry["address"], known),
        type=entry["type"],
        live_id=entry["id"],
        fields=MappingProxyType(fields),
        secrets=MappingProxyType(entry["secrets"]),
        requires=tuple(_address_in(each, known) for each in entry.get("requires", ())),
        protect=entry["protect"],
        deletion_policy=entry["deletionPolicy"],
        created=entry.get("created", True),
        label=entry.get("label", ""),
        applied_at=datetime.fromisoformat(applied_at) if applied_at else None,
        removed_at=datetime.fromisoformat(removed_at) if removed_at else None,
        grace_days=_days_in(entry.get("graceDays")),
        previous_names=tuple(entry.get("previousNames", ())),
        leaving=entry.get("leaving") is True,
    )


def _days_in(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise TypeError(f"days of grace are a {type(value).__name__}")
    return value


def _plain_in(value: object) -> Plain:
    read = tuple(value) if isinstance(value, list) else value
    if not _is_plain(read):
        raise TypeError(f"a field holds a {type(value).__name__}")
    return read


def _intent_in(intent: dict[str, Any]) -> Intent:
    return Intent(
        address=Address(*intent["address"]),
        type=intent["type"],
        key=tuple(intent["key"]),
        run=intent["run"],
        begun_at=datetime.fromisoformat(intent["begunAt"]),
    )


def _override_out(override: Override) -> dict[str, Any]:
    return {"run": override.run, "at": override.at.isoformat(), "allowed": list(override.allowed)}


def _override_in(override: dict[str, Any]) -> Override:
    return Override(
        run=str(override["run"]),
        at=datetime.fromisoformat(override["at"]),
        allowed=tuple(str(each) for each in override["allowed"]),
    )
