"""``audctl exchange export``."""

from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.exchange.groups import (
    CommonWords,
    EngineWords,
    FormWords,
    NumberWords,
    PeopleWords,
    spread,
)
from audctl.cli.exchange.options import (
    BindingArgument,
    DryRunOption,
    OutOption,
    out_of,
    showing,
    size_of,
)
from audctl.cli.options import console_of
from audctl.errors import UsageError
from audctl.exchange.file_names import Mode

LARGEST_FILE = 5_000_000_000
"""Bytes of an inbound file, before compression: the most that is documented."""


@spread
def export_members(
    context: typer.Context,
    binding: BindingArgument,
    *,
    members: Annotated[
        str,
        typer.Option(
            "--members",
            metavar="TABLE",
            help="Recipients of the binding's list or query, like --recipients; a list's come from Campaign otherwise.",
            show_default=False,
        ),
    ] = "",
    people: PeopleWords,
    out: OutOption = "",
    form: FormWords,
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
        str,
        typer.Option(
            "--previous",
            metavar="DIR",
            help="Result of the export before this one, like --out: tells who has left the source.",
        ),
    ] = "",
    take_back: Annotated[
        bool,
        typer.Option(
            "--take-back", help="Write removals for those who left since the previous export."
        ),
    ] = False,
    numbers: NumberWords,
    trait_id: Annotated[
        int | None,
        typer.Option(
            "--trait-id",
            metavar="N",
            help="Audience Manager's number of the trait; otherwise as the ledger has it, else its code.",
        ),
    ] = None,
    engine: EngineWords,
    common: CommonWords,
) -> int:
    """Turn the people of a list or query into Audience Manager's inbound files.

    Writes one line for each id of everybody who may be sent, the visitor ids of declared ones, and the complement: who
    is not sent, with the reason. Exports only add: with --previous, who left the source since is counted, and taken
    back only if asked for. Exit code 3 when restrictions forbid the binding's data: nothing has been read then.

    Example: audctl exchange export loyal --members m.csv --recipients r.parquet --out inbound
    """
    from audctl.operations.exchange.members_out import exchange_export
    from audctl.operations.exchange.options import ExportOptions
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, common.output)
    split_bytes = size_of("--split-size", split_size)
    if split_bytes > LARGEST_FILE:
        raise UsageError(f"--split-size {split_size}: Audience Manager takes no file above 5GB")
    options = ExportOptions(
        binding=binding,
        members=members,
        people=people.options(),
        numbers=numbers.options(trait_id=trait_id),
        engine=engine.options(),
        mode=mode,
        split_bytes=split_bytes,
        is_gzip=form.gzip,
        pairs_ids=id_sync,
        previous=previous,
        takes_back=take_back,
        form=form.form,
        out=out_of(out, dry_run=dry_run),
    )
    with showing(console) as told:
        asked = console.context(common.project, common.environment)
        outcome = exchange_export(asked, options, told)
    console.result(
        lambda paint: to_terminal.exchange_export(outcome, paint),
        lambda: exchange_json.exchange_export(outcome),
    )
    return exit_codes.of_findings(outcome.findings)
