"""Wait until every selected binding is consistent: as its manifests say, and its people come since.

How long that has taken goes by the live system's clock, since it is that system's time in which people arrive; this
machine's only bounds the wait when the other one stands still or cannot be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from audctl.errors import InterruptedRun, ProviderError, UsageError
from audctl.model.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from audctl.model.status import StatusReport
    from audctl.operations.context import Context
    from audctl.operations.survey import Surveyor

    Told = Callable[["Look"], None]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look on the way, and how the wait stands after it."""

    report: StatusReport | None
    """None: nothing at all could be read this time."""
    failure: str = ""
    """Why."""
    number: int
    waited: timedelta
    over: bool
    """Whether it was the last one."""
    pause_s: float = 0.0
    """Until the next one."""


@dataclass(frozen=True, kw_only=True)
class Waited:
    """How a wait ended."""

    report: StatusReport
    looks: int
    lasted: timedelta
    timed_out: bool


def wait_until_consistent(
    context: Context,
    *,
    selection: Selection = EVERYTHING,
    timeout: timedelta,
    interval: timedelta,
    told: Told,
) -> Waited:
    """Look again and again until all is consistent, or ``timeout`` is over; tell each look.

    A look that fails is followed by the next: an outage of minutes must not end a wait of days. The last one that
    fails raises its ProviderError. InterruptedRun says what was still waited for. UsageError: a sandbox that lives for
    one command only has no time in which anything could arrive.
    """
    from audctl.operations.survey import survey_project  # noqa: PLC0415 - not for validate

    with survey_project(context) as surveyor:
        return _Waiting(surveyor, selection, timeout, told).run(interval.total_seconds())


class _Waiting:
    def __init__(
        self, surveyor: Surveyor, selection: Selection, timeout: timedelta, told: Told
    ) -> None:
        self.surveyor = surveyor
        self.selection = selection
        self.timeout = timeout
        self.told = told
        self.clock = surveyor.connection.clock
        self.begun_s = self.clock.monotonic()
        self.begun: datetime | None = None
        """By the live system's clock, at the first look that could read it."""
        self.before = timedelta()
        """Waited until then, by this machine's."""
        self.report: StatusReport | None = None

    def run(self, interval_s: float) -> Waited:
        number = 0
        while True:
            number += 1
            error: ProviderError | None = None
            report: StatusReport | None = None
            try:
                report = self._look()
            except ProviderError as raised:
                error = raised
            lasted = self._lasted(report)
            done = report is not None and not report.waiting and not report.failures
            late = lasted >= self.timeout
            self.report = report or self.report
            left_s = (self.timeout - lasted).total_seconds()
            look = Look(
                report=report,
                failure=str(error) if error is not None else "",
                number=number,
                waited=lasted,
                over=done or late,
                pause_s=0.0 if done or late else min(interval_s, left_s),
            )
            self.told(look)
            if look.over:
                if report is None:
                    assert error is not None
                    raise error
                return Waited(report=report, looks=number, lasted=lasted, timed_out=not done)
            self._check_time_passes()
            self._pause(look.pause_s)

    def _look(self) -> StatusReport:
        from audctl.operations.status import look_at_bindings  # noqa: PLC0415 - see above

        return look_at_bindings(self.surveyor, self.selection)

    def _lasted(self, report: StatusReport | None) -> timedelta:
        here = timedelta(seconds=self.clock.monotonic() - self.begun_s)
        if report is None or not report.clock_read:
            return here
        if self.begun is None:
            self.begun, self.before = report.live_as_of, here
        return max(here, self.before + (report.live_as_of - self.begun))

    def _check_time_passes(self) -> None:
        environment = self.surveyor.loaded.environment
        if environment.sandbox is not None:
            raise UsageError(
                f'environment "{environment.name}" starts its sandbox for the length of this command, and nobody can '
                "move its clock meanwhile: serve it by itself (audctl sandbox serve), or ask audctl status"
            )

    def _pause(self, seconds: float) -> None:
        try:
            self.clock.sleep(seconds)
        except InterruptedRun as error:
            waiting = len(self.report.waiting) if self.report is not None else 0
            total = len(self.report.bindings) if self.report is not None else 0
            raise InterruptedRun(
                f"stopped waiting: {waiting} of {total} bindings not consistent yet"
            ) from error
