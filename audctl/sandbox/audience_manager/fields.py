"""Fields of the API's objects: which may be sent, in what form, and what an absent one becomes.

Numbers and booleans are also accepted as text. Read-only and unknown members of a body are ignored, because every
vendor client puts back the whole object it read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.errors import invalid

MAX_NAME_LENGTH = 255
_MAX_NUMBER = 2**53
_ABSENT = object()

Document = dict[str, object]


class Form(Enum):
    """What a field's value looks like."""

    TEXT = "text"
    NUMBER = "a whole number"
    BOOLEAN = "true or false"
    TEXTS = "a list of texts"
    NUMBERS = "a list of whole numbers"


@dataclass(frozen=True, slots=True)
class Field:
    """One writable field."""

    name: str
    form: Form = Form.TEXT
    required: bool = False
    default: object = None
    allowed: frozenset[str] | None = None
    """The only values a text, or a member of a list of texts, may take."""
    max_length: int | None = None
    create_only: bool = False
    """Settable on create; a later PUT may repeat the value, not change it."""
    low: int = 0
    high: int = _MAX_NUMBER
    shown_when_null: bool = True
    """Whether objects carry the member while nobody has set it."""


def decode(
    fields: Sequence[Field],
    body: Mapping[str, object],
    stored: Mapping[str, object] | None,
    choices: Choices,
) -> Document:
    """Read the writable fields of a body, onto `stored` when it is a PUT.

    An absent optional field takes its default, or keeps the stored value when the choices say so. Raises ApiError 400
    with one detail for each wrong field.
    """
    document: Document = {}
    problems: list[str] = []
    for spec in fields:
        value = body.get(spec.name, _ABSENT)
        kept = spec.create_only or not choices.absent_field_on_put_resets
        if stored is not None and value is _ABSENT and kept:
            document[spec.name] = stored.get(spec.name, spec.default)
            continue
        if value is _ABSENT or value is None:
            if spec.required:
                problems.append(f"{spec.name} is required")
            document[spec.name] = spec.default
            continue
        try:
            document[spec.name] = _read(spec, value)
        except _WrongValueError as error:
            problems.append(f"{spec.name} {error}")
            continue
        fixed = stored is not None and spec.create_only and choices.create_only_fields_fixed
        if fixed and stored is not None and document[spec.name] != stored.get(spec.name):
            problems.append(f"{spec.name} cannot be changed")
    if problems:
        raise invalid(*problems)
    return document


def without_unset(
    fields: Sequence[Field], document: Mapping[str, object], stored: Mapping[str, object]
) -> Document:
    """Leave out the members that show only once they have been set."""
    hidden = {spec.name for spec in fields if not spec.shown_when_null} - stored.keys()
    return {
        name: value for name, value in document.items() if value is not None or name not in hidden
    }


class _WrongValueError(ValueError):
    """A value its field cannot take; the text continues a sentence that starts with the field's name."""


def _read(spec: Field, value: object) -> object:
    read = _READERS[spec.form](value)
    if read is None:
        raise _WrongValueError(f"must be {spec.form.value}")
    texts = [read] if isinstance(read, str) else read if isinstance(read, list) else []
    for text in texts:
        if spec.allowed is not None and text not in spec.allowed:
            raise _WrongValueError(f"must be one of {', '.join(sorted(spec.allowed))}")
    if isinstance(read, str):
        if spec.required and not read.strip():
            raise _WrongValueError("is required")
        if spec.max_length is not None and len(read) > spec.max_length:
            raise _WrongValueError(f"may have at most {spec.max_length} characters")
    if isinstance(read, int) and not isinstance(read, bool) and not spec.low <= read <= spec.high:
        raise _WrongValueError(f"must be from {spec.low} to {spec.high}")
    return read


def read_number(value: object) -> int | None:
    """Read a whole number, also from text; None when it is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) <= _MAX_NUMBER else None
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= len(str(_MAX_NUMBER))
    ):
        return int(value)
    return None


def _read_text(value: object) -> str | None:
    return value if isinstance(value, str) and "\x00" not in value else None


def _read_boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _read_list(read: Callable[[object], object]) -> Callable[[object], list[object] | None]:
    def read_all(value: object) -> list[object] | None:
        if not isinstance(value, list):
            return None
        members = [read(member) for member in value]
        return None if None in members else members

    return read_all


_READERS: Mapping[Form, Callable[[object], object]] = {
    Form.TEXT: _read_text,
    Form.NUMBER: read_number,
    Form.BOOLEAN: _read_boolean,
    Form.TEXTS: _read_list(_read_text),
    Form.NUMBERS: _read_list(read_number),
}
