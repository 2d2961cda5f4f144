"""What is wrong with a rule: an error for text that does not parse, a problem for a rule that makes no sense."""

from __future__ import annotations

from typing import NamedTuple

from audctl.errors import AudctlError


class RuleError(AudctlError):
    """A rule's text that does not parse."""

    def __init__(self, message: str, *, position: int, expected: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.position = position
        """Offset into the text, from 0; the text's length when it ended too early."""
        self.expected = expected
        """What could have stood there, in words or as tokens; empty when nothing would have helped."""


class RuleProblem(NamedTuple):
    """A rule that parses and still must not be sent."""

    code: str
    """A finding code, listed in :mod:`audctl.model.codes`."""
    message: str
    hint: str = ""
