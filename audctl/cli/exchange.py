"""``audctl exchange``."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Console, Output
from audctl.cli.options import (
    AllowOption,
    EnvironmentOption,
    OutputOption,
    ProjectOption,
    console_of,
)
from audctl.errors import UsageError
from audctl.exchange.file_names import Mode
from audctl.exchange.job import (
    Control,
    MembersForm,
    SegmentValue,
    Separator,
    Template,
    Timestamps,
)
from audctl.exchange.tables import ROLES
from audctl.render.exchange_progress import ExchangeProgress

if TYPE_CHECKING:
    from audctl.operations.exchange.options import EngineOptions

app = typer.Typer(rich_markup_mode=None)

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
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder for the result, empty or of an earlier one."),
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


@app.callback()
def exchange() -> None:
    """Match members of audiences with the people that Campaign knows.

    Example: audctl exchange import cart-abandoners-import --files in --recipients r.parquet --out members
    """


@app.command("import")
def import_members(
    context: typer.Context,
    binding: BindingArgument,
    files: FilesOption = "",
    recipients: RecipientsOption = "",
    tracking: TrackingOption = "",
    opt_outs: OptOutsOption = "",
    opt_out_flag: FlagOption = True,
    column: ColumnOption = None,
    out: OutOption = None,
    form: FormOption = MembersForm.CSV,
    gzip: GzipOption = True,
    into_list: IntoListOption = "",
    allow: AllowOption = None,
    dry_run: DryRunOption = False,
    data_source_id: DataSourceIdOption = None,
    segment_id: Annotated[
        int | None,
        typer.Option(
            "--segment-id",
            metavar="N",
            help="Audience Manager's number of the segment; otherwise as the ledger has it.",
        ),
    ] = None,
    offline: OfflineOption = False,
    timestamps: Annotated[
        Timestamps,
        typer.Option(
            "--timestamps",
            metavar="auto|seconds|milliseconds",
            help="How file names write times.",
        ),
    ] = Timestamps.AUTO,
    separator: Annotated[
        Separator,
        typer.Option(
            "--separator", metavar="auto|one|two", help="Blanks between the columns of a line."
        ),
    ] = Separator.AUTO,
    segment_value: Annotated[
        SegmentValue,
        typer.Option(
            "--segment-value",
            metavar="auto|alias|sid",
            help="What stands for a segment in a line.",
        ),
    ] = SegmentValue.AUTO,
    control: Annotated[
        Control,
        typer.Option(
            "--control",
            metavar="auto|required|ignored",
            help="Whether a transfer needs its control file.",
        ),
    ] = Control.AUTO,
    engine: EngineOption = EngineName.DUCKDB,
    master: MasterOption = "",
    memory: MemoryOption = "",
    threads: ThreadsOption = None,
    spill: SpillOption = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Find out who is in an audience, from Audience Manager's outbound files.

    Reads the last full transfer and what came after it, matches ids as the binding's data source says, and writes the
    recipients. Every line ends in exactly one bucket of the tally. The result appears whole or not at all. Exit code
    3 when restrictions or export controls forbid the binding's data: nothing has been read then.

    Example: audctl exchange import carts --files in --recipients r.parquet --tracking t.parquet --out members
    """
    from audctl.operations.exchange.members_in import exchange_import
    from audctl.operations.exchange.options import ImportOptions, NumberOptions, PeopleOptions
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, output)
    options = ImportOptions(
        binding=binding,
        files=files,
        people=PeopleOptions(
            recipients=recipients,
            tracking=tracking,
            opt_outs=opt_outs,
            honours_flag=opt_out_flag,
            columns=columns_of(column),
        ),
        numbers=NumberOptions(
            data_source_id=data_source_id, segment_id=segment_id, offline=offline
        ),
        engine=engine_of(memory, threads, spill, engine, master),
        template=Template(
            timestamps=timestamps, separator=separator, value=segment_value, control=control
        ),
        form=form,
        is_gzip=gzip,
        out=out_of(out, dry_run=dry_run, elsewhere=bool(into_list)),
        into_list="" if dry_run else into_list,
        allowed=tuple(allow or ()),
    )
    with showing(console) as told:
        outcome = exchange_import(console.context(project, environment), options, told)
    console.result(
        lambda paint: to_terminal.exchange_import(outcome, paint),
        lambda: exchange_json.exchange_import(outcome),
    )
    return exit_codes.of_findings(outcome.findings)


