"""Members written to a Campaign list: what the list lacks is added, what it has too much is taken off.

The list itself says what is left to do, so no cursor can lie: after a crash in the middle, the same call reads the list
again, writes the rest, and ends where an undisturbed one would have. All of the difference is known before the first
write, and lies in unnamed files that go with the process: memory does not grow with the list.
"""

from __future__ import annotations

import tempfile
from array import array
from typing import TYPE_CHECKING, Final

from audctl.exchange.faults import fault
from audctl.model.exchange import ListChange
from audctl.model.people import PeopleKind, PeopleTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import IO

    from audctl.exchange.ports import Told
    from audctl.ports import MemberWriter, PeopleReader

BATCH: Final = 1000
_BUFFER: Final = 8192
_INTEGER: Final = "q"


def write_members(  # noqa: PLR0913 - by keyword
    wanted: Iterable[int],
    *,
    list_id: str,
    reader: PeopleReader,
    writer: MemberWriter,
    folder: Path,
    told: Told,
    allowed: Callable[[ListChange], None],
) -> ListChange:
    """Make the list hold exactly ``wanted``, which grow from one to the next and include nobody who has opted out.

    ``allowed`` sees the change before anything is written, and raises to stop it. Those to be taken off go first: they
    may have opted out. Raises a FindingsError when in the end the list does not hold as many as were written.
    """
    table = PeopleTable(kind=PeopleKind.MEMBERS, list_id=list_id)
    with (
        tempfile.TemporaryFile(dir=folder) as added_file,
        tempfile.TemporaryFile(dir=folder) as removed_file,
    ):
        added, removed = _Numbers(added_file), _Numbers(removed_file)
        before = 0
        live = (int(row[0]) for page in reader.read_people(table, after=None) for row in page.rows)
        for number, is_wanted, is_there in _merged(iter(wanted), live):
            before += is_there
            if not is_there:
                added.append(number)
            elif not is_wanted:
                removed.append(number)
        change = ListChange(before=before, added=added.count, removed=removed.count)
        allowed(change)
        done, total = 0, change.added + change.removed
        for numbers, write in ((removed, writer.remove_members), (added, writer.add_members)):
            for batch in numbers.batches():
                write(list_id, batch)
                done += len(batch)
                told.advanced("writing list members", done, done / total)
    found = reader.count_rows(table) if total else before
    if found != change.after:
        raise fault(
            "AUD2733",
            f"the list has {found} members where {change.after} were written:"
            " someone else writes it too, or Campaign left out recipients that are gone",
            "run it again: it reads the list anew and writes only what differs",
        )
    return change


class _Numbers:
    """Whole numbers in a file, in the order in which they came."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._waiting = array(_INTEGER)
        self.count = 0

    def append(self, number: int) -> None:
        self._waiting.append(number)
        self.count += 1
        if len(self._waiting) >= _BUFFER:
            self._flush()

    def batches(self) -> Iterator[list[int]]:
        self._flush()
        self._file.seek(0)
        size = BATCH * array(_INTEGER).itemsize
        while chunk := self._file.read(size):
            yield array(_INTEGER, chunk).tolist()

    def _flush(self) -> None:
        self._file.write(self._waiting.tobytes())
        self._waiting = array(_INTEGER)


def _merged(wanted: Iterator[int], live: Iterator[int]) -> Iterator[tuple[int, bool, bool]]:
    """Give every number of two growing series once, and in which of them it is."""
    left, right = next(wanted, None), next(live, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left < right):
            assert left is not None
            number, is_wanted, is_there = left, True, False
        else:
            number, is_wanted, is_there = right, left == right, True
        yield number, is_wanted, is_there
        if is_wanted:
            following = next(wanted, None)
            if following is not None and following <= number:
                raise ValueError("recipients to be written must grow from one to the next")
            left = following
        if is_there:
            right = next(live, None)
