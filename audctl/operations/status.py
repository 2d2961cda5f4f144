"""Tell how every binding stands: definition, workflows, people, freshness. It writes nothing anywhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from audctl.errors import FindingsError, ProviderError
from audctl.model.finding import Finding, Severity
from audctl.model.report import ReadFailure
from audctl.model.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from typing import TypeVar

    from audctl.model.status import StatusReport
    from audctl.model.synchronisation import Transfer
    from audctl.operations.connect import Connection
    from audctl.operations.context import Context
    from audctl.operations.survey import Surveyor
    from audctl.plan.bindings.judge import Bindings

    Read = TypeVar("Read")

LOOKED_BACK = timedelta(days=30)
"""Transfers older than this are not asked for: whatever came before is stale by any measure."""


def status(context: Context, *, selection: Selection = EVERYTHING) -> StatusReport:
    """Look once at every selected binding.

    What cannot be read is unknown, not fine: one live system that fails does not hide what the other one shows.
    Raises FindingsError for a pattern that fits nothing, ProviderError when neither system can be read.
    """
    from audctl.operations.survey import survey_project  # noqa: PLC0415 - not for validate

    with survey_project(context) as surveyor:
        return look_at_bindings(surveyor, selection)


def look_at_bindings(surveyor: Surveyor, selection: Selection) -> StatusReport:
    """Read everything once, and judge: calls grow with pages and destinations, never with bindings."""
    from audctl.operations.read import glimpse_live  # noqa: PLC0415 - not for validate
    from audctl.plan.bindings.facts import Facts  # noqa: PLC0415
    from audctl.plan.bindings.judge import judge_bindings, select_bindings  # noqa: PLC0415
    from audctl.plan.selection import Scope  # noqa: PLC0415

    connection = surveyor.connection
    ledger = connection.store.load()
    if wrong := Scope(selection, surveyor.desired, ledger).findings():
        raise FindingsError(wrong)
    seen = glimpse_live(connection, surveyor.desired, ledger, surveyor.observer)
    bindings = select_bindings(
        seen.live, ledger, surveyor.desired, selection=selection, unreadable=seen.unreadable
    )
    if selection and not bindings.resources:
        raise FindingsError([_no_binding()])
    asking = _Asking(connection)
    told = asking.tried("campaign", "its clock", connection.campaign.server_time)
    now = told or seen.live.read_at or connection.clock.now()
    with ThreadPoolExecutor(connection.parallelism) as pool:
        workflows = pool.submit(
            asking.tried, "campaign", "workflows", connection.campaign.workflow_runs
        )
        people = pool.submit(asking.people, bindings)
        transfers = asking.transfers(bindings, now, pool)
        facts = Facts(
            now=now, workflows=workflows.result(), transfers=transfers, people=people.result()
        )
    report = judge_bindings(
        bindings, facts, selection=selection, failures=(*seen.failures, *asking.failures)
    )
    return replace(
        report,
        project=surveyor.loaded.project.name,
        environment=connection.identity.name,
        clock_read=told is not None,
    )


class _Asking:
    """Asks what bindings are judged by; what fails is noted, and left out."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._failed: dict[tuple[str, str], ReadFailure] = {}

    @property
    def failures(self) -> Iterable[ReadFailure]:
        """What could not be read, in an order that no thread decides."""
        return [self._failed[each] for each in sorted(self._failed)]

    def tried(self, system: str, what: str, read: Callable[[], Read]) -> Read | None:
        """Return what a read gives, None when it fails."""
        try:
            return read()
        except ProviderError as error:
            self._failed[system, what] = ReadFailure(system=system, message=f"{what}: {error}")
            return None

    def transfers(
        self, bindings: Bindings, now: datetime, pool: ThreadPoolExecutor
    ) -> Mapping[str, tuple[Transfer, ...]]:
        """Return what was sent, by destination: one call for each that an import names."""
        named = {bindings.ends(each).destination for each in bindings.resources} - {""}
        asked = {
            each: pool.submit(self._sent_to, each, now - LOOKED_BACK, now + timedelta(days=1))
            for each in sorted(named)
        }
        answers = {each: future.result() for each, future in asked.items()}
        return {each: answer for each, answer in answers.items() if answer is not None}

    def _sent_to(
        self, destination: str, since: datetime, until: datetime
    ) -> tuple[Transfer, ...] | None:
        return self.tried(
            "aam",
            f"what was sent to destination {destination}",
            lambda: self.connection.audience_manager.transfers_to(
                destination, since=since, until=until
            ),
        )

    def people(self, bindings: Bindings) -> Mapping[tuple[str, str], int]:
        """Return how many people stand at the bindings' ends, all of one type in one go."""
        ends = [bindings.ends(each) for each in bindings.resources]
        counted: dict[tuple[str, str], int] = {}
        for object_type, live_ids in (
            ("aam.segment", {each.segment for each in ends} - {""}),
            ("campaign.list", {each.list for each in ends} - {""}),
        ):
            if live_ids:
                found = self._count(object_type, live_ids)
                counted |= {(object_type, each): number for each, number in found.items()}
        return counted

    def _count(self, object_type: str, live_ids: set[str]) -> Mapping[str, int]:
        counter = self.connection.counters[object_type]
        found = self.tried(
            object_type.partition(".")[0],
            f"people of {object_type}",
            lambda: counter.count_people(object_type, live_ids),
        )
        return found or {}


def _no_binding() -> Finding:
    return Finding(
        "AUD2501",
        Severity.ERROR,
        "what is selected has no binding in it",
        hint="status is about bindings: --only 'ImportBinding/*', --only 'ExportBinding/*', or a label they carry",
    )
