"""What became of the steps of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.address import Address
    from audctl.model.change import Change, Step
    from audctl.model.settling import Settling
    from audctl.model.traffic import Traffic


class Result(StrEnum):
    """The three ends a step can come to; a step is in exactly one."""

    DONE = "done"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One step's end."""

    step: Step
    result: Result
    live_id: str = ""
    message: str = ""
    """For a failure the system's own words; for a step not tried, because of what."""
    may_have_happened: bool = False
    """A failed write whose effect could not be read back."""
    blocked_by: Address | None = None

    @property
    def change(self) -> Change:
        """The step's change."""
        return self.step.change


@dataclass(frozen=True, kw_only=True)
class ApplyReport:
    """All outcomes in plan order, and what the read afterwards showed."""

    run: str
    outcomes: tuple[Outcome, ...]
    interrupted: bool = False
    lock_lost: bool = False
    """Somebody else may hold the lock: writing stopped, and the ledger could not be saved any more."""
    halted: str = ""
    """Why the run as a whole stopped before its end; empty when it did not."""
    verified: bool | None = None
    """True: a second read found nothing left; None: not verified."""
    left: tuple[Step, ...] = ()
    """Steps the verifying plan still has."""
    pending: tuple[Settling, ...] = ()
    """What the platforms still move through bindings whose way this run wrote, by address: no failure, but time."""
    allowed: tuple[str, ...] = ()
    """What guards would have refused and somebody let through by name, as given to ``--allow``; sorted."""
    traffic: Mapping[str, Traffic] = field(default_factory=lambda: MappingProxyType({}))
    """What talking to each live system took, the verifying read included."""
    journal: str = ""
    """The file that tells this run event by event; empty when there is none."""
    fault: Exception | None = field(default=None, compare=False)
    """What went wrong inside audctl itself; the run stopped, and the report holds all the same."""
    remarks: tuple[str, ...] = ()
    """What went wrong beside the steps, after them: a second read that failed, a lock that could not be let go."""

    def wrote(self, step: Step) -> bool:
        """Whether this run wrote the object of a step that is left: live then is not what was written."""
        return any(
            each.result is Result.DONE and each.step.address == step.address
            for each in self.outcomes
        )

    def of(self, result: Result) -> tuple[Outcome, ...]:
        """Return the outcomes with that end, in plan order."""
        return tuple(each for each in self.outcomes if each.result is result)
