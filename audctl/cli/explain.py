"""``audctl explain``."""

import re
from difflib import get_close_matches
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, console_of
from audctl.errors import UsageError
from audctl.render import to_json
from audctl.render.to_terminal import explanation as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_CODE = re.compile(r"AUD\d+", re.IGNORECASE)


@app.command()
def explain(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="KIND[.FIELD...]|CODE", help="For example Audience.spec.rule, or AUD1302."
        ),
    ],
    output: OutputOption = Output.TEXT,
) -> int:
    """Explain a kind, one of its fields, or a finding code.

    Says what a field means, its type, default and examples, and which fields are below it.

    Example: audctl explain Audience.spec.rule
    """
    console = console_of(context, output)
    if _CODE.fullmatch(subject):
        from audctl.model.codes import CODES

        code = subject.upper()
        if code not in CODES:
            close = get_close_matches(code, CODES, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"there is no finding code {code}{hint}")
        console.result(
            lambda paint: to_terminal.code_meaning(code, CODES[code], paint),
            lambda: to_json.code_meaning(code, CODES[code]),
        )
        return ExitCode.DONE
    from audctl.cli.schema_fields import explain_field

    explanation = explain_field(subject)
    console.result(
        lambda paint: to_terminal.field_explanation(explanation, paint),
        lambda: to_json.field_explanation(explanation),
    )
    return ExitCode.DONE
