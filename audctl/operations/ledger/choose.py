"""Which entries of a ledger a person means."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from audctl.errors import UsageError
from audctl.model.address import Address, parse_address
from audctl.model.suggestion import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from audctl.model.ledger import Ledger


def read_address(text: str) -> Address:
    """Read a resource's or an object's address; raise UsageError when it is none."""
    try:
        return parse_address(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def known_to(ledger: Ledger) -> frozenset[Address]:
    """Return every object's address that the ledger has something of, pending creates included."""
    return frozenset((*ledger.entries, *ledger.intents))


def of(wanted: Address, known: Collection[Address]) -> list[Address]:
    """Return the objects of a resource, or the one object; raise UsageError when there is none."""
    found = sorted(each for each in known if wanted in {each, each.resource})
    if not found:
        raise UsageError(unknown(str(wanted), known))
    return found


def matching(patterns: Iterable[str], known: Collection[Address]) -> list[Address]:
    """Return what globs over resource or object addresses mean; raise UsageError for one that means nothing."""
    found: set[Address] = set()
    for pattern in patterns:
        fits = {
            each
            for each in known
            if any(pattern == name or fnmatchcase(name, pattern) for name in _names(each))
        }
        if not fits:
            raise UsageError(unknown(pattern, known))
        found |= fits
    return sorted(found)


def _names(address: Address) -> tuple[str, str]:
    return str(address), str(address.resource)


def unknown(text: str, known: Collection[Address]) -> str:
    """Return the sentence about an address that the ledger has nothing of."""
    names = {str(each if "#" in text else each.resource) for each in known}
    near = did_you_mean(text, names)
    return f"the ledger knows nothing of {text}; {near or 'audctl ledger list shows what it has'}"
