"""A run as Markdown: one comment that a pipeline edits in place, or the summary of a step.

First the hidden marker by which the comment is found again, then at most fifteen lines for a reader with ten seconds,
then a table with a row for each object, then what changes in each of them, folded, and at the end what ties the
report to one plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from audctl.model.finding import Severity
from audctl.render.printable import printable
from audctl.render.reports.markdown_text import (
    cell_code,
    code,
    fence_for,
    html_code,
    marker,
    prose,
    shortened,
)
from audctl.render.reports.outline import Tone, listed
from audctl.render.reports.outlines import outline
from audctl.render.reports.parts import Block, Cut, cut_into_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.finding import Finding
    from audctl.model.run import Run
    from audctl.render.reports.outline import Fact, Judged, Outline, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What one place that shows Markdown can take."""

    name: str
    limit: int
    """Characters of one comment."""
    html: bool = True
    """Whether it folds ``<details>`` and hides HTML comments."""


GITHUB = Platform(name="GitHub", limit=65_536)
GITLAB = Platform(name="GitLab", limit=1_000_000)
BITBUCKET_SERVER = Platform(name="Bitbucket Server", limit=32_768, html=False)
AZURE_DEVOPS = Platform(name="Azure DevOps", limit=150_000)

MOST_PARTS = 10
"""Comments of one report: who wants to read more reads the HTML report."""

_MARKS = {Tone.GOOD: "✅", Tone.CAUTION: "⚠️", Tone.BAD: "⛔", Tone.QUIET: "▫️"}
_SEVERITIES = {Severity.ERROR: "⛔", Severity.WARNING: "⚠️", Severity.NOTE: "ℹ️"}  # noqa: RUF001 - the sign for it
_CELL = 200
"""Characters of one cell: a row must fit into any comment, even with every character escaped."""
_TABLE = "| | Change | Object | People | Why |\n|---|---|---|---|---|"


def for_github(run: Run) -> tuple[str, ...]:
    """Return the comment for GitHub, or its numbered parts."""
    return markdown(run, GITHUB)


def for_gitlab(run: Run) -> tuple[str, ...]:
    """Return the note for GitLab."""
    return markdown(run, GITLAB)


def for_bitbucket_server(run: Run) -> tuple[str, ...]:
    """Return the comment for Bitbucket Server."""
    return markdown(run, BITBUCKET_SERVER)


def for_azure_devops(run: Run) -> tuple[str, ...]:
    """Return the comment for Azure DevOps."""
    return markdown(run, AZURE_DEVOPS)


def markdown(run: Run, platform: Platform) -> tuple[str, ...]:
    """Return the comment for a platform, or its numbered parts."""
    return _parts(run, platform, limit=platform.limit, most_parts=MOST_PARTS)


def step_summary(run: Run, limit: int) -> str:
    """Return the report in one piece of at most ``limit`` bytes; what does not fit is left out, and said."""
    return _parts(run, GITHUB, limit=limit, most_parts=1)[0]


def first_line(run: Run, platform: Platform, part: int = 1) -> str:
    """Return the hidden line by which a part is found again."""
    text = marker(run.command, run.environment, run.project)
    text += f":part={part}" if part > 1 else ""
    # Where HTML comments are shown, a link definition that nothing refers to is not.
    return f"<!-- {text} -->" if platform.html else f"[//]: # ({text})"


def _parts(run: Run, platform: Platform, *, limit: int, most_parts: int) -> tuple[str, ...]:
    shown = outline(run)

    def head(part: int, several: bool) -> str:  # noqa: FBT001 - called by position
        title = prose(shown.title) + (f" (part {part})" if several else "")
        return f"{first_line(run, platform, part)}\n\n### {_MARKS[shown.tone]} {title}\n\n"

    def left_out(number: int) -> str:
        return f"\n**Left out for want of room: {number} more blocks.** The HTML and JSON reports have all.\n"

    tail = "---\n\n" + "".join(f"{_footer(each)}\n" for each in shown.footer)
    cut = Cut(limit=limit, most_parts=most_parts, head=head, left_out=left_out, tail=tail)
    return cut_into_parts(_blocks(shown, platform), cut)


def _blocks(shown: Outline, platform: Platform) -> Iterator[Block]:
    yield Block(lines=[f"**{prose(shown.verdict)}**", "", *map(_fact, shown.facts), ""])
    problems = [each for each in shown.findings if each.severity is not Severity.NOTE]
    if problems:
        yield Block(lines=[_finding(each) for each in problems], opening="#### Problems\n")
    if shown.rows:
        yield Block(lines=[_table_row(each) for each in shown.rows], opening=_TABLE)
    for row in shown.rows:
        if row.diff or row.notes:
            yield _details(row, platform)
    if shown.guards:
        yield _guards(shown.guards)
    notes = [each for each in shown.findings if each.severity is Severity.NOTE]
    if notes:
        yield Block(lines=[_finding(each) for each in notes], opening="#### Notes\n")


def _fact(fact: Fact) -> str:
    mark = f"{_MARKS[fact.tone]} " if fact.tone is not Tone.QUIET else ""
    return f"- {mark}{fact.name}: {code(fact.text) if fact.is_code else prose(fact.text)}"


def _footer(fact: Fact) -> str:
    # Two spaces at the end break the line, where HTML would be shown as text, too.
    return f"{fact.name}: {code(fact.text) if fact.is_code else prose(fact.text)}  "


def _finding(finding: Finding) -> str:
    where = f" {code(str(finding.span))}" if finding.span else ""
    hint = f" *{prose(finding.hint)}*" if finding.hint else ""
    return f"- {_SEVERITIES[finding.severity]} {finding.code}{where} {prose(finding.message)}{hint}"


def _table_row(row: Row) -> str:
    name = cell_code(row.name, _CELL) + (f" {cell_code(row.label, _CELL)}" if row.label else "")
    cells = (
        cell_code(row.sign),
        prose(row.action, _CELL),
        name,
        prose(row.people, _CELL),
        prose(row.reason, _CELL),
    )
    return f"| {' | '.join(cells)} |"


def _details(row: Row, platform: Platform) -> Block:
    diff = [f"{each.sign} {printable(shortened(each.text))}" for each in row.diff]
    notes = [f"# {printable(shortened(each))}" for each in row.notes]
    lines = [*diff, *notes]
    fence = fence_for(lines)
    if not platform.html:
        title = f"**{row.sign} {row.action}** {code(row.name)}"
        return Block(lines=lines, opening=f"\n{title}\n\n{fence}diff", closing=f"{fence}\n")
    title = f"{escape(row.sign)} {escape(row.action)} {html_code(row.name)}"
    if row.place:
        title += f" {html_code(row.place)}"

    def opening(suffix: str = "") -> str:
        return f"<details><summary>{title}{suffix}</summary>\n\n{fence}diff"

    return Block(
        lines=lines,
        opening=opening(),
        closing=f"{fence}\n\n</details>\n",
        again=opening(" (continued)"),
    )


def _guards(judged: tuple[Judged, ...]) -> Block:
    lines = [
        f"| {_MARKS[each.tone]} | {prose(each.guard)} | {prose(each.word)} | {prose(each.measured)} "
        f"| {prose(each.limit)} | {prose(listed(each.names))} |"
        for each in judged
    ]
    head = "#### Guards\n\n| | Guard | Says | Measured | Limit | About |\n|---|---|---|---|---|---|"
    return Block(lines=lines, opening=head)
