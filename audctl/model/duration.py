"""Lengths of time as manifests and options write them: ``30s``, ``90m``, ``36h``, ``2d``."""

from __future__ import annotations

import re
from datetime import timedelta

_TEXT = re.compile(r"([1-9][0-9]{0,4})([smhd])", re.ASCII)
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def parse_duration(text: str) -> timedelta:
    """Read a length of time; raise ValueError for text that is none."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(
            f"not a length of time: {text!r} (expected a number with s, m, h or d, such as 36h)"
        )
    return int(found[1]) * _UNITS[found[2]]


def show_duration(span: timedelta) -> str:
    """Return a length of time in its two largest units, rounded down: ``2d 4h``, ``36h`` as ``1d 12h``, ``5m``."""
    minutes = int(span.total_seconds()) // 60
    if minutes <= 0:
        return "0m"
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m")]
    first = next(number for number, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count)
