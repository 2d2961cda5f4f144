"""One look at everything: what is wanted, what is live, what was last applied."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from audctl.ledger.owners import Owners
from audctl.manifest.policy import plan_policy
from audctl.operations.connect import Connection, connect
from audctl.operations.context import StoppableReading, SystemClock
from audctl.operations.load import Loaded, load
from audctl.operations.match_rates import measure_match_rates, wants_match_rates
from audctl.operations.people import ask_about_people
from audctl.operations.read import read_live
from audctl.operations.revision import read_revision
from audctl.operations.uncollected import uncollected
from audctl.operations.uses import with_all_uses
from audctl.plan.build import complete_plan, draft_plan
from audctl.plan.options import EMPTY_PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.desired import DesiredObject
    from audctl.model.ledger import Ledger
    from audctl.model.live import LiveState
    from audctl.model.match_rate import MatchRate
    from audctl.model.plan import Plan, Revision
    from audctl.operations.context import Context
    from audctl.plan.build import Draft
    from audctl.plan.options import PlanOptions
    from audctl.ports import Observer


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
    environ: Mapping[str, str]
    context: Context
    measures: bool = False
    """Whether match rates are wanted even where no floor is set."""

    @cached_property
    def revision(self) -> Revision | None:
        """Which commit the manifests are of."""
        return read_revision(self.loaded.project.root, self.environ)

    @uncollected()
    def look(self) -> Survey:
        """Read the ledger, then both live systems, whole."""
        ledger = self.connection.store.load()
        live = read_live(self.connection, self.desired, ledger, self.observer)
        return Survey(desired=self.desired, live=live, ledger=ledger)

    @uncollected()
    def plan(self, survey: Survey, options: PlanOptions) -> Plan:
        """Plan from a survey: people are asked about once it is known whom it moves, and then every guard judges."""
        draft = self._draft(survey, options)
        live = with_all_uses(draft, self.connection, self.observer)
        if live is not survey.live:
            draft = self._draft(replace(survey, live=live), options)
        asked = ask_about_people(draft, self.connection)
        rates: tuple[MatchRate, ...] = ()
        if self.measures or wants_match_rates(draft):
            before = self.connection.calls
            rates = measure_match_rates(draft, self.loaded, self.connection, self.context)
            asked = replace(asked, draft=_with_calls(asked.draft, self.connection, before))
        return complete_plan(
            asked.draft,
            effects=asked.effects,
            match_rates=rates,
            manifest_digest=self.loaded.digest,
            revision=self.revision,
        )

    def _draft(self, survey: Survey, options: PlanOptions) -> Draft:
        return draft_plan(
            survey.desired,
            survey.live,
            survey.ledger,
            project=self.loaded.project.name,
            environment=self.connection.identity,
            options=options,
            policy=plan_policy(self.loaded.project, self.loaded.environment),
            owners=Owners(self.connection.store.owners),
            now=survey.live.read_at,
        )


def _with_calls(draft: Draft, connection: Connection, before: Mapping[str, int]) -> Draft:
    """Return the draft with the calls that were made since ``before``."""
    calls = Counter(draft.live.calls)
    calls.update({system: made - before[system] for system, made in connection.calls.items()})
    return replace(draft, live=replace(draft.live, calls=dict(calls)))


@contextmanager
def survey_project(
    context: Context,
    options: PlanOptions | None = None,
    *,
    writes: bool = False,
    measures: bool = False,
    may_be_empty: bool = False,
) -> Iterator[Surveyor]:
    """Load, connect, and give a surveyor; raises FindingsError before any call when manifests cannot be used.

    Folders without a manifest are an error, more likely a wrong path or a bad checkout than a decision; unless
    ``options`` let go of everything, or ``may_be_empty``: a look that compares nothing with them. Whether options name
    this project is judged with the plan. With ``writes`` the ledger's store works on after a stop.
    """
    allowed = options.allowed if options is not None else ()
    lets_go = any(each.startswith(f"{EMPTY_PROJECT}:") for each in allowed)
    loaded = load(context, may_be_empty=lets_go or may_be_empty)
    desired = loaded.desired()
    with connect(
        loaded.project,
        loaded.environment,
        clock=SystemClock(context.stop),
        observer=context.observer,
        stop=context.stop,
        tracer=context.tracer,
        ledger_outlives_stop=writes,
    ) as connection:
        yield Surveyor(
            loaded=loaded,
            desired=desired,
            connection=connection,
            observer=StoppableReading(context.observer, context.stop),
            environ=context.environ,
            context=context,
            measures=measures,
        )
