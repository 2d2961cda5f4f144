"""``audctl exchange preview``."""

from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.exchange.options import (
    BindingArgument,
    ColumnOption,
    DataSourceIdOption,
    EngineName,
    EngineOption,
    FilesOption,
    FlagOption,
    MasterOption,
    MemoryOption,
    OfflineOption,
    OptOutsOption,
    RecipientsOption,
    SpillOption,
    ThreadsOption,
    TrackingOption,
    columns_of,
    engine_of,
    showing,
)
from audctl.cli.options import EnvironmentOption, OutputOption, ProjectOption, console_of
from audctl.exchange.job import Control, SegmentValue, Separator, Template, Timestamps


def preview(
    context: typer.Context,
    binding: BindingArgument,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=100,
            max=100_000,
            help="Ask Campaign about N ids of the audience, drawn at random, in place of reading its tables whole.",
        ),
    ] = None,
    files: FilesOption = "",
    members: Annotated[
        str,
        typer.Option(
            "--members",
            metavar="TABLE",
            help="Of an export: who is exported; a list's members come from Campaign otherwise.",
            show_default=False,
        ),
    ] = "",
    recipients: RecipientsOption = "",
    tracking: TrackingOption = "",
    opt_outs: OptOutsOption = "",
    opt_out_flag: FlagOption = True,
    column: ColumnOption = None,
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
        typer.Option("--timestamps", metavar="auto|seconds|milliseconds", help="As for import."),
    ] = Timestamps.AUTO,
    separator: Annotated[
        Separator, typer.Option("--separator", metavar="auto|one|two", help="As for import.")
    ] = Separator.AUTO,
    segment_value: Annotated[
        SegmentValue,
        typer.Option("--segment-value", metavar="auto|alias|sid", help="As for import."),
    ] = SegmentValue.AUTO,
    control: Annotated[
        Control, typer.Option("--control", metavar="auto|required|ignored", help="As for import.")
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
    """Tell how many people would cross a binding, step by step, before anybody does.

    Of an import: ids in the audience, those of the right kind, those that Campaign knows, the people behind them, and
    who of these has not opted out. Of an export: people of the list, and who of them has an id that may be sent.
    Nothing is written. With --sample, shares come with their 95 % interval (Wilson). Counts below 50 are shown as <50.

    Example: audctl exchange preview cart-abandoners-import --sample 2000
    """
    from audctl.operations.exchange.options import NumberOptions, PeopleOptions
    from audctl.operations.exchange.preview import PreviewOptions, exchange_preview
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, output)
    options = PreviewOptions(
        binding=binding,
        files=files,
        members=members,
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
        sample=sample,
    )
    with showing(console) as told:
        found = exchange_preview(console.context(project, environment), options, told)
    console.result(
        lambda paint: to_terminal.exchange_preview(found, paint),
        lambda: exchange_json.exchange_preview(found),
    )
    return exit_codes.of_findings(found.findings)
