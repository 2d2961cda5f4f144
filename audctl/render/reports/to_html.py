"""A run as one page: nothing is loaded, nothing runs, and every value is text.

The page forbids itself scripts and anything from elsewhere; what unfolds is the browser's own ``<details>``.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from audctl.model.finding import Severity
from audctl.render.printable import printable
from audctl.render.reports.outline import Tone, listed
from audctl.render.reports.outlines import outline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from audctl.model.finding import Finding
    from audctl.model.run import Run
    from audctl.render.reports.outline import Fact, Judged, Outline, Row

LONGEST_TEXT = 20_000
"""Characters of one value; a browser would take more, a reader would not."""

_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.CAUTION, Severity.NOTE: Tone.QUIET}


def html(run: Run) -> tuple[str, ...]:
    """Return the page."""
    return ("".join(_page(outline(run))),)


def _page(shown: Outline) -> Iterator[str]:
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = _text(f"{shown.title}: {shown.verdict}")
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    yield f'<header class="{shown.tone}">\n<p class="title">{_text(shown.title)}</p>\n'
    yield f"<h1>{_text(shown.verdict)}</h1>\n</header>\n"
    yield from _contents(shown)
    yield "<main>\n"
    yield from _facts(shown.facts)
    yield from _problems(shown.findings)
    yield from _objects(shown.rows)
    yield from _guards(shown.guards)
    yield "</main>\n<footer>\n"
    yield from _definitions(shown.footer)
    yield "</footer>\n</body>\n</html>\n"


def _contents(shown: Outline) -> Iterator[str]:
    parts = [
        (name, anchor, number)
        for name, anchor, number in (
            ("Findings", "findings", len(shown.findings)),
            ("Objects", "objects", len(shown.rows)),
            ("Guards", "guards", len(shown.guards)),
        )
        if number
    ]
    if parts:
        links = "".join(
            f'<li><a href="#{anchor}">{name} <span class="number">{number}</span></a></li>'
            for name, anchor, number in parts
        )
        yield f'<nav aria-label="Parts of this report"><ul>{links}</ul></nav>\n'


def _facts(facts: Iterable[Fact]) -> Iterator[str]:
    listed_facts = tuple(facts)
    if listed_facts:
        yield '<section aria-label="Summary" class="summary">\n'
        yield from _definitions(listed_facts)
        yield "</section>\n"


def _definitions(facts: Iterable[Fact]) -> Iterator[str]:
    yield "<dl>\n"
    for each in facts:
        content = f"<code>{_text(each.text)}</code>" if each.is_code else _text(each.text)
        yield f'<div class="{each.tone}"><dt>{_text(each.name)}</dt><dd>{content}</dd></div>\n'
    yield "</dl>\n"


def _problems(found: tuple[Finding, ...]) -> Iterator[str]:
    if not found:
        return
    yield '<section aria-labelledby="findings">\n<h2 id="findings">Findings</h2>\n<ul class="findings">\n'
    for each in found:
        tone = _TONES[each.severity]
        where = f' <code class="place">{_text(str(each.span))}</code>' if each.span else ""
        hint = f'<p class="hint">{_text(each.hint)}</p>' if each.hint else ""
        yield (
            f'<li class="{tone}"><span class="chip">{each.severity.value}</span> '
            f"<strong>{_text(each.code)}</strong>{where}<p>{_text(each.message)}</p>{hint}</li>\n"
        )
    yield "</ul>\n</section>\n"


def _objects(rows: tuple[Row, ...]) -> Iterator[str]:
    if not rows:
        return
    yield (
        '<section aria-labelledby="objects">\n<h2 id="objects">Objects</h2>\n<div class="wide">\n'
        '<table>\n<thead><tr><th scope="col">Change</th><th scope="col">Object</th>'
        '<th scope="col">People</th><th scope="col">Why</th></tr></thead>\n<tbody>\n'
    )
    for each in rows:
        yield _row(each)
    yield "</tbody>\n</table>\n</div>\n</section>\n"


def _row(row: Row) -> str:
    # A long address may break before its object's type; the parts are escaped first, for escapes hold "#" too.
    parts = "<wbr>#".join(_text(each) for each in row.name.split("#"))
    name = f"<code>{parts}</code>"
    if row.label:
        name += f' <bdi class="label">{_text(row.label)}</bdi>'
    details = _details(row)
    content = f"<details><summary>{name}</summary>{details}</details>" if details else name
    place = f' <code class="place">{_text(row.place)}</code>' if row.place else ""
    return (
        f'<tr class="{row.tone}"><td><span class="chip"><span aria-hidden="true">{_text(row.sign)}'
        f'</span> {_text(row.action)}</span></td><th scope="row">{content}</th>'
        f"<td>{_text(row.people)}</td><td>{_text(row.reason)}{place}</td></tr>\n"
    )


def _details(row: Row) -> str:
    marks = {"+": "ins", "-": "del", " ": "span"}
    lines = "\n".join(
        f"<{marks[each.sign]}>{each.sign} {_text(each.text)}</{marks[each.sign]}>"
        for each in row.diff
    )
    notes = "".join(f"<p>{_text(each)}</p>" for each in row.notes)
    return (f"<pre>{lines}</pre>" if lines else "") + notes


def _guards(judged: tuple[Judged, ...]) -> Iterator[str]:
    if not judged:
        return
    yield (
        '<section aria-labelledby="guards">\n<h2 id="guards">Guards</h2>\n<div class="wide">\n'
        '<table>\n<thead><tr><th scope="col">Guard</th><th scope="col">Says</th>'
        '<th scope="col">Measured</th><th scope="col">Limit</th><th scope="col">About</th></tr>'
        "</thead>\n<tbody>\n"
    )
    for each in judged:
        yield (
            f'<tr class="{each.tone}"><th scope="row"><code>{_text(each.guard)}</code></th>'
            f'<td><span class="chip">{_text(each.word)}</span></td><td>{_text(each.measured)}</td>'
            f"<td>{_text(each.limit)}</td><td>{_text(listed(each.names))}</td></tr>\n"
        )
    yield "</tbody>\n</table>\n</div>\n</section>\n"


def _text(text: str) -> str:
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
    return escape(printable(shown))
