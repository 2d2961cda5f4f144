"""Run an import: an audience's files and Campaign's tables in, members and a tally out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audctl.exchange import import_sql
from audctl.exchange.faults import fault, warning
from audctl.exchange.job import MembersForm, SegmentValue, Separator
from audctl.exchange.people import opt_out_findings, read_people
from audctl.exchange.ports import LineBatch, RowTarget
from audctl.exchange.sql_text import standing
from audctl.exchange.tallies import balanced, number
from audctl.exchange.transfers import find_chain
from audctl.model.exchange import ImportBucket, ImportOutcome, ReadTransfer, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.exchange.job import ImportJob
    from audctl.exchange.ports import Engine, Told
    from audctl.exchange.result import Result
    from audctl.exchange.transfers import Chain, Transfer
    from audctl.model.exchange import WrittenFile
    from audctl.model.finding import Finding
    from audctl.ports import Clock


def run_import(
    job: ImportJob, engine: Engine, told: Told, clock: Clock, result: Result | None
) -> ImportOutcome:
    """Return who is in the audience, as numbers; their recipients go to ``result``, unless that is None.

    Raises FindingsError before anything is written when files, tables or their reading fall short.
    """
    began = clock.monotonic()
    audience = read_audience(job, engine, told)
    chain, counted, findings = audience.chain, audience.counted, audience.findings
    by_row, in_audience = _by_row(engine)
    engine.drop("audience_row")
    told.advanced("matching people", 0, None)
    sources = read_people(job.space, job.people, engine, told)
    engine.create("id_pair", import_sql.id_pair(job.space))
    engine.create("standing", standing("id_pair", sources))
    engine.create("outsider", import_sql.OUTSIDER)
    engine.create("id_touched", import_sql.ID_TOUCHED)
    engine.define("member", import_sql.MEMBER)
    ((members,),) = engine.fetch(import_sql.MEMBER_COUNT)
    tally = _tally(job, engine, sum(counted.values()), by_row, in_audience)
    files: tuple[WrittenFile, ...] = ()
    if result is not None:
        told.advanced("writing members", number(members), None)
        files = engine.write(import_sql.members_in_order(sources), _target(job), result.staging)
    return ImportOutcome(
        binding=job.binding,
        destination_id=job.destination_id,
        data_source_id=chain.data_source_id,
        transfers=tuple(
            ReadTransfer(
                name=each.name,
                is_full=each.is_full,
                files=len(each.files),
                rows=counted[at],
            )
            for at, each in _numbered(chain)
        ),
        superseded=chain.superseded,
        skipped=chain.skipped,
        tally=tally,
        members=number(members),
        files=files,
        findings=(*findings, *opt_out_findings(sources)),
        seconds=clock.monotonic() - began,
        as_of=audience.as_of,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What has been read of a destination's files, whatever audience they are read for."""

    chain: Chain
    counted: Mapping[int, int]
    """Lines by batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What the files say, before anybody is matched; who is in it stands in the engine's ``audience_id``."""

    chain: Chain
    counted: Mapping[int, int]
    """Lines by batch."""
    findings: tuple[Finding, ...]

    @property
    def as_of(self) -> datetime:
        """When the last transfer that was read was made."""
        return datetime.fromtimestamp(self.chain.transfers[-1].at_s, UTC)


def read_feed(job: ImportJob, engine: Engine, told: Told) -> Feed:
    """Read the files of the job's destination into ``audience_row``."""
    chain = find_chain(
        job.files,
        job.template,
        destination_id=job.destination_id,
        data_source_id=job.space.data_source_id,
    )
    return Feed(chain=chain, counted=_read(job, chain, engine, told))


def read_audience(job: ImportJob, engine: Engine, told: Told, feed: Feed | None = None) -> Audience:
    """Read the files, unless ``feed`` says that ``audience_row`` stands, and put the audience together."""
    feed = feed or read_feed(job, engine, told)
    chain, counted = feed.chain, feed.counted
    engine.create("pattern", import_sql.PATTERN)
    findings = list(chain.findings)
    blanks = _blanks(job, chain, engine)
    value = _value(job, engine, findings)
    engine.create("pattern_effect", import_sql.pattern_effect(value, blanks))
    told.advanced("putting the audience together", 0, None)
    engine.create_numbered("audience_id", import_sql.AUDIENCE_ID, key="id")
    return Audience(chain=chain, counted=counted, findings=tuple(findings))


def _numbered(chain: Chain) -> list[tuple[int, Transfer]]:
    """Return the transfers with their numbers: 0 is only ever a full one, in which removals mean nothing."""
    first = 0 if chain.starts_full else 1
    return list(enumerate(chain.transfers, first))


