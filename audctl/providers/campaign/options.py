"""Options (xtk:option) for the ledger: bulk reads by prefix, unique inserts, conditional updates and deletes.

What Campaign offers in place of conditional writes: an insert against the unique name is atomic, a delete and an
update may carry conditions. Neither tells how many rows it touched, so callers read again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from audctl.providers.campaign import persist
from audctl.providers.campaign.documents import append, text_of
from audctl.providers.campaign.query import Node, equals, select_all, xtk_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from lxml import etree

    from audctl.providers.campaign.client import CampaignClient

_SCHEMA = "xtk:option"
_NAME, _STRING, _MEMO = Node("@name"), Node("@stringValue"), Node("memoValue")
_TEXT_CODE, _MEMO_CODE = "6", "12"
_PAGE = 1000
_MEMO_PAGE = 100
"""Memo values are long: a page stays within some megabytes."""
_NAMES_IN_ONE_CALL = 200


class OptionStore:
    """The few calls on options that a ledger is made of; fits :class:`audctl.ledger.options_port.OptionsClient`."""

    def __init__(self, client: CampaignClient) -> None:
        self._client = client

    def read_options(self, prefix: str, *, memo: bool) -> Mapping[str, tuple[str, str]]:
        """Return ``{name: (stringValue, memoValue)}`` for every name that starts with ``prefix``, literally."""
        nodes = (_NAME, _STRING, _MEMO) if memo else (_NAME, _STRING)
        where = (f"@name LIKE {xtk_text(_pattern(prefix))}",)
        found: dict[str, tuple[str, str]] = {}
        size = _MEMO_PAGE if memo else _PAGE
        for rows in select_all(self._client, _SCHEMA, nodes, where, page_size=size):
            for row in rows:
                name = row.get("name", "")
                if name.startswith(prefix):
                    found[name] = (row.get("stringValue", ""), text_of(row, "memoValue"))
        return found

    def insert_option(self, name: str, string: str, memo: str = "") -> None:
        """Insert; raise ConflictError when the name is taken."""
        persist.write(self._client, _row("insert", name, string, memo))

    def write_option(self, name: str, string: str, memo: str = "") -> None:
        """Insert or update by name, both values."""
        persist.write(self._client, _row("insertOrUpdate", name, string, memo, key="@name"))

    def update_memo_if(self, name: str, string: str, memo: str) -> None:
        """Set the memo value where name **and** string match, in one call; silent when no row has both.

        The string itself cannot be changed this way: an update cannot change what its key compares.
        """
        persist.write(self._client, _row("update", name, string, memo, key="@name, @stringValue"))

    def delete_option_if(self, name: str, string: str) -> None:
        """Delete by name and string in one call; silent when no row has both."""
        value = equals("@stringValue", string) if string else "@stringValue IS NULL"
        persist.delete_where(self._client, _SCHEMA, (equals("@name", name), value))

    def delete_options(self, names: Iterable[str]) -> None:
        """Delete by name, many in one call; names that are gone already are no error."""
        waiting = iter(names)
        while batch := tuple(islice(waiting, _NAMES_IN_ONE_CALL)):
            listed = ", ".join(xtk_text(each) for each in batch)
            persist.delete_where(self._client, _SCHEMA, (f"@name IN ({listed})",))

    def server_time(self) -> datetime:
        """Return the server's clock."""
        return persist.server_time(self._client)


def _row(operation: str, name: str, string: str, memo: str, *, key: str = "") -> etree._Element:
    attributes = {
        "name": name,
        "stringValue": string,
        "dataType": _MEMO_CODE if memo else _TEXT_CODE,
    }
    row = persist.row_document(_SCHEMA, operation, attributes, key=key)
    append(row, "memoValue", text=memo)
    return row


def _pattern(prefix: str) -> str:
    """Return a LIKE pattern that matches at least what starts with the prefix.

    How wildcards are escaped differs between databases: each becomes "any one character", and the caller
    compares names itself.
    """
    for wildcard in "%\\":
        prefix = prefix.replace(wildcard, "_")
    return f"{prefix}%"
