"""A stop that a person or a runner asks for, and what there is to say and to do when a run ends at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from audctl.model.outcome import ApplyReport
    from audctl.model.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Parting:
    """What can be said of a run that ends at once."""

    words: tuple[str, ...] = ()
    """What became of the lock, say; a report has them among its remarks."""
    plan: Plan | None = None
    report: ApplyReport | None = None
    """As far as it came; None: nothing was begun."""


class Stop(threading.Event):
    """Set by the first signal; the second one asks whoever is at work to part.

    Parting happens on a thread of its own, while the one at work may sit in a call that takes minutes. Only one of
    the two has the last word.
    """

    def __init__(self) -> None:
        super().__init__()
        self._part: Callable[[], Parting] | None = None
        self._last_word = threading.Lock()

    def at_once(self, part: Callable[[], Parting]) -> None:
        """Let ``part`` be called should the run be ended at once from here on; it must not take long."""
        self._part = part

    def part(self) -> Parting:
        """Do and say what is left to do when a run ends at once."""
        part = self._part
        return part() if part is not None else Parting()

    def take_last_word(self) -> bool:
        """Whether the caller is the first to ask: only that one may report."""
        return self._last_word.acquire(blocking=False)
