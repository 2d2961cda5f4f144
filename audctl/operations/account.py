"""An account of a run that can be given at any moment and from any thread, whatever the one at work is waiting for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.outcome import ApplyReport, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.change import Step
    from audctl.model.plan import Plan
    from audctl.model.traffic import Traffic

IN_FLIGHT = "the run was ended at once, with a call of this step in flight"
ENDED = "the run was ended at once"


class Account:
    """Listens to a run, and tells what is done, what was under way and what never began."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._plan: Plan | None = None
        self._begun: set[Address] = set()
        self._ended: dict[Address, Outcome] = {}

    def open(self, plan: Plan) -> None:
        """Hear that the plan is carried out from now on."""
        self._plan = plan

    @property
    def plan(self) -> Plan | None:
        """The plan, once it is carried out."""
        return self._plan

    def report(self, traffic: Mapping[str, Traffic]) -> ApplyReport | None:
        """Return the run as it stands; None when nothing was begun."""
        if self._plan is None:
            return None
        steps = (each for each in self._plan.steps if each.change is not Change.KEEP)
        return ApplyReport(
            run=self._run,
            outcomes=tuple(self._ended.get(each.address) or self._open(each) for each in steps),
            interrupted=True,
            halted=ENDED,
            allowed=tuple(sorted(self._plan.options.allowed)),
            traffic=traffic,
        )

    def _open(self, step: Step) -> Outcome:
        if step.address in self._begun:
            return Outcome(
                step=step,
                result=Result.FAILED,
                live_id=step.live_id,
                message=IN_FLIGHT,
                may_have_happened=True,
            )
        message = (
            f"only a person can do it: {step.instructions}"
            if step.change is Change.MANUAL
            else ENDED
        )
        return Outcome(step=step, result=Result.NOT_TRIED, live_id=step.live_id, message=message)

    def reading(self, object_type: str, count: int) -> None:
        """Stay silent: reading leaves nothing behind."""

    def begun(self, step: Step) -> None:
        """Note that a step's calls begin."""
        self._begun.add(step.address)

    def progressed(self, step: Step, what: str) -> None:
        """Stay silent: a step on its way is begun, and no more can be promised."""

    def ended(self, outcome: Outcome) -> None:
        """Note how a step ended."""
        self._ended[outcome.step.address] = outcome

    def saved(self, serial: int) -> None:
        """Stay silent: what was done stands, recorded or not."""

    def retrying(self, operation: str, wait_s: float, why: str) -> None:
        """Stay silent: the step is under way."""

    def talked(self, traffic: Mapping[str, Traffic]) -> None:
        """Stay silent: the account is asked for with it."""
