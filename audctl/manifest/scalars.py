"""What an unquoted YAML word means.

YAML 1.2's core schema with its traps taken out: ``no`` and ``on`` are text, a number with a leading zero
is text, ``86e5014965866131`` (an identifier to people, infinity to a float parser) is text, and so are
dates. What is left over (``12``, ``1e3``, ``true``) becomes a value only where the schema does not ask for
text; ``null`` in all its spellings is never text.
"""

from __future__ import annotations

import math
import re
from typing import Final

LOOSE_FIRST: Final = frozenset("0123456789-+.tfnN~") | {""}
"""First characters of words that may be more than text."""

_WORDS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "false": False,
}  # fmt: skip
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER: Final = re.compile(
    r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)"
)

Scalar = str | int | float | bool | None


def resolve_plain(text: str) -> Scalar:
    """Return what the unquoted ``text`` stands for; whatever is not clearly something else is text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
