"""Short words for tests of the exchange: files and tables on disk, a job over them, what came of it."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import duckdb

from audctl.exchange.duckdb_engine import open_duckdb
from audctl.exchange.exporting import run_export
from audctl.exchange.folder_store import FolderStore, LocalTable
from audctl.exchange.importing import run_import
from audctl.exchange.job import (
    ExportJob,
    Hashing,
    IdKind,
    IdSpace,
    ImportJob,
    MembersForm,
    People,
    Template,
)
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.result import open_result
from audctl.model.exchange import WrittenFile
from audctl.operations.context import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from audctl.model.exchange import ExportOutcome, ImportOutcome

DESTINATION, SOURCE = 4200, 5001
MEMORY = 256 * 1024 * 1024
FULL = f"s3_{DESTINATION}_{SOURCE}_full_"
ITER = f"s3_{DESTINATION}_{SOURCE}_iter_"
VISITOR = IdSpace(kind=IdKind.VISITOR, data_source_id=SOURCE, key="[trackingLog/@sourceId]")
DECLARED = IdSpace(kind=IdKind.DECLARED, data_source_id=SOURCE, key="@account")
HASHED = replace(DECLARED, hashing=Hashing.SHA256, key="@email")


class Silent:
    def advanced(self, work: str, rows: int, share: float | None) -> None:
        pass


def visitor_id(number: int) -> str:
    return f"{number:038d}"


def put_files(staging: Path, contents: Mapping[str, str]) -> list[WrittenFile]:
    """Write the files of a result where it is made, as an engine does."""
    for name, text in contents.items():
        (staging / name).write_text(text)
    return [
        WrittenFile(
            name=name,
            content="members",
            rows=1,
            bytes=len(text),
            sha256=sha256(text.encode()).hexdigest(),
        )
        for name, text in contents.items()
    ]


def csv_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> LocalTable:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(rows)
    return LocalTable(TableFile(form=TableForm.CSV, paths=(path,)))


def parquet_table(table: LocalTable) -> LocalTable:
    """Write a CSV table once more, as a database would export it: numbers are numbers, no text is null."""
    (path,) = table.file.paths
    copy = path.with_suffix(".parquet")
    source = f"read_csv('{path}', header = true, all_varchar = true, nullstr = '', quote = '\"', delim = ',')"
    with duckdb.connect() as conn:
        rows = conn.sql(f"FROM {source}")
        (found,) = rows.aggregate(", ".join(map(_numbers, rows.columns))).fetchall()
        chosen = ", ".join(
            f'CAST("{each}" AS BIGINT) AS "{each}"' if numbers and _is_number(each) else f'"{each}"'
            for each, numbers in zip(rows.columns, found, strict=True)
        )
        rows.select(chosen).write_parquet(str(copy))
    return LocalTable(TableFile(form=TableForm.PARQUET, paths=(copy,)))


def _numbers(column: str) -> str:
    return f'count(*) = 0 OR count("{column}") = count(TRY_CAST("{column}" AS BIGINT))'


def _is_number(column: str) -> bool:
    """Whether a database has numbers there; ids of visitors and keys are texts even where all are digits."""
    return column not in ("account", "sourceId", "email")


def put_lines(folder: Path, name: str, lines: Iterable[str | bytes], *, end: bytes = b"\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    raw = b"".join((each if isinstance(each, bytes) else each.encode()) + end for each in lines)
    path = folder / name
    path.write_bytes(gzip.compress(raw, 1) if name.endswith(".gz") else raw)
    return path


def put_control(folder: Path, root: str, files: Sequence[Path], **changes: object) -> Path:
    """Write the control file of a transfer; ``changes`` go into its first entry."""
    entries = []
    for number, each in enumerate(files, 1):
        raw = each.read_bytes()
        lines = (gzip.decompress(raw) if each.suffix == ".gz" else raw).count(b"\n")
        entry = {"FileName": each.name, "FileByteSize": len(raw), "FileLineCount": lines}
        entries.append(entry | {"FileSequenceNumber": number, "md5": "not-a-checksum"})
    if entries:
        entries[0] |= changes
    totals = {"FileName": f"{root}.sync", "TotalNumberFiles": len(files)}
    path = folder / f"{root}.info"
    path.write_text(json.dumps({"Files": entries, "Totals": totals}))
    return path


@dataclass
class Case:
    """A folder with an import's files and tables."""

    root: Path
    space: IdSpace = VISITOR
    template: Template = field(default_factory=Template)
    alias: str = "vip"
    sid: int | None = None
    recipients: LocalTable | None = None
    tracking: LocalTable | None = None
    opt_outs: LocalTable | None = None
    honours_flag: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    form: MembersForm = MembersForm.CSV
    is_gzip: bool = False
    has_parquet: bool = False
    """Whether tables are made as Parquet, with numbers in it, rather than as CSV, which has texts."""

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def put(self, name: str, lines: Iterable[str | bytes], *, end: bytes = b"\n") -> Path:
        return put_lines(self.files, name, lines, end=end)

    def know(self, recipients: Iterable[Sequence[object]], columns: Sequence[str] = ()) -> None:
        columns = columns or ("id", "account", "blackList")
        self.recipients = self._table("recipients", columns, recipients)

    def track(self, rows: Iterable[tuple[object, str]]) -> None:
        """Say which recipient has clicked under which visitor id."""
        columns = ("recipient-id", "sourceId")
        self.tracking = self._table("tracking", columns, rows)

    def leave_out(self, recipients: Iterable[object]) -> None:
        rows = [(each,) for each in recipients]
        self.opt_outs = self._table("out", ("recipient_id",), rows)

    def _table(
        self, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> LocalTable:
        table = csv_table(self.root / f"{name}.csv", columns, rows)
        return parquet_table(table) if self.has_parquet else table

    @property
    def job(self) -> ImportJob:
        return ImportJob(
            binding="ImportBinding/vips",
            destination_id=DESTINATION,
            alias=self.alias,
            sid=self.sid,
            space=self.space,
            files=FolderStore(self.files),
            template=self.template,
            people=People(
                recipients=self.recipients,
                tracking=self.tracking,
                opt_outs=self.opt_outs,
                honours_flag=self.honours_flag,
                columns=self.columns,
            ),
            form=self.form,
            is_gzip=self.is_gzip,
        )

    def run(
        self, job: ImportJob | None = None, *, memory_bytes: int = MEMORY, threads: int = 2
    ) -> ImportOutcome:
        with (
            open_result(self.out) as result,
            open_duckdb(memory_bytes=memory_bytes, threads=threads, spool=self.root) as engine,
        ):
            outcome = run_import(job or self.job, engine, Silent(), SystemClock(), result)
            result.finish(outcome.files, {"kind": "import"})
        return outcome

    def export(
        self,
        members: LocalTable,
        *,
        space: IdSpace | None = None,
        **changes: Any,  # noqa: ANN401 - any field of the job
    ) -> ExportJob:
        job = ExportJob(
            binding="ExportBinding/loyal",
            members=members,
            space=space or self.space,
            trait_id=70011,
            trait_code="loyal",
            at=datetime(2026, 1, 1, tzinfo=UTC),
            people=self.job.people,
            split_bytes=1_000_000,
            is_gzip=self.is_gzip,
        )
        return replace(job, **changes)

    def run_export(self, job: ExportJob) -> ExportOutcome:
        with (
            open_result(self.out) as result,
            open_duckdb(memory_bytes=MEMORY, threads=2, spool=self.root) as engine,
        ):
            outcome = run_export(job, engine, Silent(), SystemClock(), result)
            described = {"kind": "export", "binding": job.binding, "dataSource": job.source_id}
            result.finish(outcome.files, described)
        return outcome

    def lines(self, content: str) -> list[str]:
        """Give the sorted lines of all written files of one content."""
        manifest = json.loads((self.out / "manifest.json").read_text())
        found: list[str] = []
        for each in manifest["files"]:
            if each["content"] == content:
                raw = (self.out / each["name"]).read_bytes()
                text = (gzip.decompress(raw) if each["name"].endswith(".gz") else raw).decode()
                found += text.splitlines()
        return sorted(found)

    @property
    def members(self) -> list[str]:
        """Give the recipients that were written, in order."""
        raw = next(self.out.glob("members.csv*")).read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode()
        header, *rows = text.splitlines()
        assert header == "recipient_id"
        return rows


def buckets(outcome: ImportOutcome | ExportOutcome) -> dict[str, int]:
    """Give the buckets that hold anything."""
    return {name: count for name, count in outcome.tally.buckets.items() if count}
