"""Older ledger documents, brought to the current format one version at a time.

===========  ====================================================================================
format 1     entries keyed by their address as text; no intents, labels, times or requirements
format 2     entries and intents as lists, addresses in three parts: a folder's name may hold ``#``
format 3     tombstones, days of grace and former names of entries, and overrides; without them none is meant, so
             that format 2 reads as it is. A new format all the same: who did not know them would lose them
===========  ====================================================================================
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from audctl.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Document = dict[str, Any]
    """A decoded ledger document of any format: untyped until the codec has read it."""

FORMAT = 3
"""What this audctl writes."""


def require_known(found: int) -> None:
    """Raise LedgerError for a format of the future: what it means cannot be guessed."""
    if found > FORMAT:
        raise LedgerError(
            f"the ledger has format {found}, newer than the {FORMAT} this audctl knows;"
            " use the audctl that wrote it, or a later one"
        )


def migrate(document: Document, found: int) -> Document:
    """Return the document in the current format; raise LedgerError when there is no way there."""
    require_known(found)
    for version in range(found, FORMAT):
        step = MIGRATIONS.get(version)
        if step is None:
            raise LedgerError(f"the ledger has format {version}, which no audctl ever wrote")
        document = step(document)
    return document


def _from_1(document: Document) -> Document:
    entries = []
    for address, entry in document["entries"].items():
        resource, _, object_type = address.rpartition("#")
        kind, _, name = resource.partition("/")
        entries.append(
            {
                "address": [kind, name, object_type],
                "type": entry["type"],
                "id": entry["id"],
                "fields": entry["fields"],
                "secrets": entry.get("secrets", {}),
                "protect": entry.get("protect", False),
                "deletionPolicy": entry.get("deletionPolicy", ""),
            }
        )
    return {**document, "entries": entries, "intents": []}


def _from_2(document: Document) -> Document:
    return document


MIGRATIONS: Mapping[int, Callable[[Document], Document]] = MappingProxyType(
    {1: _from_1, 2: _from_2}
)
"""What turns a document of one format into the next one."""
