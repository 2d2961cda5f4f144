"""Control files: what a transfer consists of.

One per transfer, and it may arrive before the files it names. The documentation prints the keys without quotes, and
shows checksums that are none: both are read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

LARGEST = 16 * 1024 * 1024
"""Bytes: what names a transfer's files is small; anything larger is no control file."""

_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z]\w*)(\s*:)")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlEntry:
    """One data file, as announced."""

    name: str
    size: int | None
    lines: int | None
    md5: str | None


def read_control(raw: bytes) -> tuple[ControlEntry, ...] | None:
    """Return the announced files, none of them for an empty transfer; None when the text announces nothing sensible."""
    document = _document(raw.decode("utf-8-sig", "replace"))
    if not isinstance(document, dict):
        return None
    rows, totals = document.get("Files"), document.get("Totals")
    if not isinstance(rows, list):
        return None
    entries = []
    for row in rows:
        name = row.get("FileName") if isinstance(row, dict) else None
        if not isinstance(name, str):
            return None
        md5 = row.get("md5")
        entries.append(
            ControlEntry(
                name=name,
                size=_count(row.get("FileByteSize")),
                lines=_count(row.get("FileLineCount")),
                md5=md5.lower() if isinstance(md5, str) and _MD5.fullmatch(md5) else None,
            )
        )
    total = _count(totals.get("TotalNumberFiles")) if isinstance(totals, dict) else None
    # Fewer than announced in total: a control file that is itself still being written.
    return None if total is not None and total != len(entries) else tuple(entries)


def _document(text: str) -> object:
    for attempt in (text, _BARE_KEY.sub(r'\1"\2"\3', text)):
        try:
            document: object = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        return document
    return None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
