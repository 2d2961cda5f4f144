"""Findings: problems as data, so that every renderer can show them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.span import Span


class Severity(StrEnum):
    """How bad a finding is; an ERROR stops before the next stage."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: what, where, and a way out."""

    code: str
    """Stable, e.g. ``AUD1302``; listed in :mod:`audctl.model.codes`."""
    severity: Severity
    message: str
    """Names the thing, the wrong value and what was expected. No secret, no line break."""
    span: Span | None = None
    hint: str = ""
    """The way out, e.g. ``did you mean "cart-add"?``; empty when there is none."""
    address: Address | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """File order, then code; findings without a place come last."""
        place = self.span
        if place is None:
            return ("\U0010ffff", 0, 0, self.code, self.message)
        return (place.file, place.line, place.column, self.code, self.message)
