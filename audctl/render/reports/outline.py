"""A run as an outline: headline, facts, one row per object, details, footer; Markdown and HTML only mark it up.

Every text in it is as it came, untrusted: whoever writes it out escapes it. Counts are already shown counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audctl.model.finding import Finding


class Tone(StrEnum):
    """How a thing should look to a reader who does not read yet."""

    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of headline or footer."""

    name: str
    text: str
    tone: Tone = Tone.QUIET
    is_code: bool = False
    """Something to copy: a digest, a command."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison."""

    sign: str
    """``+``, ``-`` or a space."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object."""

    sign: str
    """One to three characters, as in the terminal."""
    action: str
    name: str
    """Its address."""
    label: str = ""
    people: str = ""
    """Empty where no people are concerned."""
    reason: str = ""
    place: str = ""
    tone: Tone = Tone.QUIET
    diff: tuple[DiffLine, ...] = ()
    notes: tuple[str, ...] = ()
    """Whole lines below the comparison: who changed it, what a person has to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One guard's word."""

    guard: str
    word: str
    limit: str
    measured: str
    names: tuple[str, ...]
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Outline:
    """What a person should see, the most important first."""

    title: str
    """``audctl plan: shop, prod``."""
    verdict: str
    """One sentence: what it comes to."""
    tone: Tone
    facts: tuple[Fact, ...] = ()
    """At most ten, each one line."""
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()
    """The worst first."""
    guards: tuple[Judged, ...] = ()
    footer: tuple[Fact, ...] = ()


MOST_NAMED = 5


def listed(names: tuple[str, ...]) -> str:
    """Return a few names and how many more there are."""
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
