"""Colours as a type: on a terminal they are escape sequences, anywhere else nothing."""

from __future__ import annotations

from dataclasses import dataclass

_RESET = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Paint:
    """Paints text that is already printable. Off: every method gives its text back."""

    on: bool = False

    def bold(self, text: str) -> str:
        """Paint a headline."""
        return self._wrap("1", text)

    def faint(self, text: str) -> str:
        """Paint places, ids and times."""
        return self._wrap("2", text)

    def good(self, text: str) -> str:
        """Paint what is made or done."""
        return self._wrap("32", text)

    def caution(self, text: str) -> str:
        """Paint what changes or wants a look."""
        return self._wrap("33", text)

    def bad(self, text: str) -> str:
        """Paint what is removed or failed."""
        return self._wrap("31", text)

    def note(self, text: str) -> str:
        """Paint what is worth knowing."""
        return self._wrap("36", text)

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}{_RESET}" if self.on and text else text


PLAIN = Paint()
