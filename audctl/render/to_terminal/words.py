"""Small pieces that the blocks of several reports are made of: values, moments, places, counted nouns."""

from __future__ import annotations

import shlex
from datetime import UTC
from typing import TYPE_CHECKING

from audctl.render.printable import printable, quoted

if TYPE_CHECKING:
    from datetime import datetime

    from audctl.model.selection import Selection
    from audctl.model.span import Span
    from audctl.model.value import Plain, Unknown
    from audctl.render.paint import Paint

HIDDEN = "(sensitive)"
NOTHING = "(none)"
_WIDEST_VALUE = 300
"""Characters of one value in a plan; a rule may be longer than any reader's patience."""


def value(content: Plain | Unknown, *, sensitive: bool = False) -> str:
    """Return one field value, fit to show: texts quoted, flags and numbers bare."""
    if sensitive:
        return HIDDEN
    match content:
        case str():
            return quoted(_shortened(content))
        case tuple():
            return f"[{', '.join(quoted(each) for each in content)}]"
        case bool():
            return str(content).lower()
        case None:
            return NOTHING
        case _:
            return printable(str(content))


def _shortened(text: str) -> str:
    if len(text) <= _WIDEST_VALUE:
        return text
    return f"{text[:_WIDEST_VALUE]}... ({len(text)} characters)"


def moment(at: datetime | None) -> str:
    """Return a time in UTC to the second, or an empty text."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def to_the_minute(at: datetime) -> str:
    """Return an estimated time in UTC: seconds would be a pretence."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def between(earliest: datetime | None, latest: datetime) -> str:
    """Return ``from 2026-… to 2026-… UTC``, or ``by 2026-… UTC`` where nothing says from when."""
    if earliest is None:
        return f"by {to_the_minute(latest)}"
    return f"from {to_the_minute(earliest).removesuffix(' UTC')} to {to_the_minute(latest)}"


def place(span: Span | None, paint: Paint) -> str:
    """Return a place in a manifest as ``  file:line:col``, or nothing."""
    return "" if span is None else "  " + paint.faint(printable(str(span)))


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 object``, ``2 objects``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def only_a_part(selection: Selection, outside: str) -> str:
    """Return the line that says what was selected, and of how much nothing is said."""
    chosen = [f"--only {shlex.quote(each)}" for each in selection.only]
    chosen += [f"--exclude {shlex.quote(each)}" for each in selection.exclude]
    return f"Partial: {printable(' '.join(chosen))}; nothing is said about {outside} outside"


def label(text: str) -> str:
    """Return an object's human name in quotes with a space before it, or nothing."""
    return f" {quoted(text)}" if text else ""


def who_and_when(changed_by: str, changed_at: datetime | None) -> str:
    """Return ``by 12 at 2026-…``, as far as the live system says."""
    parts = []
    if changed_by:
        parts.append(f"by {printable(changed_by)}")
    if changed_at is not None:
        parts.append(f"at {moment(changed_at)}")
    return " ".join(parts)
