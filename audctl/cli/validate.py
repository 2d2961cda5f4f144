"""``audctl validate``."""

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.options import (
    EnvironmentOption,
    OutputOption,
    ProjectOption,
    ReportOption,
    reporting_console,
)
from audctl.errors import FindingsError
from audctl.model.report import ValidateReport
from audctl.render import to_json
from audctl.render.to_terminal import findings as to_terminal

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def validate(
    context: typer.Context,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """Check the manifests, without a call to any live system.

    Reads every manifest of the project, checks it against its schema, resolves names and parses rules. All
    findings of a stage are shown together; exit code 1 when one of them is an error, 3 when only the project's
    restrictions or data export controls object.

    Example: audctl validate --project manifests --env prod --report sarif=audctl.sarif
    """
    from audctl.operations import validate as operation

    console = reporting_console(context, output, reports)
    try:
        found = operation.validate(console.context(project, environment))
    except FindingsError as error:
        found = ValidateReport(resources=(), findings=error.findings)
    console.result(
        lambda paint: to_terminal.validation(found, paint),
        lambda: to_json.validation(found),
        of=found,
    )
    return exit_codes.of_findings(found.findings)
