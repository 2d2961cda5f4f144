"""``audctl exchange import``."""

import typer

from audctl.cli import exit_codes
from audctl.cli.exchange.groups import (
    AudienceWords,
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
    FilesOption,
    IntoListOption,
    OutOption,
    out_of,
    showing,
)
from audctl.cli.options import AllowOption, console_of


@spread
def import_members(
    context: typer.Context,
    binding: BindingArgument,
    *,
    files: FilesOption = "",
    people: PeopleWords,
    out: OutOption = "",
    form: FormWords,
    into_list: IntoListOption = "",
    allow: AllowOption = None,
    dry_run: DryRunOption = False,
    numbers: NumberWords,
    audience: AudienceWords,
    engine: EngineWords,
    common: CommonWords,
) -> int:
    """Find out who is in an audience, from Audience Manager's outbound files.

    Reads the last full transfer and what came after it, matches ids as the binding's data source says, and writes the
    recipients. Every line ends in exactly one bucket of the tally. The result appears whole or not at all. Exit code
    3 when restrictions or export controls forbid the binding's data: nothing has been read then.

    Example: audctl exchange import carts --files in --recipients r.parquet --tracking t.parquet --out members
    """
    from audctl.operations.exchange.members_in import exchange_import
    from audctl.operations.exchange.options import ImportOptions
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, common.output)
    options = ImportOptions(
        binding=binding,
        files=files,
        people=people.options(),
        numbers=numbers.options(segment_id=audience.segment_id),
        engine=engine.options(),
        template=audience.template(),
        form=form.form,
        is_gzip=form.gzip,
        out=out_of(out, dry_run=dry_run, elsewhere=bool(into_list)),
        into_list="" if dry_run else into_list,
        allowed=tuple(allow or ()),
    )
    with showing(console) as told:
        asked = console.context(common.project, common.environment)
        outcome = exchange_import(asked, options, told)
    console.result(
        lambda paint: to_terminal.exchange_import(outcome, paint),
        lambda: exchange_json.exchange_import(outcome),
    )
    return exit_codes.of_findings(outcome.findings)
