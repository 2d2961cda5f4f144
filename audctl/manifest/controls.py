"""Control characters in text: XML cannot carry them, and terminals obey them."""

from __future__ import annotations

import re
from typing import Final

_NEVER: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
"""C0, DEL, C1 and the two code points that XML leaves out; tabs and line ends have their own rule."""
_IN_SECRETS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_BREAKS: Final = re.compile("[\t\n]")

_WORDS: Final = {"\n": "a line end", "\t": "a tab"}
_HINTS: Final = {
    "\n": 'write it on one line; a text after "|" or ">" ends with a line end, one after "|-" or ">-" '
    "does not",
    "\t": "write blanks instead",
}


def find_control(text: str) -> int | None:
    """Return the offset of the first character that a text of one line may not hold."""
    found = _NEVER.search(text) or _BREAKS.search(text)
    return found.start() if found else None


def find_control_in_secret(text: str) -> int | None:
    """Return the offset of the first character that no secret holds; keys may have several lines."""
    found = _IN_SECRETS.search(text)
    return found.start() if found else None


def control_name(character: str) -> str:
    """Return words for a control character."""
    return _WORDS.get(character) or f"the control character U+{ord(character):04X}"


def control_hint(character: str) -> str:
    """Return how to write the text without the character."""
    return _HINTS.get(character, "remove it")


def without_controls(text: str) -> str:
    """Return text that is fit for a message: on one line, control characters replaced."""
    return _NEVER.sub("\ufffd", " ".join(text.split()))