def _read(job: ImportJob, chain: Chain, engine: Engine, told: Told) -> Mapping[int, int]:
    batches = [LineBatch(number=at, files=each.files) for at, each in _numbered(chain)]
    counted = engine.read_lines("audience_row", import_sql.AUDIENCE_ROW, batches, job.files, told)
    ((stored,),) = engine.fetch(import_sql.LINES)
    if stored != sum(counted.values()):
        raise fault(
            "AUD2707",
            f"{sum(counted.values()):,} lines were read, and {number(stored):,} arrived",
            "please report this",
        )
    return counted


def _blanks(job: ImportJob, chain: Chain, engine: Engine) -> int:
    """Return how many blanks separate columns.

    A line that only takes out has an empty list between two separators: with one blank each it looks like a line that
    only adds with two. A full transfer has no such lines, and a line with one blank tells for all.
    """
    if job.template.separator is not Separator.AUTO:
        return 1 if job.template.separator is Separator.ONE else 2
    ((least, most, has_second),) = engine.fetch(import_sql.SEPARATOR)
    if least is None or least == 1:
        return 1
    if chain.starts_full or has_second or number(most) > _TWO:
        return _TWO
    raise fault(
        "AUD2703",
        "every line has two blanks and one list: it may add with two blanks between columns, or take out with one",
        "say which with --separator one or --separator two",
    )


_TWO = 2


def _value(job: ImportJob, engine: Engine, findings: list[Finding]) -> str:
    """Return what stands for the audience in the files."""
    sid = "" if job.sid is None else str(job.sid)
    wanted = job.template.value
    if wanted is SegmentValue.SID and not sid:
        raise fault(
            "AUD2706",
            f"the number of the segment of {job.binding} is not known",
            "apply the project first, or give it with --segment-id",
        )
    ((by_alias, by_sid),) = engine.fetch(import_sql.mentions(job.alias, sid or job.alias))
    if wanted is SegmentValue.AUTO and sid not in ("", job.alias) and by_alias and by_sid:
        raise fault(
            "AUD2703",
            f'lines name both the alias "{job.alias}" and the segment {sid}: which of them is meant cannot be told',
            "say it with --segment-value alias or --segment-value sid",
        )
    is_sid = wanted is SegmentValue.SID or (
        wanted is SegmentValue.AUTO and bool(by_sid) and not by_alias
    )
    value, found = (sid or job.alias, by_sid) if is_sid else (job.alias, by_alias)
    if not found:
        either = f" or segment {sid}" if sid and wanted is SegmentValue.AUTO else ""
        findings.append(
            warning(
                "AUD2710",
                f'no line names the audience, as "{value}"{either}: the list would be empty',
                "check the mapping's alias, or that anybody is in the audience",
            )
        )
    return value


def _by_row(engine: Engine) -> tuple[dict[ImportBucket, int], int]:
    """Return how many rows end in buckets that need nobody's name, and how many ids are in the audience."""
    ((without_both,),) = engine.fetch(import_sql.WITHOUT_BOTH)
    ((malformed, elsewhere),) = engine.fetch(import_sql.BY_PATTERN)
    ((removed, repeated, in_audience),) = engine.fetch(import_sql.BY_ID)
    counts = {
        ImportBucket.MALFORMED: number(without_both) + number(malformed),
        ImportBucket.OTHER_AUDIENCE: number(elsewhere),
        ImportBucket.REMOVED: number(removed),
        ImportBucket.DUPLICATE: number(repeated),
    }
    return counts, number(in_audience)


def _tally(
    job: ImportJob,
    engine: Engine,
    rows: int,
    by_row: Mapping[ImportBucket, int],
    in_audience: int,
) -> Tally:
    ((unknown, wrong),) = engine.fetch(import_sql.NOBODY)
    ((touched, matched, out),) = engine.fetch(import_sql.TOUCHED)
    ((strange, wrong_strange),) = engine.fetch(import_sql.strangers(job.space))
    # An id that neither nobody nor an outsider is known by has members alone. Those are nearly all, and need no look.
    plain = in_audience - number(unknown) - number(wrong) - number(touched)
    counts = {
        **by_row,
        ImportBucket.MATCHED: plain + number(matched),
        ImportBucket.OPTED_OUT: number(out),
        ImportBucket.WRONG_ID_SPACE: number(wrong) + number(wrong_strange),
        ImportBucket.UNKNOWN_ID: number(unknown) + number(strange),
    }
    tally = Tally(rows=rows, buckets={each.value: counts[each] for each in ImportBucket})
    return balanced(tally)


def _target(job: ImportJob) -> RowTarget:
    if job.form is MembersForm.PARQUET:
        return RowTarget(name=lambda _: "members.parquet", content="members", form="parquet")
    name = "members.csv.gz" if job.is_gzip else "members.csv"
    return RowTarget(name=lambda _: name, content="members", form="csv", is_gzip=job.is_gzip)
