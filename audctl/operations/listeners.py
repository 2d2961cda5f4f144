"""Several observers that hear the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.change import Step
    from audctl.model.outcome import Outcome
    from audctl.model.traffic import Traffic
    from audctl.ports import Observer


class Listeners:
    """Passes everything on, in the order in which they came."""

    def __init__(self, *listeners: Observer) -> None:
        self._listeners = listeners

    def add(self, *listeners: Observer) -> None:
        """Let these hear what happens from here on."""
        self._listeners = (*self._listeners, *listeners)

    def reading(self, object_type: str, count: int) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.reading(object_type, count)

    def begun(self, step: Step) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.begun(step)

    def progressed(self, step: Step, what: str) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.progressed(step, what)

    def ended(self, outcome: Outcome) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.ended(outcome)

    def saved(self, serial: int) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.saved(serial)

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.retrying(operation, wait_s, why)

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Pass it on."""
        for each in self._listeners:
            each.talked(traffic)
