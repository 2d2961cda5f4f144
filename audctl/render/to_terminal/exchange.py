"""Exchanges: the result in one line, then where every row went, then files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.effect import SMALL_COUNT, shown_count
from audctl.render.match_rate import match_rate_text, percent
from audctl.render.printable import printable
from audctl.render.to_terminal.findings import findings
from audctl.render.to_terminal.words import counted, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.exchange import (
        ExportOutcome,
        ImportOutcome,
        Inspection,
        Preview,
        Stage,
        Tally,
        WrittenFile,
    )
    from audctl.render.paint import Paint

_WORDS: Mapping[str, str] = {
    "otherAudience": "other audience",
    "wrongIdSpace": "wrong id space",
    "unknownId": "unknown id",
    "optedOut": "opted out",
    "unknownPerson": "unknown person",
    "noId": "no id",
    "unusableId": "unusable id",
}


_GOOD = frozenset({"matched", "exported"})


def exchange_import(outcome: ImportOutcome, paint: Paint) -> Iterator[str]:
    """Give how many members there are, of when, and what became of every row."""
    yield paint.bold(
        f"{printable(outcome.binding)}: {counted_people(outcome.members, 'member')} "
        f"as of {moment(outcome.as_of)}"
    )
    yield (
        f"  from {counted(len(outcome.transfers), 'transfer')} of destination {outcome.destination_id}, "
        f"data source {outcome.data_source_id}"
    )
    if outcome.superseded:
        yield f"  {counted(outcome.superseded, 'older transfer')} superseded by a full one, not read"
    for reason, count in outcome.skipped.items():
        yield f"  {counted(count, 'file')} left alone: {reason}"
    yield from _tally(outcome.tally, paint)
    yield from _written(outcome.files)
    if outcome.change is not None:
        change = outcome.change
        yield (
            f"  {printable(outcome.into)}: {change.before:,} -> {counted_people(change.after, 'member')}"
            f" ({change.added:,} added, {change.removed:,} taken off)"
        )
    yield from _end(outcome, paint)


def exchange_export(outcome: ExportOutcome, paint: Paint) -> Iterator[str]:
    """Give how many ids are written, what moved since the export before, and what became of every row."""
    yield paint.bold(
        f"{printable(outcome.binding)}: {counted_people(outcome.ids, 'id')} for data source {outcome.data_source_id}, "
        f"{counted_people(outcome.complement, 'person', 'people')} in the complement"
    )
    if outcome.id_pairs:
        yield f"  {counted_people(outcome.id_pairs, 'visitor id')} tied to them"
    if outcome.gone is not None:
        taken = (
            "taken back"
            if outcome.taken_back
            else "gone from the source, and still in the audience"
        )
        yield f"  {outcome.new:,} new since the previous export, {outcome.gone:,} {taken}"
    yield from _tally(outcome.tally, paint)
    yield from _written(outcome.files)
    yield from _end(outcome, paint)


def exchange_preview(found: Preview, paint: Paint) -> Iterator[str]:
    """Give the match rate in one line, then the funnel."""
    yield paint.bold(f"{printable(found.binding)}: match rate {match_rate_text(found.rate)}")
    if found.as_of is not None:
        yield f"  as of {moment(found.as_of)}"
    yield ""
    shown = [(each, _stage(found, each)) for each in found.stages]
    width = max(len(text) for _, text in shown)
    for each, text in shown:
        yield f"  {text:>{width}} {_STAGES[each.name]}"
    if found.findings:
        yield ""
        yield from findings(found.findings, paint)


_STAGES: Mapping[str, str] = {
    "audience": "ids in the audience",
    "rightKind": "of them of the data source's kind",
    "known": "of them known to Campaign",
    "reconciled": "people behind them",
    "afterOptOut": "after opt-out",
    "people": "people of the source",
    "recipients": "of them are recipients",
    "withId": "with an id",
    "usableId": "with an id that may be sent",
}


def _stage(found: Preview, stage: Stage) -> str:
    share = stage.share
    if share is None:
        return shown_count(stage.count)
    hits = round(share.value * found.rate.asked)
    if 0 < hits < SMALL_COUNT:
        return f"{shown_count(hits)} of the {found.rate.asked:,} asked about"
    return f"{percent(share.value)} ({percent(share.low)} to {percent(share.high)})"


def inspection(found: Inspection, paint: Paint) -> Iterator[str]:
    """Give the verdict, what the name says, what the lines are, and what is wrong."""
    verdict = paint.good("usable") if found.is_usable else paint.bad("not usable")
    yield f"{paint.bold(printable(found.name))}: {found.kind}, {verdict}"
    for name, fact in found.facts.items():
        shown = str(fact).lower() if isinstance(fact, bool) else str(fact)
        yield f"  {name}: {printable(shown)}"
    if found.counts:
        yield ""
        width = max(len(f"{each:,}") for each in found.counts.values())
        for name, count in found.counts.items():
            yield f"  {count:>{width},} {printable(name)}"
    if found.problems or found.remarks:
        yield ""
    for each in found.problems:
        yield f"  {paint.bad('problem')}: {printable(each)}"
    for each in found.remarks:
        yield f"  note: {printable(each)}"


def _end(outcome: ImportOutcome | ExportOutcome, paint: Paint) -> Iterator[str]:
    rate = outcome.tally.rows / outcome.seconds if outcome.seconds else 0
    yield paint.faint(f"  {outcome.seconds:,.1f} s, {rate:,.0f} rows/s")
    if outcome.findings:
        yield ""
        yield from findings(outcome.findings, paint)


def counted_people(number: int, noun: str, plural: str = "") -> str:
    """Return ``1,204 members``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _tally(tally: Tally, paint: Paint) -> Iterator[str]:
    width = max(len(f"{tally.rows:,}"), 1)
    yield ""
    yield paint.bold(f"  {tally.rows:>{width},} rows read")
    # What came of it first, then why not, in the order in which the buckets are tried.
    for bucket, count in sorted(tally.buckets.items(), key=lambda each: each[0] not in _GOOD):
        line = f"  {count:>{width},} {_WORDS.get(bucket, bucket)}"
        yield line if count else paint.faint(line)
    yield ""


def _written(files: tuple[WrittenFile, ...]) -> Iterator[str]:
    for each in files:
        yield f"  {each.name}: {counted_people(each.rows, 'row')}, {each.bytes:,} bytes"
