"""How fresh a binding's people are, and when those of its last change can have come.

An import is as fresh as the newest transfer that Campaign has read. Audience Manager says when it sent (the outbound
history), Campaign says when its technical workflow last looked; when a list was last filled neither says. So it was
filled from the newest transfer that ended before that look.

An export is as fresh as the last run of its workflow that the technical workflow has sent on. Audience Manager does not
say when a file counts: 48 hours later, as documented.

A workflow that stands still or has failed makes a binding overdue at once: nothing can arrive until somebody starts it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.model.status import Freshness, Judged
from audctl.plan.settling import HOURLY, IMPORT, IMPORT_FROM_ANALYTICS, ONBOARDED, spacing_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from audctl.model.settling import Settling
    from audctl.model.synchronisation import Transfer, WorkflowRun

MISSED_RUNS = 2
"""So many periods may pass until a run is missed for sure: an export's schedule, a technical workflow's hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What decides about one binding, whichever way its people go."""

    now: datetime
    settling: Settling | None
    """Since the last write on its way; None: nobody knows a write, as for what is only observed."""
    still: str = ""
    """Why nothing is expected, as its manifest wants it; empty when something is."""


def judge_import(
    arrival: Arrival,
    run: WorkflowRun,
    transfers: Sequence[Transfer],
    *,
    limit: timedelta,
) -> Judged:
    """Judge an import by the transfers for its feed, oldest first, and the technical workflow's last look."""
    looked = run.processed_at if not run.failed else None
    sent = [each for each in transfers if each.succeeded]
    read = [each for each in sent if looked is not None and each.ended_at <= looked]
    newest = read[-1] if read else None
    judged = Judged(
        freshness=Freshness.OK,
        synchronised_at=newest.ended_at if newest is not None else None,
        limit=limit,
    )
    if stopped := _standing_still(arrival, (run,)):
        return replace(judged, freshness=stopped[0], why=stopped[1])
    settling = arrival.settling
    if newest is None or (settling is not None and newest.started_at < settling.ready):
        failed = transfers and not transfers[-1].succeeded
        why = "the last transfer failed" if failed else "not synchronised since the last change"
        if newest is None and not failed:
            why = "never synchronised"
        return _awaited(judged, arrival, why)
    return _aged(judged, arrival.now, newest.ended_at, failed=not transfers[-1].succeeded)


def judge_export(
    arrival: Arrival, own: WorkflowRun, sender: WorkflowRun, *, schedule: str
) -> Judged:
    """Judge an export by its own workflow's last run, and the technical workflow's that sends what it collected."""
    spacing = spacing_of(schedule)
    limit = spacing * MISSED_RUNS if spacing is not None else None
    ran = own.processed_at if not own.failed else None
    judged = Judged(freshness=Freshness.OK, synchronised_at=ran, limit=limit)
    by_hand = runs_by_hand(schedule)
    # A workflow that runs by hand has ended when it has run: only a failure stops it.
    needed = (sender,) if by_hand and not own.failed else (own, sender)
    if stopped := _standing_still(arrival, needed):
        return replace(judged, freshness=stopped[0], why=stopped[1])
    if ran is None:
        why = "runs when somebody starts it" if by_hand else "never ran"
        return _awaited(judged, arrival, why)
    begun = arrival.settling.begun if arrival.settling is not None else None
    if begun is not None and ran < begun:
        return _awaited(judged, arrival, "has not run since the last change")
    counts = _first_run(ran, begun or ran, spacing) + HOURLY + ONBOARDED
    return _sent(judged, arrival, sender, counts if begun is not None else ran)


def _sent(judged: Judged, arrival: Arrival, sender: WorkflowRun, counts: datetime) -> Judged:
    """Judge an export that has run since its last change: has it been sent on, and does it count."""
    ran = judged.synchronised_at
    assert ran is not None
    if sender.processed_at is None or sender.processed_at < ran:
        late = arrival.now > ran + MISSED_RUNS * HOURLY
        return replace(
            judged,
            freshness=Freshness.OVERDUE if late else Freshness.PENDING,
            why=f"{sender.name} has not sent what it collected" if late else "waits to be sent",
            latest=max(counts, ran + HOURLY),
        )
    if arrival.now < counts:
        why = "sent; counts after 48 hours"
        return replace(judged, freshness=Freshness.PENDING, why=why, latest=counts)
    return _aged(judged, arrival.now, ran, failed=False)


def runs_by_hand(schedule: str) -> bool:
    """Whether a workflow has no schedule; one that nobody can read is a schedule all the same."""
    return schedule in {"", "manual"}


def default_limit(*, from_analytics: bool) -> timedelta:
    """Return how old an import may be that does not say it itself: what a first one may take."""
    return IMPORT_FROM_ANALYTICS if from_analytics else IMPORT


def of_feed(
    transfers: Iterable[Transfer], data_source: str, paired: frozenset[str]
) -> tuple[Transfer, ...]:
    """Return the transfers that a data source's lists are filled from.

    A destination sends for each data source that Campaign pairs it with (``paired``). Rows that name none of those are
    of a destination with a target of its own: all its lists live by them.

    Only changes are sent. When a destination got something for another data source, and nothing for this one, nothing
    had changed here: that counts as well, once this one has been sent at all, and as long as its last transfer did
    not fail.
    """
    listed = tuple(transfers)
    named = {each.data_source for each in listed}
    if named.isdisjoint(paired):
        return listed
    own = tuple(each for each in listed if each.data_source == data_source)
    if not own or not own[-1].succeeded:
        return own
    last = own[-1].ended_at
    return (*own, *(each for each in listed if each.ended_at > last and each.succeeded))


def _standing_still(arrival: Arrival, runs: Iterable[WorkflowRun]) -> tuple[Freshness, str] | None:
    """Return what stops everything: the manifest itself, which is fine, or a workflow that does not work."""
    if arrival.still:
        return Freshness.OK, arrival.still
    for each in runs:
        if each.failed:
            where = f" at {each.error_activity}" if each.error_activity else ""
            return Freshness.OVERDUE, f"{each.name} is in error{where}"
        if not each.works:
            return Freshness.OVERDUE, f"{each.name} does not run"
    return None


def _awaited(judged: Judged, arrival: Arrival, why: str) -> Judged:
    """Return a judgement of what has not come yet: pending as long as it may take, overdue after that."""
    settling = arrival.settling
    if settling is None:
        # Only a workflow that somebody starts by hand, or one that is only observed, has no time to go by.
        by_hand = judged.limit is None
        return replace(
            judged, freshness=Freshness.PENDING if by_hand else Freshness.OVERDUE, why=why
        )
    late = arrival.now >= settling.latest
    return replace(
        judged,
        freshness=Freshness.OVERDUE if late else Freshness.PENDING,
        why=why,
        earliest=settling.earliest,
        latest=settling.latest,
        stages=settling.stages,
    )


def _aged(judged: Judged, now: datetime, at: datetime, *, failed: bool) -> Judged:
    late = judged.limit is not None and now - at > judged.limit
    why = "the last transfer failed" if failed else "older than it may be" if late else ""
    return replace(judged, freshness=Freshness.OVERDUE if late else Freshness.OK, why=why)


def _first_run(last: datetime, begun: datetime, spacing: timedelta | None) -> datetime:
    """Return the first run after the last change, counted back from the latest one by the schedule."""
    if spacing is None:
        return last
    return last - (last - begun) // spacing * spacing
