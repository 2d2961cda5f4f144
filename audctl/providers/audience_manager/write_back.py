"""Checks around a write: the object did not change meanwhile, and the system kept what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import ConflictError, InvalidAnswerError
from audctl.model.canonical import canonical
from audctl.model.objects import OBJECT_TYPES
from audctl.providers.aftermath import after_write
from audctl.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audctl.model.live import LiveObject
    from audctl.ports import WriteValue


def read_back(read: Callable[[], LiveObject | None], operation: str) -> LiveObject:
    """Return what was just written; a failure says that the write itself may well have happened."""
    with after_write():
        found = read()
    if found is None:
        raise InvalidAnswerError(
            f"{operation}: the object cannot be read back",
            operation=operation,
            may_have_happened=True,
        )
    return found


def read_created(
    read: Callable[[], LiveObject | None], fields: Mapping[str, WriteValue], operation: str
) -> LiveObject:
    """Return what was just created, as :func:`read_back` does; it must have the key it was given.

    An answer may name a number that is not the new object's: taken at its word, another object would be owned, changed
    and deleted as ours.
    """
    made = read_back(read, operation)
    key = tuple(str(fields.get(name) or "") for name in OBJECT_TYPES[made.type].key)
    if made.key != key:
        raise InvalidAnswerError(
            f"{operation}: what is there as {made.id} is another object, {'/'.join(filter(None, made.key))}",
            operation=operation,
            may_have_happened=True,
        )
    return made


def confirm_gone(read: Callable[[], LiveObject | None], operation: str) -> None:
    """Raise InvalidAnswerError when the system took a deletion and the object is still there."""
    with after_write():
        left = read()
    if left is not None:
        raise InvalidAnswerError(
            f"{operation}: accepted, but it is still there",
            operation=operation,
            may_have_happened=True,
        )


def write_over(  # noqa: PLR0913 - what one write is judged by, by keyword
    now: LiveObject,
    live: LiveObject,
    fields: Mapping[str, WriteValue],
    wanted: Mapping[str, WriteValue],
    *,
    send: Callable[[], object],
    read: Callable[[], LiveObject | None],
    operation: str,
) -> LiveObject:
    """Write over what ``now`` shows, unless it is in place already, and return what was kept.

    ``live`` is what the caller decided upon, ``wanted`` what ``fields`` come to once the system has them. Raises
    ConflictError when the object is no longer as ``live`` shows it.
    """
    if is_in_place(now, wanted):
        return now
    check_unchanged(now, live, operation)
    try:
        send()
    except ConflictError:
        # An earlier try whose answer was lost may be what changed it.
        with after_write():
            after = read()
        if after is not None and is_in_place(after, wanted):
            return after
        raise
    after = read_back(read, operation)
    check_kept(after, fields, operation)
    return after


def is_in_place(now: LiveObject, fields: Mapping[str, WriteValue]) -> bool:
    """Whether the object already has all these values; None is one of them, and means nothing is there."""
    return not _differing(now, fields)


def check_kept(after: LiveObject, fields: Mapping[str, WriteValue], operation: str) -> None:
    """Raise InvalidAnswerError when the system took the write and kept something else.

    A cleared field is left out: which default the system puts there is its own affair.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    if differing := _differing(after, given):
        raise InvalidAnswerError(
            f"{operation}: accepted, but {', '.join(differing)} reads back different",
            operation=operation,
            may_have_happened=True,
        )


def check_unchanged(now: LiveObject, before: LiveObject, operation: str) -> None:
    """Raise ConflictError when a field differs from what the caller decided upon."""
    types = OBJECT_TYPES[now.type].fields
    changed = [
        name
        for name, value in before.fields.items()
        if name in now.fields
        and canonical(types[name].form, now.fields[name]) != canonical(types[name].form, value)
    ]
    if changed:
        by = f" by user {now.changed_by}" if now.changed_by else ""
        raise ConflictError(
            f"{operation}: {', '.join(sorted(changed))} changed{by} since it was read",
            operation=operation,
        )


def _differing(now: LiveObject, fields: Mapping[str, WriteValue]) -> list[str]:
    """Name the fields that hold something else, as far as they are to be compared."""
    types = OBJECT_TYPES[now.type].fields
    return sorted(
        name
        for name, value in fields.items()
        if not isinstance(value, Secret)
        and not types[name].create_only
        and canonical(types[name].form, now.fields.get(name)) != canonical(types[name].form, value)
    )
