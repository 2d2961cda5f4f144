"""Ask how many people a draft moves: counts from the live systems, estimates from whoever makes them.

Only what moves is asked about, so a plan that moves nobody costs no call. Nothing here fails a plan: what cannot be
told is unknown, with a warning that says why.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.errors import ProviderError
from audctl.model.finding import Finding, Severity
from audctl.plan.effects import find_movements, with_impacts

if TYPE_CHECKING:
    from audctl.model.address import Address
    from audctl.model.effect import Effect
    from audctl.model.estimate import Estimate
    from audctl.operations.connect import Connection
    from audctl.plan.build import Draft
    from audctl.plan.effects import Movements


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A draft that knows whom it moves."""

    draft: Draft
    """With impacts, warnings, and what asking cost."""
    effects: tuple[Effect, ...]


class _Asking:
    def __init__(self, connection: Connection, movements: Movements) -> None:
        self.connection = connection
        self.movements = movements
        self.counts: dict[tuple[str, str], int] = {}
        self.estimates: dict[Address, Estimate] = {}
        self.findings: list[Finding] = []
        self.calls: defaultdict[str, int] = defaultdict(int)

    def count(self) -> None:
        for object_type, live_ids in self.movements.to_count.items():
            counter = self.connection.counters[object_type]
            try:
                found = counter.count_people(object_type, live_ids)
            except ProviderError as error:
                self.findings.append(
                    Finding(
                        "AUD2404",
                        Severity.WARNING,
                        f"{object_type}: how many people are in {len(live_ids)} object(s) could not be read: {error}",
                        hint="plan again; without the count, guards on people hold the steps back",
                    )
                )
            else:
                self.counts |= {(object_type, each): people for each, people in found.items()}

    def estimate(self) -> None:
        open_questions = self.movements.questions
        for estimator in self.connection.estimators:
            if not open_questions:
                return
            found = estimator.estimate(open_questions)
            self.estimates |= found.answers
            self.findings += found.findings
            for system, calls in found.calls.items():
                self.calls[system] += calls
            open_questions = tuple(
                each for each in open_questions if each.address not in found.answers
            )


def ask_about_people(draft: Draft, connection: Connection) -> Asked:
    """Return the draft with the people it moves, direct and further down."""
    movements = find_movements(
        draft.steps, live=draft.live, ledger=draft.ledger, desired=draft.desired
    )
    asking = _Asking(connection, movements)
    before = connection.calls
    asking.count()
    for system, calls in connection.calls.items():
        asking.calls[system] += calls - before[system]
    asking.estimate()
    effects = movements.weigh(asking.counts, asking.estimates)
    steps = with_impacts(draft.steps, movements, effects)
    live = draft.live
    if any(asking.calls.values()):
        for system, calls in live.calls.items():
            asking.calls[system] += calls
        live = replace(live, calls=dict(asking.calls))
    findings = (*draft.findings, *asking.findings)
    return Asked(draft=replace(draft, steps=steps, findings=findings, live=live), effects=effects)
