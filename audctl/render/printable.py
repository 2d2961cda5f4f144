"""Untrusted text made fit for a terminal: names in live systems are written by anyone."""

from __future__ import annotations

import re

# C0 and C1 controls and DEL move the cursor, retitle the window or rewrite lines already shown; the bidirectional
# and zero-width format characters make a name look like another; separators break a line; lone surrogates break
# the encoder.
_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """Return ``text`` with each dangerous character as a visible escape, all others unchanged."""
    return _DANGEROUS.sub(_escape, text) if _DANGEROUS.search(text) else text


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004


def quoted(text: str) -> str:
    """Return ``text`` in double quotes, printable, with quotes and backslashes inside told apart."""
    return f'"{printable(text.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34)))}"'
