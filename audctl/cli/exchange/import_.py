"""``audctl exchange import``."""

from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.exchange.options import (
    BindingArgument,
    ColumnOption,
    DataSourceIdOption,
    DryRunOption,
    EngineName,
    EngineOption,
    FilesOption,
    FlagOption,
    FormOption,
    GzipOption,
    IntoListOption,
    MasterOption,
    MemoryOption,
    OfflineOption,
    OptOutsOption,
    OutOption,
    RecipientsOption,
    SpillOption,
    ThreadsOption,
    TrackingOption,
    columns_of,
    engine_of,
    out_of,
    showing,
)
from audctl.cli.options import (
    AllowOption,
    EnvironmentOption,
    OutputOption,
    ProjectOption,
    console_of,
)
from audctl.exchange.job import (
    Control,
    MembersForm,
    SegmentValue,
    Separator,
    Template,
    Timestamps,
)


def import_members(
    context: typer.Context,
    binding: BindingArgument,
    files: FilesOption = "",
    recipients: RecipientsOption = "",
    tracking: TrackingOption = "",
    opt_outs: OptOutsOption = "",
    opt_out_flag: FlagOption = True,
    column: ColumnOption = None,
    out: OutOption = "",
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
