"""What is this file: what its name says, what its lines are, and whether it can be used as that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.exchange import inspect_sql
from audctl.exchange.control_file import LARGEST, read_control
from audctl.exchange.faults import fault
from audctl.exchange.file_names import (
    SECONDS_DIGITS,
    VISITOR_IDS,
    IdsName,
    OutboundName,
    TraitsName,
    read_inbound_name,
    read_outbound_name,
)
from audctl.exchange.folder_store import FolderStore
from audctl.exchange.inspect_result import find_part, inspect_result, inspect_table
from audctl.exchange.ports import LineBatch, LineFile, StoredFile
from audctl.exchange.result import MANIFEST
from audctl.exchange.tallies import number
from audctl.model.exchange import Inspection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from audctl.exchange.ports import Engine, FileStore, Told
    from audctl.exchange.s3_store import S3Files

LARGEST_STORED = 1_000_000_000
"""Bytes of a compressed inbound file: one page says three times as much; the smaller number is safe."""
LARGEST_PLAIN = 5_000_000_000

Facts = dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class _Look:
    """One file, and what it is looked at with."""

    store: FileStore
    file: StoredFile
    engine: Engine
    told: Told

    def count(
        self, select: str, wanted: Mapping[str, str], *, is_gzip: bool
    ) -> tuple[dict[str, int], list[str]]:
        """Return the counts over the lines; none, with the reason, where the file cannot be read to its end."""
        batch = LineBatch(number=0, files=(LineFile(file=self.file, is_gzip=is_gzip),))
        try:
            self.engine.read_lines("inspected", select, [batch], self.store, self.told)
        except FindingsError as error:
            if any(each.code != "AUD2701" for each in error.findings):
                raise
            return {}, [each.message for each in error.findings]
        (row,) = self.engine.fetch(f"SELECT {', '.join(wanted.values())} FROM inspected")
        counts = {name: number(count) for name, count in zip(wanted, row, strict=True)}
        self.engine.create("seen_id", inspect_sql.SEEN_ID)
        ((ids, most, *forms),) = self.engine.fetch(inspect_sql.id_forms())
        counts |= {"distinct ids": number(ids), "most lines of one id": number(most)}
        by_form = dict(zip(inspect_sql.ID_FORMS, map(number, forms), strict=True))
        by_form["another form"] = number(ids) - sum(by_form.values())
        return counts | {f"ids of {form}": count for form, count in by_form.items() if count}, []


def inspect_path(path: Path, engine: Engine, told: Told) -> Inspection:
    """Return what a file is, or a folder with a result; raise FindingsError when there is none."""
    if path.is_dir():
        return inspect_result(FolderStore(path, is_flat=True), path.name)
    beside = FolderStore(path.parent, is_flat=True)
    if path.name == MANIFEST:
        return inspect_result(beside, path.parent.name)
    if not path.is_file():
        raise fault("AUD2701", f"there is no file {path}", "correct the path")
    return inspect_file(beside, StoredFile(path.name, path.stat().st_size), engine, told)


def inspect_objects(files: S3Files, engine: Engine, told: Told) -> Inspection:
    """Return what an object is, or a prefix with a result; raise FindingsError when there is neither."""
    prefix, _, name = files.prefix.rpartition("/")
    beside = replace(files, prefix=prefix, is_flat=True)
    found = next((each for each in beside.list() if each.path == name), None)
    if found is None:
        within = replace(files, is_flat=True)
        if not within.list():
            raise fault(
                "AUD2701", f"there is no object {files.describe()}, and none below it", "correct it"
            )
        return inspect_result(within, files.describe())
    if name == MANIFEST:
        return inspect_result(beside, beside.describe())
    return inspect_file(beside, found, engine, told)


def inspect_file(store: FileStore, file: StoredFile, engine: Engine, told: Told) -> Inspection:
    """Return what a file of a store is, of which nothing lies deeper; nothing about it is an error."""
    part = find_part(store, file)
    if part is not None and part.is_table:
        return inspect_table(part, engine)
    found = _by_name(store, file, engine, told)
    if part is None:
        return found
    return replace(found, problems=(*found.problems, *part.differences()))


def _by_name(store: FileStore, file: StoredFile, engine: Engine, told: Told) -> Inspection:
    outbound = read_outbound_name(file.name)
    if outbound is not None:
        if outbound.is_control:
            return _control(store, file, outbound)
        return _outbound(_Look(store, file, engine, told), outbound)
    inbound = read_inbound_name(file.name)
    if isinstance(inbound, TraitsName):
        return _traits(_Look(store, file, engine, told), inbound)
    if isinstance(inbound, IdsName):
        return _ids(_Look(store, file, engine, told), inbound)
    problem = "its name is none that Audience Manager writes or reads, and no manifest beside it tells of it"
    return Inspection(name=file.name, kind="unknown", facts={}, counts={}, problems=(problem,))


def _outbound(look: _Look, name: OutboundName) -> Inspection:
    facts = _outbound_facts(name)
    counts, problems = look.count(
        inspect_sql.OUTBOUND_LINE, inspect_sql.OUTBOUND, is_gzip=name.is_gzip
    )
    remarks = []
    if counts:
        ((segments,),) = look.engine.fetch(inspect_sql.SEGMENTS)
        counts["segments"] = number(segments)
        if not counts["one blank"] and counts["more blanks"] and not name.is_full:
            remarks.append(
                "all lines have more than one blank: they add with two between columns, or take out with one"
            )
    if counts.get("malformed"):
        remarks.append("an import counts malformed lines, and reads the others")
    if not counts.get("lines", 1):
        remarks.append("it has no lines")
    return Inspection(
        name=look.file.name,
        kind="outbound file",
        facts=facts,
        counts=counts,
        problems=tuple(problems),
        remarks=tuple(remarks),
    )


def _outbound_facts(name: OutboundName) -> Facts:
    facts: Facts = {
        "destination": name.destination_id,
        "data source": name.data_source_id,
        "transfer": "full" if name.is_full else "incremental",
        # The first ten digits are the same seconds however the rest is read.
        "made at": _moment(int(name.digits[:SECONDS_DIGITS])),
    }
    if name.part is not None:
        facts["part"] = name.part
    if not name.is_control:
        facts["compressed"] = name.is_gzip
    return facts


def _control(store: FileStore, file: StoredFile, name: OutboundName) -> Inspection:
    facts = _outbound_facts(name)
    announced = None
    if file.size <= LARGEST:
        with store.open(file) as stream:
            announced = read_control(stream.read(LARGEST))
    if announced is None:
        problems = ["its text names no files, or not as many as it says"]
        return Inspection(
            name=file.name, kind="control file", facts=facts, counts={}, problems=tuple(problems)
        )
    there = {each.name: each.size for each in store.list()}
    counts = {
        "files": len(announced),
        "lines": sum(each.lines or 0 for each in announced),
        "bytes": sum(each.size or 0 for each in announced),
    }
    problems = [f"{each.name} is not there" for each in announced if each.name not in there] + [
        f"{each.name} has {there[each.name]:,} of {each.size:,} bytes"
        for each in announced
        if each.size is not None and there.get(each.name, each.size) != each.size
    ]
    return Inspection(
        name=file.name,
        kind="control file",
        facts=facts,
        counts=counts,
        problems=tuple(problems),
    )


def _traits(look: _Look, name: TraitsName) -> Inspection:
    facts: Facts = {
        "data source of ids": name.data_source_id,
        "data source of traits": name.target_id,
        "mode": name.mode.value,
        "made at": _moment(name.stamp),
        "part": name.split or 0,
        "compressed": name.is_gzip,
    }
    counts, problems = look.count(
        inspect_sql.INBOUND_LINE, inspect_sql.INBOUND, is_gzip=name.is_gzip
    )
    problems += [
        f"{counts[each]:,} {words}"
        for each, words in (
            ("malformed", "lines are not an id, one tab and items"),
            ("unusable id", "lines have an id with a colon, or a blank at an end"),
            (
                "address in clear",
                "lines have an e-mail address for an id, which must never be sent",
            ),
            ("too long", f"lines are longer than {inspect_sql.LONGEST_LINE:,} bytes"),
        )
        if counts.get(each)
    ]
    if counts.get("most lines of one id", 0) > inspect_sql.MOST_LINES:
        problems.append(f"an id has more than {inspect_sql.MOST_LINES} lines: the rest is dropped")
    return Inspection(
        name=look.file.name,
        kind="inbound trait file",
        facts=facts,
        counts=counts,
        problems=tuple(problems + _size_problems(look.file, counts, is_gzip=name.is_gzip)),
    )


def _ids(look: _Look, name: IdsName) -> Inspection:
    facts: Facts = {
        "data sources": ", ".join(map(str, name.data_source_ids)),
        "hashed addresses": name.hashed_emails,
        "made at": _moment(name.stamp),
        "part": name.split or 0,
        "compressed": name.is_gzip,
    }
    wanted = inspect_sql.pairs(
        len(name.data_source_ids),
        hashed_emails=name.hashed_emails,
        visitors_first=name.data_source_ids[0] == VISITOR_IDS,
    )
    counts, problems = look.count(inspect_sql.PAIR_LINE, wanted, is_gzip=name.is_gzip)
    problems += [
        f"{counts[each]:,} {words}"
        for each, words in (
            ("malformed", "lines do not have one id for each data source of the name"),
            ("ends in a blank", "lines end in a blank, and are not processed"),
            ("no visitor id", "lines do not begin with a visitor id"),
        )
        if counts.get(each)
    ]
    return Inspection(
        name=look.file.name,
        kind="id synchronisation file",
        facts=facts,
        counts=counts,
        problems=tuple(problems + _size_problems(look.file, counts, is_gzip=name.is_gzip)),
    )


def _size_problems(file: StoredFile, counts: Mapping[str, int], *, is_gzip: bool) -> list[str]:
    problems = []
    most = LARGEST_STORED if is_gzip else LARGEST_PLAIN
    if file.size > most:
        problems.append(f"it has {file.size:,} bytes, more than the {most:,} that are taken")
    if counts and not counts["lines"]:
        problems.append("it is empty, and empty files are invalid")
    return problems


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
