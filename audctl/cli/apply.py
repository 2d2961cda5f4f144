"""``audctl apply``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Console, Output
from audctl.cli.exit_codes import ExitCode
from audctl.cli.failures import tell_unexpected, with_reports
from audctl.cli.interrupt import interruptible, stop_on_signals
from audctl.cli.options import (
    AdoptOption,
    AllowOption,
    DetailedExitCodeOption,
    EnvironmentOption,
    ExcludeOption,
    ExpectDigestOption,
    OnlyOption,
    OutputOption,
    ProjectOption,
    ReportOption,
    check_expected,
    reporting_console,
    selection_of,
)
from audctl.errors import InterruptedRun, UsageError
from audctl.model.run import Applied
from audctl.render import to_json
from audctl.render.to_terminal.apply_report import apply_report as report_lines
from audctl.render.to_terminal.plan import plan as plan_lines

if TYPE_CHECKING:
    from audctl.model.outcome import ApplyReport
    from audctl.model.plan import Plan
    from audctl.operations.stop import Parting

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def apply(
    context: typer.Context,
    plan_file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A plan from plan --out: applied only if planning again gives the same digest.",
        ),
    ] = None,
    auto_approve: Annotated[
        bool, typer.Option("--auto-approve", help="Do not ask. For runners, where nobody answers.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but write: show what would be applied.")
    ] = False,
    expect_digest: ExpectDigestOption = None,
    parallelism: Annotated[
        int, typer.Option("--parallelism", min=1, max=64, help="Writes in flight at once.")
    ] = 8,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify/--no-verify", help="Read again afterwards and prove nothing is left."
        ),
    ] = True,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="Write the run's journal to FILE; otherwise to .audctl/runs beside the project file.",
        ),
    ] = None,
    no_journal: Annotated[bool, typer.Option("--no-journal", help="Write no journal.")] = False,
    adopt: AdoptOption = False,
    allow: AllowOption = None,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    detailed_exitcode: DetailedExitCodeOption = False,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: OutputOption = Output.TEXT,
    reports: ReportOption = None,
) -> int:
    """Make the live systems what the manifests say.

    Without FILE it plans, shows the plan and asks. With FILE it takes the lock, plans again and goes on only
    if the digest is the one that was approved. The end report says what is done, what failed and what was not
    tried. The first Ctrl-C finishes the calls in flight, the second ends at once.

    Example: audctl apply plan.json --env prod
    """
    console = reporting_console(context, output, reports)
    console.name_plan(plan_file)
    _check(console, expect_digest, asks=plan_file is None and not auto_approve and not dry_run)

    from audctl.operations import apply as operation
    from audctl.operations.journal import JournalChoice
    from audctl.plan.options import PlanOptions
    from audctl.plan.plan_json import plan_to_json

    answers: list[bool] = []

    def show(plan: "Plan") -> None:
        console.record(plan, lambda: to_json.apply_report(plan_to_json(plan), None))
        if not console.wants_json:
            console.result(lambda paint: plan_lines(plan, paint), lambda: None)

    def ask() -> bool:
        with interruptible():
            return console.ask("Apply these changes? Only 'yes' is taken for a yes:")

    def approve(plan: "Plan") -> bool:
        if dry_run or not plan.writes:
            answers.append(not dry_run)
        else:
            answers.append(plan_file is not None or auto_approve or ask())
        return answers[-1]

    with stop_on_signals(console.stderr, lambda parting: _last_words(console, parting)) as stop:
        plan, report = operation.apply(
            console.context(project, environment, stop),
            plan_file=plan_file,
            options=PlanOptions(
                adopt=adopt, allowed=frozenset(allow or ()), selection=selection_of(only, exclude)
            ),
            show=show,
            approve=approve,
            parallelism=parallelism,
            verify=verify,
            expect_digest=expect_digest,
            journal=JournalChoice(wanted=not (no_journal or dry_run), path=journal),
        )
    if report is not None:
        return _tell_end(console, plan, report)
    if console.wants_json:
        console.result(lambda _: (), lambda: to_json.apply_report(plan_to_json(plan), None))
    if dry_run:
        return exit_codes.of_plan(plan, detailed=detailed_exitcode)
    if answers and not answers[-1]:
        console.tell("not applied: nobody said yes")
        return ExitCode.REFUSED
    return exit_codes.of_findings(plan.findings)


def _tell_end(console: Console, plan: "Plan", report: "ApplyReport") -> ExitCode:
    """Report a run that began to write, and return what it comes to."""
    from audctl.plan.plan_json import plan_to_json

    console.result(
        lambda paint: report_lines(report, paint),
        lambda: to_json.apply_report(plan_to_json(plan), report),
        of=Applied(plan=plan, report=report),
    )
    if report.fault is not None:
        tell_unexpected(report.fault, console)
    return exit_codes.of_apply(report)


def _last_words(console: Console, parting: "Parting") -> None:
    """Report a run that ends at once as far as it came."""
    if parting.plan is not None and parting.report is not None:
        _tell_end(console, parting.plan, parting.report)
    else:
        words = "; ".join(("ended at once: nothing was written", *parting.words))
        console.fail(InterruptedRun(words))
    with_reports(ExitCode.INTERRUPTED, console)
    console.end_spans(ExitCode.INTERRUPTED)


def _check(console: Console, expect_digest: str | None, *, asks: bool) -> None:
    """Raise UsageError for what can be seen before anything is read."""
    check_expected(expect_digest)
    if asks and not console.stdin.isatty():
        raise UsageError(
            "apply without a plan file asks for approval, and nobody can answer here; "
            "pass a plan file, --auto-approve or --dry-run"
        )
    if asks and console.wants_json:
        raise UsageError(
            "--output json cannot ask for approval; pass a plan file or --auto-approve"
        )
