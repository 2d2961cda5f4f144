"""Findings, places and times as plain data: what documents of every kind hold."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from audctl.model.finding import Finding
    from audctl.model.span import Span

Json = dict[str, Any]


def findings(found: Iterable[Finding]) -> list[Json]:
    """Give ``[{code, severity, message, hint, place, address}]`` in file order."""
    return [
        {
            "code": each.code,
            "severity": each.severity.value,
            "message": each.message,
            "hint": each.hint or None,
            "place": place_to_json(each.span),
            "address": None if each.address is None else str(each.address),
        }
        for each in sorted(found, key=lambda each: each.sort_key)
    ]


def place_to_json(span: Span | None) -> Json | None:
    """Give ``{file, line, column}``, or null."""
    return None if span is None else {"file": span.file, "line": span.line, "column": span.column}


def moment_to_json(at: datetime | None) -> str | None:
    """Give a time in UTC, or null."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
