"""One look at everything: what is wanted, what is live, what was last applied."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.model.change import Change
from audctl.model.finding import Finding, Severity
from audctl.model.policy import PlanPolicy
from audctl.operations.connect import Connection, connect
from audctl.operations.context import SystemClock
from audctl.operations.load import Loaded, load
from audctl.operations.read import read_live
from audctl.plan.build import build_plan

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState
    from audctl.model.plan import Plan
    from audctl.operations.context import Context
    from audctl.plan.options import PlanOptions
    from audctl.ports import Observer


_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Three sides of one project in one environment."""

    desired: tuple[DesiredObject, ...]
    live: LiveState
    ledger: Ledger


@dataclass(frozen=True, kw_only=True)
class Surveyor:
    """Looks as often as it is asked to, over one connection."""

    loaded: Loaded
    desired: tuple[DesiredObject, ...]
    connection: Connection
    observer: Observer

    def look(self) -> Survey:
        """Read the ledger, then both live systems, whole."""
        ledger = self.connection.store.load()
        live = read_live(self.connection, self.desired, ledger, self.observer)
        return Survey(desired=self.desired, live=live, ledger=ledger)

    def plan(self, survey: Survey, options: PlanOptions) -> Plan:
        """Plan from a survey, the project's guards included."""
        plan = build_plan(
            survey.desired,
            survey.live,
            survey.ledger,
            project=self.loaded.project.name,
            environment=self.connection.identity,
            options=options,
            policy=PlanPolicy(limits=self.loaded.project.guards),
            now=survey.live.read_at,
            manifest_digest=self.loaded.digest,
        )
        unjudged = self._unjudged(plan)
        if unjudged is None:
            return plan
        findings = sorted((*plan.findings, unjudged), key=lambda each: each.sort_key)
        return replace(plan, findings=tuple(findings))

    def _unjudged(self, plan: Plan) -> Finding | None:
        """Say what the project's limit on people could not be held to: silence would look like a yes."""
        limit = self.loaded.project.guards_tree.get("maxShrink")
        moving = [
            step
            for step in plan.steps
            if step.change is not Change.CREATE and step.impact and step.impact.after is None
        ]
        if limit is None or not moving:
            return None
        named = ", ".join(str(step.address.resource) for step in moving[:_NAMED])
        more = f" and {len(moving) - _NAMED} more" if len(moving) > _NAMED else ""
        return Finding(
            "AUD2104",
            Severity.WARNING,
            f"maxShrink {limit} cannot be judged for {named}{more}: nobody says how many people will be left",
            self.loaded.project.places.span("spec.guards.maxShrink"),
            "look at the changed rules themselves",
        )


@contextmanager
def survey_project(context: Context, stop: threading.Event | None = None) -> Iterator[Surveyor]:
    """Load, connect, and give a surveyor; raises FindingsError before any call when manifests cannot be used."""
    loaded = load(context)
    desired = loaded.desired()
    clock = SystemClock(stop) if stop is not None else SystemClock()
    with connect(
        loaded.project, loaded.environment, clock=clock, observer=context.observer
    ) as connection:
        yield Surveyor(
            loaded=loaded, desired=desired, connection=connection, observer=context.observer
        )
