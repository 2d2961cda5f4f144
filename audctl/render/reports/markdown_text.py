"""Untrusted text inside Markdown: no mention, link, reference or mark-up, no broken table, no way out of a fence.

Rendered Markdown is searched again for ``@name``, ``#12``, ``!12``, ``:emoji:`` and addresses by the platforms, after
escapes are gone; so a zero-width space, written as a character reference, is put where such a thing would begin. Inside
code nothing is searched, and text there is left as it is.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

from audctl.render.printable import printable

_BREAK = "&#8203;"
_MARKUP = re.compile(r"[\\`*_\[\]|~#]")
_REFERENCE = re.compile(
    r"""(?x)
    @ | [#!%$^~](?=["\w])           # people, issues, merge requests, labels, milestones, snippets
    | &amp;(?=\w) | :(?=[\w+-]+:)   # epics; emoji
    | \b(?:GH|gh)(?=-\d)            # issues again
    | (?<=[a-zA-Z])(?=://) | \b(?:www|WWW)(?=\.)   # bare addresses
    """
)
_FENCE = re.compile(r"`+|~{3,}")
_SHORTEST_FENCE = 3
LONGEST_LINE = 1_000
"""Characters of one line: a rule or a message may be longer than any reader's patience, and than any comment."""


def shortened(text: str, most: int = LONGEST_LINE) -> str:
    """Return text that is no longer than ``most`` characters, and says what it lost."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def prose(text: str, most: int = LONGEST_LINE) -> str:
    """Return text for a paragraph or a table cell, in which nothing means anything."""
    content = escape(printable(shortened(text, most)), quote=False)
    pieces = []
    at = 0
    for found in _REFERENCE.finditer(content):
        pieces += [_mark_up(content[at : found.start()]), _mark_up(found.group()), _BREAK]
        at = found.end()
    return "".join((*pieces, _mark_up(content[at:])))


def _mark_up(text: str) -> str:
    # A dollar sign begins a formula, and a backslash would not keep it from that.
    return _MARKUP.sub(r"\\\g<0>", text).replace("$", "&#36;")


def code(text: str) -> str:
    """Return text as code within a line; empty for a blank one."""
    content = printable(shortened(text))
    if not content.strip():
        return ""
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    mark = "`" * (longest + 1)
    pad = " " if longest or content[0] == " " or content[-1] == " " else ""
    return f"{mark}{pad}{content}{pad}{mark}"


def cell_code(text: str, most: int = LONGEST_LINE) -> str:
    """Return text as code within a table's cell, where a bar needs its backslash even in code."""
    return code(shortened(text, most)).replace("|", "\\|")


def html_code(text: str) -> str:
    """Return text as code inside an HTML element that Markdown does not look into."""
    return f"<code>{escape(printable(shortened(text)))}</code>"


def fence_for(lines: list[str]) -> str:
    """Return a fence longer than any run of fence characters inside."""
    longest = max((len(run) for line in lines for run in _FENCE.findall(line)), default=0)
    return "`" * max(_SHORTEST_FENCE, longest + 1)


def marker(command: str, environment: str, project: str) -> str:
    """Return what identifies a report among others: the same for every run on one project and environment."""
    return f"audctl:{command}:env={_plain(environment)}:project={_plain(project)}"


def _plain(text: str) -> str:
    # In an HTML comment two hyphens in a row would end it.
    return quote(text.encode("utf-8", "replace"), safe="").replace("--", "-%2D") or "-"
