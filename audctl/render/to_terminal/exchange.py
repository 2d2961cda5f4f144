"""Exchanges: the result in one line, then where every row went, then files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.render.printable import printable
from audctl.render.to_terminal.findings import findings
from audctl.render.to_terminal.words import counted, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.model.exchange import ImportOutcome, Tally, WrittenFile
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


def exchange_import(outcome: ImportOutcome, paint: Paint) -> Iterator[str]:
    """Give how many members there are, of when, and what became of every row."""
    rate = outcome.tally.rows / outcome.seconds if outcome.seconds else 0
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
    yield paint.faint(f"  {outcome.seconds:,.1f} s, {rate:,.0f} rows/s")
    if outcome.findings:
        yield ""
        yield from findings(outcome.findings, paint)


def counted_people(number: int, noun: str) -> str:
    """Return ``1,204 members``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _tally(tally: Tally, paint: Paint) -> Iterator[str]:
    width = max(len(f"{tally.rows:,}"), 1)
    yield ""
    yield paint.bold(f"  {tally.rows:>{width},} rows read")
    for bucket, count in reversed(list(tally.buckets.items())):
        line = f"  {count:>{width},} {_WORDS.get(bucket, bucket)}"
        yield line if count else paint.faint(line)
    yield ""


def _written(files: tuple[WrittenFile, ...]) -> Iterator[str]:
    for each in files:
        yield f"  {each.name}: {counted_people(each.rows, 'row')}, {each.bytes:,} bytes"
