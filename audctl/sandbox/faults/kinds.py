"""The faults there are: what each does to a call, the fields it takes, an example that works as it stands.

The documentation's tables are made from here, and a test holds them together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way in which a call can go wrong."""

    summary: str
    example: Mapping[str, object]
    """A whole rule, ready to be posted."""
    takes: tuple[str, ...] = ()
    """Fields beside those that every rule may have."""
    needs: tuple[str, ...] = ()
    """Those of them that must be there."""
    only: str = ""
    """Which of the calls that its route names it can strike; empty for all."""


KINDS: Mapping[str, FaultKind] = {
    "latency": FaultKind(
        "The call is carried out after a wait.",
        {"route": "GET /v1/segments*", "kind": "latency", "latency_ms": 1500},
        needs=("latency_ms",),
    ),
    "status": FaultKind(
        "An answer with a status of your choice: 429 with or without `Retry-After`, 5xx before the work or, with"
        " `when: after`, although the work is done.",
        {"route": "* /v1/*", "kind": "status", "status": 429, "retry_after": 7, "nth": 3},
        takes=("when", "status", "headers", "body", "retry_after", "retry_after_form"),
    ),
    "soap_fault": FaultKind(
        "A SOAP fault with status 200, its text or its whole envelope from `body`.",
        {"route": "SOAP xtk:persist#*", "kind": "soap_fault", "body": "XSV-350013 Busy.", "nth": 1},
        takes=("when", "headers", "body"),
    ),
    "html": FaultKind(
        "The HTML error page of some gateway, where JSON or XML is due.",
        {"route": "GET /v1/traits", "kind": "html", "status": 503, "retry_after": 2, "times": 2},
        takes=("when", "status", "headers", "body", "retry_after", "retry_after_form"),
    ),
    "malformed": FaultKind(
        "Half of the answer as if it were the whole: the length is right, the JSON or XML is broken.",
        {"route": "SOAP xtk:queryDef#*", "kind": "malformed", "when": "after", "nth": 2},
        takes=("when",),
    ),
    "cut": FaultKind(
        "Half of an answer, then the connection is closed.",
        {"route": "GET /v1/datasources", "kind": "cut", "when": "after", "nth": 1},
        takes=("when",),
    ),
    "slow": FaultKind(
        "The call is carried out, its answer trickles in pieces with a pause after each.",
        {"route": "GET /v1/traits*", "kind": "slow", "chunk_bytes": 512, "pause_ms": 200},
        takes=("chunk_bytes", "pause_ms"),
    ),
    "reset": FaultKind(
        "The connection is reset without any answer.",
        {"route": "POST /v1/segments", "kind": "reset", "when": "after", "nth": 1},
        takes=("when",),
    ),
    "expired_token": FaultKind(
        "Every token and session is invalid from this call on, until the caller signs in again; the call gets the"
        " system's own answer to that.",
        {"route": "PUT /v1/*", "kind": "expired_token", "nth": 5},
    ),
    "duplicate_page": FaultKind(
        "The page before the one that was asked for, under the number of the latter.",
        {"route": "GET /v1/traits", "kind": "duplicate_page", "nth": 1},
        only="lists asked for by page, from the second page on (`page`; `startLine` of a query)",
    ),
    "shift_page": FaultKind(
        "A page that starts `rows` further on, as if rows before it had gone meanwhile: some are seen by nobody."
        " With a negative number it starts earlier, and rows come twice. The total stays.",
        {"route": "SOAP xtk:queryDef#ExecuteQuery", "kind": "shift_page", "rows": 2, "nth": 1},
        takes=("rows",),
        only="lists asked for by page, from the second page on (`page`; `startLine` of a query)",
    ),
    "lost_write": FaultKind(
        "Answered as done, and not done.",
        {"route": "PUT /v1/segments/*", "kind": "lost_write", "nth": 1},
        only="calls other than GET and HEAD",
    ),
    "concurrent_editor": FaultKind(
        "Somebody else changes the object first (with `when: after`: right after the answer), signed in as"
        " `marketer`. For Audience Manager `edit` holds the fields that change in the object of the call's path; where"
        " the call makes an object, the other one makes it first. For Campaign it is the document that the other one"
        " writes.",
        {
            "route": "PUT /v1/segments/*",
            "kind": "concurrent_editor",
            "edit": {"description": "Edited in the console"},
            "nth": 1,
        },
        takes=("when", "edit"),
        needs=("edit",),
        only="calls of the system that `edit` is for: an object for Audience Manager, XML text for Campaign",
    ),
}
"""Every kind by its name."""


@dataclass(frozen=True, slots=True)
class FaultField:
    """One field of a rule, as the documentation lists it."""

    form: str
    meaning: str
    default: str = ""


FIELDS: Mapping[str, FaultField] = {
    "route": FaultField(
        "text",
        "glob over `METHOD /path`, or over `SOAP schema#Method` for Campaign; always needed",
    ),
    "kind": FaultField("text", "one of the kinds above; always needed"),
    "nth": FaultField("1 … 1000000", "strike from the nth such call on, counted from 1", "1"),
    "times": FaultField(
        "1 … 1000000", "how many calls to strike", "one where `nth` is given, else every one"
    ),
    "probability": FaultField(
        "0 … 1", "share of those calls to strike, chosen by `seed` and the call's number", "1"
    ),
    "seed": FaultField(
        "whole number",
        "the same seed chooses the same calls; may stand beside `rules` for all",
        "0",
    ),
    "latency_ms": FaultField("0 … 1000000", "wait this long first, whatever the kind", "0"),
    "when": FaultField(
        "`before`, `after`", "`after`: the call is carried out, then its answer is lost", "before"
    ),
    "status": FaultField("200 … 599", "HTTP status", "500; 502 for `html`"),
    "headers": FaultField("object of texts", "headers of the answer, beside its length", "none"),
    "body": FaultField("text or JSON", "body of the answer", "empty"),
    "retry_after": FaultField("0 … 86400", "a `Retry-After` header of so many seconds", "none"),
    "retry_after_form": FaultField(
        "`seconds`, `date`", "whether that header gives the seconds or the date", "seconds"
    ),
    "chunk_bytes": FaultField("1 … 1000000", "size of each piece", "64"),
    "pause_ms": FaultField("0 … 1000000", "pause after each piece", "100"),
    "rows": FaultField("-1000 … 1000", "by how many rows the page is off; not 0", "1"),
    "edit": FaultField("object or XML text", "what the other one writes"),
}
"""Every field by its name."""

COMMON = ("route", "kind", "nth", "times", "probability", "seed", "latency_ms")
"""Fields that a rule of any kind may have."""
