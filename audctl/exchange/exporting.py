"""Run an export: the people of a source and Campaign's tables in, inbound files, a complement and a tally out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from audctl.exchange import export_sql
from audctl.exchange.faults import fault, warning
from audctl.exchange.file_names import VISITOR_IDS, Mode, ids_name, traits_name
from audctl.exchange.job import IdKind, MembersForm
from audctl.exchange.people import opt_out_findings, read_people
from audctl.exchange.ports import LineBatch, LineFile, RowTarget, StoredFile
from audctl.exchange.result import listed_files, stored_manifest
from audctl.exchange.tallies import balanced, number
from audctl.model.exchange import ExportBucket, ExportOutcome, Tally

if TYPE_CHECKING:
    from audctl.exchange.job import ExportJob
    from audctl.exchange.ports import Engine, Told
    from audctl.exchange.result import Result
    from audctl.exchange.sql_text import Sources
    from audctl.model.exchange import WrittenFile
    from audctl.model.finding import Finding
    from audctl.ports import Clock


def run_export(
    job: ExportJob, engine: Engine, told: Told, clock: Clock, result: Result | None
) -> ExportOutcome:
    """Return what becomes of the people of a source; files go to ``result``, unless that is None.

    Raises FindingsError before anything is written when tables fall short.
    """
    began = clock.monotonic()
    item, removal = _items(job)
    told.advanced("matching people", 0, None)
    sources = read_people(job.space, job.people, engine, told, members=job.members)
    if sources.asks_recipients:
        engine.create("stranger", export_sql.STRANGER)
        engine.create("outsider", export_sql.GONE_OR_STRANGER)
    else:
        engine.create("outsider", export_sql.GONE_HERE)
    engine.create("person", export_sql.PERSON)
    engine.create("person_id", export_sql.person_id(job.space))
    engine.create("person_left", export_sql.PERSON_LEFT)
    if not sources.asks_recipients:
        by_id = export_sql.STRANGER_LEFT if sources.has_recipients else export_sql.NO_STRANGER
        engine.create("stranger", by_id)
    engine.create("complement", export_sql.COMPLEMENT)
    # Made on the way into the files, unless somebody has to look at them before.
    looks_first = result is None or job.previous is not None
    (engine.create if looks_first else engine.define)("export_id", export_sql.EXPORT_ID)
    tally = _tally(engine)
    pairs = _pair(job, engine)
    new, gone = _compare(job, engine, told)
    findings = [*opt_out_findings(sources), *_findings(job, gone)]
    files: tuple[WrittenFile, ...] = ()
    if result is not None:
        told.advanced("writing files", tally.buckets[ExportBucket.EXPORTED], None)
        items = (item, removal)
        files = _write(job, engine, result, sources, items, has_pairs=bool(pairs))
    if looks_first:
        ((found,),) = engine.fetch(export_sql.ID_COUNT)
        ids = number(found)
    else:
        ids = sum(each.rows for each in files if each.content == "traits")
    buckets = tally.buckets
    return ExportOutcome(
        binding=job.binding,
        data_source_id=job.source_id,
        tally=tally,
        ids=ids,
        id_pairs=pairs,
        complement=sum(buckets[each] for each in _REASONS),
        new=new,
        gone=gone,
        taken_back=removal is not None,
        files=files,
        findings=tuple(findings),
        seconds=clock.monotonic() - began,
    )


_REASONS = (
    ExportBucket.UNKNOWN_PERSON,
    ExportBucket.OPTED_OUT,
    ExportBucket.NO_ID,
    ExportBucket.UNUSABLE_ID,
)


_SEPARATORS = frozenset(',"')
"""What ends an item of a line, or quotes it."""


def _items(job: ExportJob) -> tuple[str, str | None]:
    """Return what is written behind an id to give it the trait, and what to take it back, if that is asked for."""
    if job.trait_id is None and _SEPARATORS & set(job.trait_code):
        raise fault(
            "AUD2706",
            f'the trait\'s code "{job.trait_code}" has a comma or a quote in it, which inbound files cannot hold',
            "apply the project first, or give the trait's number with --trait-id",
        )
    item = f"ic={job.trait_code}" if job.trait_id is None else f"d_sid={job.trait_id}"
    if not job.takes_back:
        return item, None
    if job.previous is None or job.trait_id is None or job.mode is Mode.OVERWRITE:
        why = (
            "needs the previous export, to know whom: give it with --previous"
            if job.previous is None
            else "needs the trait's number: apply the project first, or give it with --trait-id"
            if job.trait_id is None
            else "is not done by files that overwrite: write sync ones"
        )
        raise fault("AUD2706", f"taking back {why}")
    return item, f"d_unsid={job.trait_id}"


def _tally(engine: Engine) -> Tally:
    ((rows, malformed),) = engine.fetch(export_sql.ROWS)
    ((people,),) = engine.fetch(export_sql.PEOPLE)
    reasons = {str(reason): number(count) for reason, count in engine.fetch(export_sql.BY_REASON)}
    counts = {
        ExportBucket.MALFORMED: number(malformed),
        ExportBucket.DUPLICATE: number(rows) - number(malformed) - number(people),
        # Everybody else: who is left over is drawn from the people, by whether there is an id for them.
        ExportBucket.EXPORTED: number(people) - sum(reasons.values()),
    } | {each: reasons.get(each, 0) for each in _REASONS}
    return balanced(
        Tally(rows=number(rows), buckets={each.value: counts[each] for each in ExportBucket})
    )


def _pair(job: ExportJob, engine: Engine) -> int:
    """Find the visitor ids of declared ones; gives how many pairs there are."""
    if job.space.kind is IdKind.VISITOR or not job.pairs_ids or job.people.tracking is None:
        return 0
    engine.create("visitor_pair", export_sql.visitor_pairs(replace(job.space, kind=IdKind.VISITOR)))
    ((pairs,),) = engine.fetch(export_sql.PAIR_COUNT)
    return number(pairs)


def _compare(job: ExportJob, engine: Engine, told: Told) -> tuple[int | None, int | None]:
    """Return how many ids the previous export did not have, and how many it had that are gone."""
    if job.previous is None:
        return None, None
    manifest = stored_manifest(job.previous)
    if manifest is None or manifest.get("kind") != "export":
        raise fault(
            "AUD2705",
            f"{job.previous.describe()} holds no export: no manifest says so",
            "name the place of the previous export with --previous",
        )
    if manifest.get("binding") != job.binding or manifest.get("dataSource") != job.source_id:
        raise fault(
            "AUD2705",
            f"{job.previous.describe()} is an export of {manifest.get('binding')} to data source "
            f"{manifest.get('dataSource')}, not of {job.binding} to {job.source_id}",
            "name the place of the binding's previous export with --previous",
        )
    files = tuple(
        LineFile(
            file=StoredFile(str(each["name"]), number(each.get("bytes"))),
            is_gzip=str(each["name"]).endswith(".gz"),
            lines=number(each.get("rows")),
        )
        for each in listed_files(manifest)
        if each.get("content") == "traits"
    )
    batches = [LineBatch(number=0, files=files)] if files else []
    engine.read_lines("previous_line", export_sql.PREVIOUS_ID, batches, job.previous, told)
    engine.create("previous_id", "SELECT DISTINCT id FROM previous_line")
    ((new, gone),) = engine.fetch(export_sql.MOVED)
    return number(new), number(gone)


def _findings(job: ExportJob, gone: int | None) -> list[Finding]:
    findings = []
    if gone and not job.takes_back:
        findings.append(
            warning(
                "AUD2714",
                f"of the previous export's ids, {gone:,} left the source and stay in the audience: exports only add",
                "--take-back writes removals for them",
            )
        )
    if job.mode is Mode.OVERWRITE:
        findings.append(
            warning(
                "AUD2715",
                "people in the files lose every other trait of the data source; others keep this one",
                "write sync files unless that is meant",
            )
        )
    return findings


def _write(  # noqa: PLR0913 - what there is to be written
    job: ExportJob,
    engine: Engine,
    result: Result,
    sources: Sources,
    items: tuple[str, str | None],
    *,
    has_pairs: bool,
) -> tuple[WrittenFile, ...]:
    stamp = int(job.at.timestamp())
    files: list[WrittenFile] = []
    if has_pairs:
        spaces = (VISITOR_IDS, job.source_id)
        files += engine.write(
            export_sql.PAIR_LINES,
            RowTarget(
                name=lambda part: ids_name(spaces, stamp, part, is_gzip=job.is_gzip),
                content="ids",
                form="lines",
                is_gzip=job.is_gzip,
                split_bytes=job.split_bytes,
                is_optional=True,
            ),
            result.staging,
        )
    target = job.target_id or job.source_id
    files += engine.write(
        export_sql.trait_lines(*items),
        RowTarget(
            name=lambda part: traits_name(
                job.source_id, target, stamp, job.mode, part, is_gzip=job.is_gzip
            ),
            content="traits",
            form="lines",
            is_gzip=job.is_gzip,
            split_bytes=job.split_bytes,
            is_optional=True,
        ),
        result.staging,
    )
    is_csv = job.form is MembersForm.CSV
    name = "complement" + (".csv.gz" if is_csv and job.is_gzip else f".{job.form}")
    files += engine.write(
        export_sql.complement_in_order(sources),
        RowTarget(
            name=lambda _: name,
            content="complement",
            form=job.form.value,
            is_gzip=is_csv and job.is_gzip,
        ),
        result.staging,
    )
    return tuple(files)
