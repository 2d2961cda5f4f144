"""Lines of an inbound trait file: whose they are and what they say, malformed ones counted and left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audctl.sandbox.members.inbound_items import ItemReader, Items
from audctl.sandbox.members.inbound_receipt import (
    FORMAT,
    INVALID_AAM_ID,
    INVALID_DEVICE_ID,
    Receipt,
)
from audctl.sandbox.members.profiles import DEVICE

LONGEST_LINE = 102_400
"""Bytes; longer lines are dropped."""
VISITOR_ID = re.compile(r"\d{38}", re.ASCII)
_UPPER_UUID = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_LOWER_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[0-9A-Za-z-]+")
DEVICE_ID_FORMATS = {
    20914: _LOWER_UUID,
    20915: _UPPER_UUID,
    121963: _LOWER_UUID,
    488258: _LOWER_UUID,
    1171485: _LOWER_UUID,
    389146: _WORD,
    963906: _WORD,
    1171489: _WORD,
}
"""How device advertising ids of the global data sources look."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class UserIds:
    """What the ids of a file's users are."""

    source_id: int
    keyed_by: int
    """Data source whose ids they are; that of the visitor ids for a data source of cookies."""
    only_visitor_ids: bool
    """Whether ids of the data source's own, known from id synchronisation, are out of the question."""


class LineReader:
    """Reads the lines of one file."""

    def __init__(self, items: ItemReader, users: UserIds, receipt: Receipt) -> None:
        self._items = items
        self._users = users
        self._receipt = receipt
        self._numbers: dict[str, int] = {}
        self._device_format = DEVICE_ID_FORMATS.get(users.source_id)
        self.combinations: list[Items] = []
        """Each distinct combination of items, by its number."""

    def rows(self, lines: Iterator[bytes]) -> Iterator[tuple[str, int]]:
        """Give the user and the number of the items of each well-formed line."""
        for raw in lines:
            self._receipt.received += 1
            line = raw.decode(errors="replace")
            value, _, text = line.partition("\t")
            number = self._number(text)
            kind = FORMAT if number is None or len(raw) > LONGEST_LINE else self._problem(value)
            if number is None or kind is not None:
                self._receipt.error(kind or FORMAT, line[:_SHOWN])
            else:
                yield value, number

    def _number(self, text: str) -> int | None:
        """Give the number of a combination of items, a new one if need be; None when it is malformed."""
        number = self._numbers.get(text)
        if number is None:
            items = self._items.read(text) if text and "\t" not in text else None
            if items is None:
                return None
            number = self._numbers[text] = len(self.combinations)
            self.combinations.append(items)
        return number

    def _problem(self, value: str) -> str | None:
        if not value:
            return FORMAT
        if self._device_format is not None:
            return None if self._device_format.fullmatch(value) else INVALID_DEVICE_ID
        if self._users.keyed_by == DEVICE:
            wrong = self._users.only_visitor_ids and not VISITOR_ID.fullmatch(value)
            return INVALID_AAM_ID if wrong else None
        wrong = ":" in value or "%3a" in value.lower() or value != value.rstrip()
        return FORMAT if wrong else None
