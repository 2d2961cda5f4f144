"""``audctl exchange preview``."""

from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.exchange.groups import (
    AudienceWords,
    CommonWords,
    EngineWords,
    NumberWords,
    PeopleWords,
    spread,
)
from audctl.cli.exchange.options import BindingArgument, FilesOption, showing
from audctl.cli.options import console_of


@spread
def preview(
    context: typer.Context,
    binding: BindingArgument,
    *,
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
    people: PeopleWords,
    numbers: NumberWords,
    audience: AudienceWords,
    engine: EngineWords,
    common: CommonWords,
) -> int:
    """Tell how many people would cross a binding, step by step, before anybody does.

    Of an import: ids in the audience, those of the right kind, those that Campaign knows, the people behind them, and
    who of these has not opted out. Of an export: people of the list, and who of them has an id that may be sent.
    Nothing is written. With --sample, shares come with their 95 % interval (Wilson). Counts below 50 are shown as <50.

    Example: audctl exchange preview cart-abandoners-import --sample 2000
    """
    from audctl.operations.exchange.preview import PreviewOptions, exchange_preview
    from audctl.render import exchange_json
    from audctl.render.to_terminal import exchange as to_terminal

    console = console_of(context, common.output)
    options = PreviewOptions(
        binding=binding,
        files=files,
        members=members,
        people=people.options(),
        numbers=numbers.options(segment_id=audience.segment_id),
        engine=engine.options(),
        template=audience.template(),
        sample=sample,
    )
    with showing(console) as told:
        asked = console.context(common.project, common.environment)
        found = exchange_preview(asked, options, told)
    console.result(
        lambda paint: to_terminal.exchange_preview(found, paint),
        lambda: exchange_json.exchange_preview(found),
    )
    return exit_codes.of_findings(found.findings)
