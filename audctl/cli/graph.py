"""``audctl graph``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audctl.cli import exit_codes
from audctl.cli.console import Output
from audctl.cli.options import EnvironmentOption, ProjectOption, console_of
from audctl.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Form(StrEnum):
    """Form of a graph on stdout."""

    TEXT = "text"
    JSON = "json"
    DOT = "dot"
    MERMAID = "mermaid"


@app.command()
def graph(
    context: typer.Context,
    around: Annotated[
        str | None,
        typer.Option(
            "--around", metavar="ADDRESS", help="Only what this resource needs, and what needs it."
        ),
    ] = None,
    upstream: Annotated[
        bool, typer.Option("--upstream", help="With --around: only what it needs.")
    ] = False,
    downstream: Annotated[
        bool, typer.Option("--downstream", help="With --around: only what needs it.")
    ] = False,
    depth: Annotated[
        int | None,
        typer.Option("--depth", metavar="N", min=1, help="With --around: references to follow."),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="What a plan from plan --out would touch, in its order; reads no manifests.",
        ),
    ] = None,
    project: ProjectOption = None,
    environment: EnvironmentOption = None,
    output: Annotated[
        Form,
        typer.Option(
            "--output", metavar="text|json|dot|mermaid", help="Form of the result on stdout."
        ),
    ] = Form.TEXT,
) -> int:
    """Show the resources and what they refer to.

    A tree for people, DOT and Mermaid for pictures. Calls no live system. What refers to nothing, and circles, are
    shown and told as validate tells them; exit code 1 then.

    Example: audctl graph --around Audience/cart-abandoners --output mermaid
    """
    from audctl.operations.graph import Around, plan_graph, project_graph
    from audctl.render import graph_pictures
    from audctl.render.graph_json import graph_to_json
    from audctl.render.to_terminal.findings import findings
    from audctl.render.to_terminal.graph import graph as to_terminal

    if around is None and (upstream or downstream or depth is not None):
        raise UsageError("--upstream, --downstream and --depth need --around ADDRESS")
    if plan is not None and (project is not None or environment is not None):
        raise UsageError(
            "--plan brings its own project and environment: leave --project and --env away"
        )
    console = console_of(context, Output.JSON if output is Form.JSON else Output.TEXT)
    both = upstream == downstream
    part = None
    if around is not None:
        part = Around(
            address=around, upstream=upstream or both, downstream=downstream or both, depth=depth
        )
    found = (
        plan_graph(plan, part)
        if plan is not None
        else project_graph(console.context(project, environment), part)
    )
    pictures = {Form.DOT: graph_pictures.dot, Form.MERMAID: graph_pictures.mermaid}
    console.result(
        lambda paint: pictures[output](found) if output in pictures else to_terminal(found, paint),
        lambda: graph_to_json(found),
    )
    if not console.wants_json:
        console.say(findings(found.findings, console.paint(console.stderr)))
    return exit_codes.of_findings(found.findings)