@app.command("export")
def export_members(
    context: typer.Context,
    binding: BindingArgument,
    members: Annotated[
        str,
        typer.Option(
            "--members",
            metavar="TABLE",
            help="Recipients of the binding's list or query, like --recipients; a list's come from Campaign otherwise.",
            show_default=False,
        ),
    ] = "",
    recipients: RecipientsOption = "",
    tracking: TrackingOption = "",
    opt_outs: OptOutsOption = "",
    opt_out_flag: FlagOption = True,
    column: ColumnOption = None,
    out: OutOption = None,
    form: FormOption = MembersForm.CSV,
    gzip: GzipOption = True,
    dry_run: DryRunOption = False,
    mode: Annotated[
        Mode,
        typer.Option(
            "--mode",
            metavar="sync|overwrite",
            help="Add the trait, or replace all traits of the data source, for the people in the files.",
        ),
    ] = Mode.SYNC,
    split_size: Annotated[
        str,
        typer.Option(
            "--split-size", metavar="SIZE", help="Of a file before compression; at most 5GB."
        ),
    ] = "1GB",
    id_sync: Annotated[
        bool,
        typer.Option(
            "--id-sync/--no-id-sync",
            help="For declared ids, write which visitor ids they belong to, if tracking logs are given.",
        ),
    ] = True,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            metavar="DIR",
            help="Result of the export before this one: tells who has left the source.",
        ),
    ] = None,
    take_back: Annotated[
        bool,
        typer.Option(
            "--take-back", help="Write removals for those who left since the previous export."
        ),
    ] = False,
    data_source_id: DataSourceIdOption = None,
    trait_id: Annotated[
        int | None,
        typer.Option(
            "--trait-id",
            metavar="N",
            help="Audience Manager's number of the trait; otherwise as the ledger has it, else its code.",
        ),
    ] = None,
    offline: OfflineOption = False,
    engine: EngineOption = EngineName.DUCKDB,
    master: MasterOption = "",
    memory: MemoryOption = "",
    threads: ThreadsOption = None,
    spill: SpillOption = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Turn the people of a list or query into Audience Manager's inbound files.

    Writes one line for each id of everybody who may be sent, the visitor ids of declared ones, and the complement: who
    is not sent, with the reason. Exports only add: with --previous, who left the source since is counted, and taken
    back only if asked for. Exit code 3 when restrictions forbid the binding's data: nothing has been read then.

    Example: audctl exchange export loyal --members m.csv --recipients r.parquet --out inbound
    """
    from audctl.operations.exchange.members_out import exchange_export
    from audctl.operations.exchange.options import ExportOptions, NumberOptions, PeopleOptions
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, output)
    split_bytes = size_of("--split-size", split_size)
    if split_bytes > LARGEST_FILE:
        raise UsageError(f"--split-size {split_size}: Audience Manager takes no file above 5GB")
    options = ExportOptions(
        binding=binding,
        members=members,
        people=PeopleOptions(
            recipients=recipients,
            tracking=tracking,
            opt_outs=opt_outs,
            honours_flag=opt_out_flag,
            columns=columns_of(column),
        ),
        numbers=NumberOptions(data_source_id=data_source_id, trait_id=trait_id, offline=offline),
        engine=engine_of(memory, threads, spill, engine, master),
        mode=mode,
        split_bytes=split_bytes,
        is_gzip=gzip,
        pairs_ids=id_sync,
        previous=previous,
        takes_back=take_back,
        form=form,
        out=out_of(out, dry_run=dry_run),
    )
    with showing(console) as told:
        outcome = exchange_export(console.context(project, environment), options, told)
    console.result(
        lambda paint: to_terminal.exchange_export(outcome, paint),
        lambda: exchange_json.exchange_export(outcome),
    )
    return exit_codes.of_findings(outcome.findings)


@app.command("inspect")
def inspect_file(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A file, or a folder with a result.", show_default=False
        ),
    ],
    memory: MemoryOption = "",
    output: OutputOption = Output.TEXT,
) -> int:
    """Say what a file is, and whether it can be used as that.

    Outbound files and their control files, inbound files and id files are told by their names and looked through; of a
    result, the checksums are compared. Shows counts, never an id. Needs no project. Exit code 1 when it is not usable.

    Example: audctl exchange inspect s3_4200_5001_full_1767225600000.sync.gz
    """
    from audctl.operations.exchange.inspect import exchange_inspect
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, output)
    with showing(console) as told:
        found = exchange_inspect(file, engine_of(memory, None, None), told)
    console.result(
        lambda paint: to_terminal.inspection(found, paint), lambda: exchange_json.inspection(found)
    )
    return exit_codes.ExitCode.DONE if found.is_usable else exit_codes.ExitCode.ERROR


LARGEST_FILE = 5_000_000_000
"""Bytes of an inbound file, before compression: the most that is documented."""


@contextmanager
def showing(console: Console) -> Iterator[ExchangeProgress]:
    """Give what shows progress, and clear it away at the end."""
    live = console.stderr.isatty() and not console.settings.no_color
    progress = ExchangeProgress(console.stderr, time.monotonic, live=live)
    try:
        yield progress
    finally:
        progress.close()


def out_of(out: Path | None, *, dry_run: bool, elsewhere: bool = False) -> Path | None:
    """Return where the result goes; UsageError when nothing says so, and it goes nowhere ``elsewhere``."""
    if out is None and not dry_run and not elsewhere:
        raise UsageError("--out DIR says where the result goes; --dry-run writes none")
    return None if dry_run else out


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


# At the end: it takes its options from above.
from audctl.cli import exchange_preview  # noqa: E402, F401
