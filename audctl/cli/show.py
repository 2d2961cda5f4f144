"""``audctl show``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audctl.cli.console import Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.options import OutputOption, ReportOption, reporting_console
from audctl.errors import UsageError
from audctl.render.to_terminal import plan as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Form(StrEnum):
    """How a plan file is shown."""

    TEXT = "text"
    JSON = "json"
    TERRAFORM_JSON = "terraform-json"


@app.command()
def show(
    context: typer.Context,
    plan_file: Annotated[
        Path,
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A plan from plan --out."),
    ],
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            metavar="text|json|terraform-json",
            help="Form of the plan: as plan shows it, as the file holds it, or as policies and comment bots for "
            "Terraform plans read it; otherwise as --output says.",
        ),
    ] = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """Show a plan that was written to a file.

    Reads the file only: neither the manifests nor a live system. A file that was edited or cut is refused with exit
    code 4.

    Example: audctl show plan.json --format terraform-json
    """
    from audctl.plan.plan_file import read_plan

    if form is Form.TEXT and output is Output.JSON:
        raise UsageError("--format text and --output json contradict each other: leave one away")
    shape = output if form in (None, Form.TEXT) else Output.JSON
    console = reporting_console(context, shape, reports)
    console.name_plan(plan_file)
    plan = read_plan(plan_file)
    console.belongs_to(plan.project, plan.environment.name)

    def document() -> object:
        if form is Form.TERRAFORM_JSON:
            from audctl.plan.terraform_json import terraform_json

            return terraform_json(plan)
        from audctl.plan.plan_json import plan_to_json

        return plan_to_json(plan)

    console.result(lambda paint: to_terminal.plan(plan, paint), document, of=plan)
    return ExitCode.DONE
