"""A ledger as a document for other hands: a backup, or the way from one store to another.

The same content as in a store, as plain JSON, with whose it is and a digest over all of it. It is nobody's proof: who
can write the file can work the digest out again. What it keeps away are cut, edited and mistaken files.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from audctl.errors import LedgerError
from audctl.ledger.codec import document_of, ledger_of
from audctl.ledger.migrate import migrate, require_known
from audctl.model.objects import OBJECT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.ledger import Ledger

API_VERSION = "audctl.dev/v1"
KIND = "Ledger"


def to_document(ledger: Ledger, environment: str) -> dict[str, Any]:
    """Return the ledger of an environment as a document; equal ledgers give equal ones."""
    content = document_of(ledger)
    lists = {name: content.pop(name) for name in ("entries", "intents", "overrides")}
    whole = {"apiVersion": API_VERSION, "kind": KIND, "environment": environment, **content}
    return {**whole, "digest": digest_of({**whole, **lists}), **lists}


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of everything but the digest itself."""
    content = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def require_readable(document: Mapping[str, Any]) -> None:
    """Raise LedgerError for a document that is no ledger, of a format of the future, or not as it was written."""
    if document.get("kind") != KIND or document.get("apiVersion") != API_VERSION:
        raise LedgerError(f"this is not an exported ledger: it is no {KIND} of {API_VERSION}")
    version = document.get("format")
    if type(version) is not int or version < 1:
        raise LedgerError("this is not an exported ledger: it has no format")
    require_known(version)
    if document.get("digest") != digest_of(document):
        raise LedgerError(
            "the exported ledger was cut or edited: its digest does not fit its content"
        )


def from_document(document: Mapping[str, Any], *, project: str, environment: str) -> Ledger:
    """Read a document that fits the schema; raise LedgerError when it is another's, or contradicts itself."""
    require_readable(document)
    for what, found, expected in (
        ("project", document.get("project"), project),
        ("environment", document.get("environment"), environment),
    ):
        if found != expected:
            raise LedgerError(f'this is the ledger of {what} "{found}", not of "{expected}"')
    try:
        ledger = ledger_of(migrate(dict(document), document["format"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerError(f"the exported ledger cannot be read: {error!r}") from error
    _require_sound(document, ledger)
    return ledger


def _require_sound(document: Mapping[str, Any], ledger: Ledger) -> None:
    """Refuse what no ledger says: an address twice, an object owned twice, an object of a type that there is not."""
    if len(ledger.entries) != len(document["entries"]) or len(ledger.intents) != len(
        document.get("intents", ())
    ):
        raise LedgerError("the exported ledger has one address twice")
    owned = {(each.type, each.live_id) for each in ledger.entries.values()}
    if len(owned) != len(ledger.entries):
        raise LedgerError("the exported ledger has one object under two addresses")
    types = {address: each.type for address, each in ledger.entries.items()}
    types |= {address: each.type for address, each in ledger.intents.items()}
    for address, object_type in types.items():
        if object_type not in OBJECT_TYPES or address.object != object_type:
            raise LedgerError(
                f"the exported ledger has {address} as an object of type {object_type}, which it cannot be"
            )
