"""Run a binding for its numbers alone: a funnel from those who would cross to those who would arrive.

Exact where tables are read whole; from a random sample where Campaign can be asked about some ids, which costs a few
calls in place of whole tables. The sample is drawn from the ids in the audience by the order of their digests, so that
the same files give the same one, and an id's look has no say in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.exchange import import_sql
from audctl.exchange.exporting import run_export
from audctl.exchange.importing import read_audience
from audctl.exchange.people import opt_out_findings, read_people
from audctl.exchange.sql_text import looks_right, standing
from audctl.exchange.tallies import number
from audctl.model.address import parse_address
from audctl.model.exchange import ExportBucket, Preview, Stage
from audctl.model.match_rate import Basis, MatchRate, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audctl.exchange.job import ExportJob, IdSpace, ImportJob, People
    from audctl.exchange.kept import Kept
    from audctl.exchange.ports import Engine, Told
    from audctl.ports import Clock

_IN_AUDIENCE = "SELECT id FROM audience_id WHERE is_in"
_ANYBODY = "SELECT DISTINCT id FROM audience_row WHERE id <> '' AND tail <> ''"
"""Every id that the files name, whatever it is in."""
_KNOWN = "SELECT count(DISTINCT id) FROM asked_match"
_LOOKING_RIGHT = "SELECT count(*) FROM candidate WHERE is_right"
_KNOWN_ANYHOW = """
SELECT count(DISTINCT m.id) FROM asked_match AS m JOIN candidate AS c ON c.id = m.id WHERE NOT c.is_right
"""
"""An id that somebody is known by is one, whatever it looks like: so does an import."""
_PEOPLE = "SELECT count(DISTINCT recipient_id) FROM asked_match"
_REACHED = "SELECT count(DISTINCT recipient_id) FROM asked_match WHERE NOT is_out"
_REACHING = "SELECT count(DISTINCT id) FROM asked_match WHERE NOT is_out"


def preview_import(  # noqa: PLR0913 - by keyword
    job: ImportJob,
    engine: Engine,
    told: Told,
    clock: Clock,
    *,
    sample: int | None = None,
    ask: Callable[[Sequence[str]], People] | None = None,
    kept: Kept | None = None,
) -> Preview:
    """Return how many of an audience would become members.

    ``ask`` gives the people of some ids; without it, or without ``sample``, or where a sample would be everybody, all
    are matched. Where nothing of the audience has come yet, the rate is that of all ids of the destination.
    """
    began = clock.monotonic()
    feed = kept.feed(job, engine, told) if kept is not None else None
    audience = read_audience(job, engine, told, feed)
    basis, candidates = Basis.AUDIENCE, _judged(job.space, _IN_AUDIENCE)
    if not _count(engine, f"SELECT count(*) FROM ({_IN_AUDIENCE}) AS a"):
        basis, candidates = Basis.DESTINATION, _judged(job.space, _ANYBODY)
    engine.create("candidate", candidates)
    total = _count(engine, "SELECT count(*) FROM candidate")
    people, asked = job.people, total
    chosen = "SELECT id, is_right FROM candidate"
    if sample is not None and ask is not None and sample < total:
        chosen += f" ORDER BY md5(id), id LIMIT {sample}"
        asked = sample
    engine.create("asked", chosen)
    if asked < total and ask is not None:
        rows = engine.fetch("SELECT id FROM asked ORDER BY id")
        people = ask([str(row[0]) for row in rows])
    told.advanced("matching people", 0, None)
    sources = read_people(job.space, people, engine, told)
    engine.create("asked_pair", import_sql.ASKED_PAIR)
    engine.create("standing", standing("asked_pair", sources))
    engine.create("asked_match", import_sql.ASKED_MATCH)
    known = _count(engine, _KNOWN)
    right = _count(engine, _LOOKING_RIGHT) + _count(engine, _KNOWN_ANYHOW)
    rate = MatchRate(
        address=parse_address(job.binding), total=total, asked=asked, matched=known, basis=basis
    )
    stages = [
        Stage(name="audience", unit="ids", count=total),
        Stage(name="rightKind", unit="ids", count=right),
    ]
    if asked < total:
        stages += [
            Stage(name="known", unit="ids", share=wilson(known, asked)),
            Stage(name="afterOptOut", unit="ids", share=wilson(_count(engine, _REACHING), asked)),
        ]
    else:
        stages += [
            Stage(name="known", unit="ids", count=known),
            Stage(name="reconciled", unit="people", count=_count(engine, _PEOPLE)),
            Stage(name="afterOptOut", unit="people", count=_count(engine, _REACHED)),
        ]
    return Preview(
        binding=job.binding,
        stages=tuple(stages),
        rate=rate,
        as_of=audience.as_of,
        findings=(*audience.findings, *opt_out_findings(sources)),
        seconds=clock.monotonic() - began,
    )


def preview_export(job: ExportJob, engine: Engine, told: Told, clock: Clock) -> Preview:
    """Return how many of a source's people would be sent."""
    outcome = run_export(replace(job, pairs_ids=False), engine, told, clock, None)
    left = outcome.tally.buckets
    people = outcome.tally.rows - left[ExportBucket.MALFORMED] - left[ExportBucket.DUPLICATE]
    recipients = people - left[ExportBucket.UNKNOWN_PERSON]
    after = recipients - left[ExportBucket.OPTED_OUT]
    with_id = after - left[ExportBucket.NO_ID]
    exported = left[ExportBucket.EXPORTED]
    # Who has opted out is not asked for: that is no mismatch.
    total = people - left[ExportBucket.OPTED_OUT]
    counts = (
        ("people", people),
        ("recipients", recipients),
        ("afterOptOut", after),
        ("withId", with_id),
        ("usableId", exported),
    )
    return Preview(
        binding=job.binding,
        stages=tuple(Stage(name=name, unit="people", count=count) for name, count in counts),
        rate=MatchRate(
            address=parse_address(job.binding),
            total=total,
            asked=total,
            matched=exported,
            basis=Basis.SOURCE,
        ),
        as_of=None,
        findings=outcome.findings,
        seconds=outcome.seconds,
    )


def _judged(space: IdSpace, ids: str) -> str:
    """Return the ids that a query gives, and whether each can be one of the data source's."""
    return f"SELECT id, {looks_right('id', space)} AS is_right FROM ({ids}) AS named"


def _count(engine: Engine, select: str) -> int:
    ((found,),) = engine.fetch(select)
    return number(found)
