"""Options that several exchange commands take, and what their words mean."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli.console import Console
from audctl.errors import UsageError
from audctl.exchange.job import (
    MembersForm,
)
from audctl.exchange.tables import ROLES
from audctl.render.exchange_progress import ExchangeProgress

if TYPE_CHECKING:
    from audctl.operations.exchange.options import EngineOptions

BindingArgument = Annotated[
    str, typer.Argument(metavar="BINDING", help="Name of the binding.", show_default=False)
]
FilesOption = Annotated[
    str,
    typer.Option(
        "--files",
        metavar="DIR",
        help="Audience Manager's files: a folder or s3://bucket/prefix; otherwise as the project says.",
        show_default=False,
    ),
]
RecipientsOption = Annotated[
    str,
    typer.Option(
        "--recipients",
        metavar="TABLE",
        help="Campaign's recipients: campaign, Parquet, CSV, FILE.duckdb:TABLE, s3://…, postgresql://…#table.",
    ),
]
TrackingOption = Annotated[
    str,
    typer.Option(
        "--tracking", metavar="TABLE", help="Their tracking logs, which visitor ids are found in."
    ),
]
OptOutsOption = Annotated[
    str,
    typer.Option(
        "--opt-outs", metavar="TABLE", help="Recipients to leave out, whatever else says so."
    ),
]
FlagOption = Annotated[
    bool,
    typer.Option(
        "--opt-out-flag/--no-opt-out-flag",
        help="Leave out recipients whose blackList column says so.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="ROLE=NAME",
        help=f"Name of a column; roles: {', '.join(ROLES)}; may be repeated.",
    ),
]
OutOption = Annotated[
    str,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Where the result goes, empty or of an earlier one: a folder or s3://bucket/prefix.",
    ),
]
FormOption = Annotated[
    MembersForm, typer.Option("--format", metavar="csv|parquet", help="Form of the result.")
]
GzipOption = Annotated[bool, typer.Option("--gzip/--no-gzip", help="Compress what is written.")]
DataSourceIdOption = Annotated[
    int | None,
    typer.Option(
        "--data-source-id",
        metavar="N",
        help="Audience Manager's number of the data source; otherwise as the ledger has it.",
    ),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Ask no live system, not even for the ledger.")
]
MemoryOption = Annotated[
    str,
    typer.Option("--memory", metavar="SIZE", help="As 1GiB; otherwise half of what there is."),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, help="Otherwise one for each processor."),
]
SpillOption = Annotated[
    Path | None,
    typer.Option(
        "--spill",
        metavar="DIR",
        help="Folder for what does not fit into memory; otherwise beside the result.",
    ),
]
IntoListOption = Annotated[
    str,
    typer.Option(
        "--into-list",
        metavar="LIST",
        help="Write the members to this list in Campaign, in place of those it has; a manifest's name.",
    ),
]


class EngineName(StrEnum):
    """Engines, as ``--engine`` takes them."""

    DUCKDB = "duckdb"
    SPARK = "spark"


EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine", metavar="duckdb|spark", help="This machine alone, or Spark (audctl[spark])."
    ),
]
MasterOption = Annotated[
    str,
    typer.Option("--master", metavar="URL", help="Of Spark, as spark-submit takes it; local[*]."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Count, and write nothing.")]

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]?)(?P<binary>i?)B?", re.IGNORECASE)


@contextmanager
def showing(console: Console) -> Iterator[ExchangeProgress]:
    """Give what shows progress, beside what the live systems have to say, and clear it away at the end."""
    progress = console.progress()
    try:
        yield ExchangeProgress(progress.working, time.monotonic)
    finally:
        progress.close()


def out_of(out: str, *, dry_run: bool, elsewhere: bool = False) -> str | None:
    """Return where the result goes; UsageError when nothing says so, and it goes nowhere ``elsewhere``."""
    if not out and not dry_run and not elsewhere:
        raise UsageError("--out DIR says where the result goes; --dry-run writes none")
    return None if dry_run or not out else out


def engine_of(
    memory: str,
    threads: int | None,
    spill: Path | None,
    engine: EngineName = EngineName.DUCKDB,
    master: str = "",
) -> "EngineOptions":
    """Return the engine and what it may use; UsageError for a size or folder that is none."""
    from audctl.operations.exchange.options import EngineKind, EngineOptions

    if master and engine is not EngineName.SPARK:
        raise UsageError("--master is Spark's: say --engine spark")
    if spill is not None and not spill.is_dir():
        raise UsageError(f"--spill {spill}: there is no such folder")
    size = size_of("--memory", memory) if memory else None
    return EngineOptions(
        kind=EngineKind(engine.value),
        master=master or "local[*]",
        memory_bytes=size,
        threads=threads,
        spill=spill,
    )


def size_of(option: str, text: str) -> int:
    """Return a size in bytes: ``1GiB``, ``500MB``, ``1.5G``."""
    match = _SIZE.fullmatch(text.strip())
    size = 0
    if match is not None:
        base = 1024 if match["binary"] else 1000
        size = int(float(match["number"]) * base ** " KMGT".index(match["unit"].upper() or " "))
    if size <= 0:
        raise UsageError(f'{option} needs a size such as 1GiB or 500MB; "{text}" is none')
    return size


def columns_of(columns: list[str] | None) -> dict[str, str]:
    """Return the columns by role; UsageError for a role that is none."""
    found = {}
    for each in columns or ():
        role, mark, name = each.partition("=")
        if role not in ROLES or not mark or not name:
            raise UsageError(
                f'--column needs ROLE=NAME, with one of {", ".join(ROLES)}; "{each}" is none'
            )
        found[role] = name
    return found
