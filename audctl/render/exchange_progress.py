"""How far an exchange has come, in words that are shown while it goes on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY_S = 0.2
_MINUTE = 60


class ExchangeProgress:
    """Rows, rows per second and the time that is left, where anybody can tell."""

    def __init__(self, show: Callable[[str], None], now: Callable[[], float]) -> None:
        self._show = show
        self._now = now
        self._lock = threading.Lock()
        self._work = ""
        self._began = 0.0
        self._shown = 0.0

    def advanced(self, work: str, rows: int, share: float | None) -> None:
        """Show it, unless something was shown a moment ago."""
        with self._lock:
            now = self._now()
            if work != self._work:
                self._work, self._began = work, now
            elif now - self._shown < _EVERY_S:
                return
            self._shown = now
            text = progress_line(work, rows, share, now - self._began)
        self._show(text)


def progress_line(work: str, rows: int, share: float | None, seconds: float) -> str:
    """Return ``reading the audience: 1,200,000 rows, 800,000/s, 12 s left``."""
    parts = []
    if rows:
        parts.append(f"{rows:,} rows")
        if seconds > 0:
            parts.append(f"{rows / seconds:,.0f}/s")
    if share and seconds > 0:
        parts.append(f"{_span(seconds * (1 - share) / share)} left")
    return work + (f": {', '.join(parts)}" if parts else "")


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 2 * _MINUTE else f"{whole // _MINUTE} min"
