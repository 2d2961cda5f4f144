"""From what a run's observer hears to events."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from audctl.journal.file import moment
from audctl.model.change import Change
from audctl.model.journal import EventType
from audctl.model.outcome import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.journal.file import JournalFile
    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.outcome import ApplyReport, Outcome
    from audctl.model.plan import Plan
    from audctl.model.traffic import Traffic
    from audctl.ports import Clock

_BY_RESULT = {
    Result.DONE: EventType.APPLY_COMPLETE,
    Result.FAILED: EventType.APPLY_ERRORED,
    Result.NOT_TRIED: EventType.APPLY_SKIPPED,
}


class JournalListener:
    """Writes down what it hears. Values of fields are none of a journal's business, and stay out."""

    def __init__(self, file: JournalFile, clock: Clock) -> None:
        self.file = file
        self._clock = clock
        self._begun_s: dict[Address, float] = {}
        self._opened_s = clock.monotonic()

    # --- what an observer hears ---------------------------------------------------------------------

    def reading(self, object_type: str, count: int) -> None:
        """Stay silent: reading leaves nothing behind."""

    def begun(self, step: Step) -> None:
        """Write down that a step's calls begin."""
        self._begun_s[step.address] = self._clock.monotonic()
        self.file.note(EventType.APPLY_START, **_about(step))

    def progressed(self, step: Step, what: str) -> None:
        """Write down how far a step has come."""
        self.file.note(
            EventType.APPLY_PROGRESS, **_about(step), message=what, **self._elapsed(step)
        )

    def ended(self, outcome: Outcome) -> None:
        """Write down how a step ended."""
        more: dict[str, object] = {}
        if outcome.result is Result.FAILED:
            more["may_have_happened"] = outcome.may_have_happened
        if outcome.blocked_by is not None:
            more["blocked_by"] = str(outcome.blocked_by)
        self.file.note(
            _BY_RESULT[outcome.result],
            **{**_about(outcome.step), "live_id": outcome.live_id or outcome.step.live_id or None},
            message=outcome.message or None,
            **more,
            **self._elapsed(outcome.step),
        )

    def saved(self, serial: int) -> None:
        """Write down that the ledger was saved."""
        self.file.note(EventType.LEDGER_SAVED, serial=serial)

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Write down that a call will be repeated."""
        self.file.note(
            EventType.RETRY, operation=operation, wait_seconds=round(wait_s, 3), message=why
        )

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Stay silent: the summary tells it."""

    # --- what only the operation knows --------------------------------------------------------------

    def planned(self, plan: Plan) -> None:
        """Write down what is to be done."""
        counts = Counter(each.change for each in plan.steps)
        self.file.note(
            EventType.PLAN,
            digest=plan.digest,
            changes={each.value: counts[each] for each in Change if counts[each]},
            allowed=sorted(plan.options.allowed),
        )

    def told(self, report: ApplyReport) -> None:
        """Write down what the report says beyond its steps, and end."""
        if report.verified is not None:
            left = [str(each.address) for each in report.left if each.change is not Change.KEEP]
            self.file.note(EventType.VERIFIED, verified=report.verified, left=left)
        for each in report.pending:
            self.file.note(
                EventType.PENDING_PROPAGATION,
                address=str(each.address),
                **{"from": moment(each.earliest), "by": moment(each.latest)},
                message=each.why,
            )
        self._end(
            _result(report),
            done=len(report.of(Result.DONE)),
            failed=len(report.of(Result.FAILED)),
            not_tried=len(report.of(Result.NOT_TRIED)),
            may_have_happened=sum(each.may_have_happened for each in report.outcomes),
            interrupted=report.interrupted,
            halted=report.halted,
            verified=report.verified,
            remarks=list(report.remarks),
            traffic={name: _traffic(each) for name, each in sorted(report.traffic.items())},
        )

    def ended_without(self, result: str, message: str = "") -> None:
        """End a run that wrote nothing, or of which nothing more is known."""
        self._end(result, message=message or None)

    def _end(self, result: str, **content: object) -> None:
        elapsed = round(self._clock.monotonic() - self._opened_s, 3)
        self.file.note(EventType.SUMMARY, result=result, **content, elapsed_seconds=elapsed)
        self.file.close()

    def _elapsed(self, step: Step) -> dict[str, object]:
        begun_s = self._begun_s.get(step.address)
        if begun_s is None:
            return {}
        return {"elapsed_seconds": round(self._clock.monotonic() - begun_s, 3)}


def _about(step: Step) -> dict[str, object]:
    return {
        "address": str(step.address),
        "object_type": step.type,
        "change": step.change.value,
        "live_id": step.live_id or None,
    }


def _traffic(traffic: Traffic) -> dict[str, object]:
    return {
        "calls": traffic.made,
        "repeated": traffic.repeated,
        "throttled": traffic.throttled,
        "waited_seconds": round(traffic.waited_s, 3),
    }


def _result(report: ApplyReport) -> str:
    """Return the run's end in a word or two; what is worst stands."""
    if report.interrupted:
        return "interrupted"
    if report.halted:
        return "halted"
    if report.of(Result.FAILED):
        return "applied in part" if report.of(Result.DONE) else "failed"
    if report.verified is False:
        return "not verified"
    return "applied" if report.of(Result.DONE) else "nothing to do"
