"""Explanations of fields and codes, for people who have no schema at hand."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from audctl.render.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audctl.model.report import FieldExplanation
    from audctl.render.paint import Paint

_WIDTH = 96


def field_explanation(shown: FieldExplanation, paint: Paint) -> Iterator[str]:
    """Give the field's path and type, its meaning, its limits, and the fields below it."""
    required = ", required" if shown.required else ""
    yield f"{paint.bold(printable(shown.path))} <{shown.type}{required}>"
    yield ""
    yield from _wrapped(shown.description, "  ")
    for name, values in (("one of", shown.choices), ("examples", shown.examples)):
        if values:
            yield ""
            yield f"  {name}: {printable(', '.join(values))}"
    if shown.default is not None:
        yield ""
        yield f"  default: {printable(shown.default)}"
    if shown.fields:
        yield ""
        yield "Fields:"
        for each in shown.fields:
            star = ", required" if each.required else ""
            yield f"  {paint.bold(printable(each.name))} <{each.type}{star}>"
            yield from _wrapped(each.description, "      ")


def code_meaning(code: str, meaning: str, paint: Paint) -> Iterator[str]:
    """Give what a finding code stands for."""
    yield paint.bold(printable(code))
    yield from _wrapped(meaning, "  ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(printable(text), _WIDTH, initial_indent=indent, subsequent_indent=indent)
