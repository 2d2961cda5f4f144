"""Names for resources: from what people call a thing already, valid, unique, and the same with every run."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from audctl.model.address import Address

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 100
_VALID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?")
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_RULE_WORD = re.compile(r"(?:and|or|not|frequency|[0-9]+[td]?)", re.IGNORECASE)
"""What a segment rule reads as something else than a trait's name."""
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
"""File names that Windows keeps for itself."""
_IN_RULES = frozenset({"Trait", "ExportBinding"})
"""Kinds whose names stand in rules: there a name may mean only one of them."""


def slug(text: str) -> str:
    """Return text as letters, digits, ``-`` and ``_``: a valid name as it is, anything else in small letters.

    Empty when no character has a Latin counterpart.
    """
    if len(text) <= LONGEST and _VALID.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _OTHERS.sub("-", plain).lower()[:LONGEST].strip("-_")


class NameBook:
    """Hands out names. Two that differ only in case count as one: files are called after them."""

    def __init__(self, taken: Iterable[Address]) -> None:
        self._taken = {_entry(each) for each in taken}

    def give(self, kind: str, called: str, live_id: str) -> Address:
        """Return the address for a live object that people call ``called``; an id makes it unique.

        Asked in the order of ids, the oldest object keeps the plain name.
        """
        word = _WORD_END.sub("-", kind).lower()
        base = slug(called) or f"{word}-{slug(live_id)}"
        if (kind in _IN_RULES and _RULE_WORD.fullmatch(base)) or _DEVICE.fullmatch(base):
            base = f"{word}-{base}"[:LONGEST].rstrip("-_")
        ending = f"-{slug(live_id)}"
        candidates = (base, f"{base[: LONGEST - len(ending)].rstrip('-_')}{ending}")
        name = next((each for each in candidates if self._is_free(kind, each)), "")
        number = 1
        while not name:
            number += 1
            other = f"{candidates[1][: LONGEST - 8].rstrip('-_')}-{number}"
            name = other if self._is_free(kind, other) else ""
        address = Address(kind, name)
        self._taken.add(_entry(address))
        return address

    def _is_free(self, kind: str, name: str) -> bool:
        return _entry(Address(kind, name)) not in self._taken


def _entry(address: Address) -> tuple[str, str]:
    kind = "rule" if address.kind in _IN_RULES else address.kind
    return kind, address.name.casefold()
