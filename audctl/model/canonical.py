"""Canonical forms of field values: the one spelling that equal values share, fit for the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.objects import Form
from audctl.model.rules.boolean_tree import BooleanRule

if TYPE_CHECKING:
    from audctl.model.value import LiveValue, Plain

_TRUE = frozenset({True, "1", "true", "True", "TRUE"})


def canonical(form: Form, value: LiveValue) -> Plain:
    """Return the form equal values share: ``""``, ``()``, False or None where nothing is said.

    A rule that a provider could not parse stays the text it is, and so differs from every parsed one.
    """
    if form is Form.TEXT or form is Form.REFERENCE:
        return value if value.__class__ is str else _text(value)
    if form is Form.FLAG:
        return not isinstance(value, (tuple, BooleanRule)) and value in _TRUE
    if form is Form.SET:
        return _set(value)
    if form is Form.NUMBER:
        return _number(value)
    return value.canonical if isinstance(value, BooleanRule) else _text(value)


def is_nothing(value: Plain) -> bool:
    """Whether a canonical value says nothing; clearing such a field changes nothing."""
    return value is None or value is False or value in {"", ()}


def _text(value: LiveValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _set(value: LiveValue) -> tuple[str, ...]:
    if isinstance(value, (tuple, list)):
        return tuple(sorted({str(each) for each in value}))
    return () if value is None or value == "" else (str(value),)


def _number(value: LiveValue) -> Plain:
    if value is None or value == "":
        return None
    text = str(value).strip()
    try:
        return int(text)
    except ValueError:
        return text
