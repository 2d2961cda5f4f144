"""The page at `/`: what the sandbox holds, its people and its calls, as one HTML document that needs no script.

Everything that comes from outside goes through `_text`; the browser is told to run nothing and to load nothing.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files

from audctl.sandbox.calls import Call
from audctl.sandbox.contents import Contents, Kind

LONGEST_TEXT = 200
SHOWN_CALLS = 50
_FAILED = 400

_STYLE = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ADDRESSES = {
    "/ims/token/v3": "IMS",
    "/v1/…": "Audience Manager",
    "/nl/jsp/soaprouter.jsp": "Campaign",
    "/_sandbox/openapi.json": "Audience Manager's part, described for machines",
    "/_sandbox/status": "these numbers as JSON",
}


@dataclass(frozen=True, slots=True)
class PageView:
    """What the page shows."""

    now: datetime
    """Of the sandbox's own clock."""
    contents: Contents
    routes: Mapping[str, int]
    """Calls by route."""
    calls: Sequence[Call]
    """The latest calls, oldest first."""
    total_calls: int
    faults: Sequence[Mapping[str, object]]


def render(view: PageView) -> str:
    """Write the page."""
    contents = view.contents
    parts = [
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        "<link rel='icon' href='data:,'><title>audctl sandbox</title>",
        f"<style>{_STYLE}</style></head><body>",
        "<header><h1>audctl sandbox</h1>",
        f"<p>Its clock says <time datetime='{view.now.isoformat()}'>{view.now:%Y-%m-%d %H:%M:%S} UTC</time>.</p>",
        "<nav><a href='#people'>People</a><a href='#audience-manager'>Audience Manager</a>",
        "<a href='#campaign'>Campaign</a><a href='#calls'>Calls</a><a href='#faults'>Faults</a></nav></header>",
        "<main>",
        _heading("people", "People"),
        _counts(contents.people),
        _heading("audience-manager", "Audience Manager"),
        *(_kind(kind) for kind in contents.audience_manager),
        _heading("campaign", "Campaign"),
        *(_kind(kind) for kind in contents.campaign),
        _heading("calls", f"Calls: {view.total_calls:,}"),
        *_calls(view),
        _heading("faults", f"Faults in force: {len(view.faults)}"),
        _faults(view.faults),
        _heading("addresses", "Addresses"),
        f"<div class='scroll'>{_table(('path', 'is'), _ADDRESSES.items())}</div>",
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _heading(anchor: str, title: str) -> str:
    return f"<h2 id='{anchor}'>{_text(title)}</h2>"


def _counts(counts: Mapping[str, int]) -> str:
    cards = (
        f"<div><dt>{_text(name)}</dt><dd>{count:,}</dd></div>" for name, count in counts.items()
    )
    return f"<dl class='counts'>{''.join(cards)}</dl>"


def _kind(kind: Kind) -> str:
    summary = f"<summary>{_text(kind.title)} <b>{kind.count:,}</b></summary>"
    if not kind.headings or not kind.rows:
        what = "Nothing yet." if not kind.count else "Counted only."
        return f"<details>{summary}<div class='scroll'><p class='dim'>{what}</p></div></details>"
    rest = kind.count - len(kind.rows)
    more = f"<p class='dim'>and {rest:,} older</p>" if rest > 0 else ""
    table = _table(kind.headings, kind.rows)
    return f"<details>{summary}<div class='scroll'>{table}{more}</div></details>"


def _calls(view: PageView) -> Iterable[str]:
    if not view.total_calls:
        yield "<p class='dim'>None yet.</p>"
        return
    routes = sorted(view.routes.items(), key=lambda each: (-each[1], each[0]))
    yield "<details><summary>By route</summary><div class='scroll'>"
    yield _table(("route", "calls"), routes)
    yield "</div></details><details open><summary>The latest</summary><div class='scroll'>"
    rows = "".join(_call(call) for call in reversed(view.calls))
    yield f"<table>{_head(('no.', 'method', 'path', 'status', 'fault'))}<tbody>{rows}</tbody></table>"
    yield "</div></details>"


def _call(call: Call) -> str:
    bad = " bad" if not call.status or call.status >= _FAILED else ""
    status = str(call.status) if call.status else "dropped"
    return (
        f"<tr><td class='number'>{call.number}</td><td>{_text(call.method)}</td>"
        f"<td><code>{_text(call.path)}</code></td><td class='number{bad}'>{status}</td>"
        f"<td>{_text(call.fault)}</td></tr>"
    )


def _faults(faults: Sequence[Mapping[str, object]]) -> str:
    if not faults:
        return "<p class='dim'>None.</p>"
    names = ("number", "route", "kind", "matched", "struck", "trouble")
    table = _table(names, [tuple(fault.get(name) for name in names) for fault in faults])
    return f"<div class='scroll'>{table}</div>"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
    return f"<table>{_head(headings)}<tbody>{body}</tbody></table>"


def _head(headings: Sequence[str]) -> str:
    cells = "".join(f"<th scope='col'>{_text(heading)}</th>" for heading in headings)
    return f"<thead><tr>{cells}</tr></thead>"


def _cell(value: object) -> str:
    css = " class='number'" if isinstance(value, int | float) else ""
    return f"<td{css}>{_text(value)}</td>"


def _text(value: object) -> str:
    """Make any value fit to stand in the document: cut, escaped, without what is no character of HTML."""
    if value is None:
        return ""
    text = str(value)
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
    printable = "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown
    )
    return escape(printable)
