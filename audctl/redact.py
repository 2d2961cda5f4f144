"""Secrets as a type: a value that prints as ``***`` everywhere except where it is revealed on purpose."""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn

MASK = "***"

WELL_KNOWN = "well known"
"""Source of a secret that is none: the sandbox's credentials stand in its documentation."""


class Secret:
    """A secret value. ``reveal()`` is the only way to its text; equality is constant-time.

    It refuses to be pickled, and JSON encoders do not know it: a secret that would end in a file fails loudly.
    """

    __slots__ = ("_value", "source")

    def __init__(self, value: str, source: str = "") -> None:
        self._value = value
        self.source = source
        """Where it came from, e.g. ``${env:S3_SECRET}``; safe to show."""

    def reveal(self) -> str:
        """Return the clear text: only for the call that needs it."""
        return self._value

    def fingerprint(self, salt: str) -> str:
        """Return a salted HMAC-SHA256 in hex, to tell later whether the secret changed."""
        return hmac.new(salt.encode(), self._value.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self.source))

    def __reduce__(self) -> NoReturn:
        message = "a secret is never serialised"
        raise TypeError(message)
