"""Members of a list: whatever was there and wherever it was cut, the end is what was wanted."""

# ruff: noqa: ARG002  # stands in for ports, whose arguments it does not need
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.errors import FindingsError
from audctl.exchange import list_members
from audctl.exchange.list_members import write_members
from audctl.model.exchange import ListChange
from audctl.model.people import PeoplePage, PeopleTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PEOPLE = st.sets(st.integers(-50, 50).filter(bool))


class CutError(Exception):
    """The process is gone."""


class OneList:
    """A list in memory that fails after so many writes, before or after it has carried the last one out."""

    def __init__(
        self, members: set[int], *, fails_at: int | None = None, carried: bool = False
    ) -> None:
        self.members = set(members)
        self.calls: list[tuple[str, tuple[int, ...]]] = []
        self.fails_at = fails_at
        self.carried = carried

    def read_people(self, table: PeopleTable, *, after: int | None) -> Iterator[PeoplePage]:
        rest = sorted(each for each in self.members if after is None or each > after)
        for start in range(0, len(rest), 4):
            page = rest[start : start + 4]
            yield PeoplePage(rows=tuple((str(each),) for each in page), last=page[-1])

    def count_rows(self, table: PeopleTable) -> int:
        return len(self.members)

    def add_members(self, list_id: str, recipients: Sequence[int]) -> None:
        self._write("add", recipients)

    def remove_members(self, list_id: str, recipients: Sequence[int]) -> None:
        self._write("remove", recipients)

    def _write(self, what: str, recipients: Sequence[int]) -> None:
        fails = len(self.calls) == self.fails_at
        if not fails or self.carried:
            self.calls.append((what, tuple(recipients)))
            self.members = (
                self.members | set(recipients) if what == "add" else self.members - set(recipients)
            )
        if fails:
            raise CutError


class Silent:
    def advanced(self, work: str, rows: int, share: float | None) -> None:
        assert share is None or 0 <= share <= 1


def write(world: OneList, wanted: set[int], folder: Path) -> ListChange:
    return write_members(
        sorted(wanted),
        list_id="7",
        reader=world,
        writer=world,
        folder=folder,
        told=Silent(),
        allowed=lambda _change: None,
    )


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_members, "BATCH", 5)
    monkeypatch.setattr(list_members, "_BUFFER", 3)


@given(there=PEOPLE, wanted=PEOPLE)
def test_the_list_ends_as_wanted_and_only_the_difference_is_written(
    tmp_path_factory: pytest.TempPathFactory, there: set[int], wanted: set[int]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    world = OneList(there)
    change = write(world, wanted, folder)
    assert world.members == wanted
    assert change == ListChange(
        before=len(there), added=len(wanted - there), removed=len(there - wanted)
    )
    assert change.after == len(wanted)
    written = [each for _, batch in world.calls for each in batch]
    assert sorted(written) == sorted(wanted ^ there)
    assert all(len(batch) <= 5 for _, batch in world.calls)
    assert [what for what, _ in world.calls] == sorted(
        (what for what, _ in world.calls), reverse=True
    )
    assert write(world, wanted, folder) == ListChange(before=len(wanted), added=0, removed=0)


@given(there=PEOPLE, wanted=PEOPLE, fails_at=st.integers(0, 8), carried=st.booleans())
def test_a_crash_anywhere_and_the_same_again_come_to_the_same_end(
    tmp_path_factory: pytest.TempPathFactory,
    there: set[int],
    wanted: set[int],
    fails_at: int,
    carried: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    world = OneList(there, fails_at=fails_at, carried=carried)
    try:
        write(world, wanted, folder)
    except CutError:
        world.fails_at = None
        write(world, wanted, folder)
    assert world.members == wanted


def test_nothing_is_written_when_the_change_is_not_allowed(tmp_path: Path) -> None:
    world = OneList({1, 2, 3})

    def refuse(change: ListChange) -> None:
        assert (change.before, change.after) == (3, 0)
        raise CutError

    with pytest.raises(CutError):
        write_members(
            [],
            list_id="7",
            reader=world,
            writer=world,
            folder=tmp_path,
            told=Silent(),
            allowed=refuse,
        )
    assert world.members == {1, 2, 3}
    assert not list(tmp_path.iterdir())


def test_a_list_that_someone_else_writes_meanwhile_is_an_error(tmp_path: Path) -> None:
    class Shared(OneList):
        def count_rows(self, table: PeopleTable) -> int:
            return len(self.members) + 1

    with pytest.raises(FindingsError) as caught:
        write(Shared({1}), {1, 2}, tmp_path)
    assert [each.code for each in caught.value.findings] == ["AUD2733"]


def test_recipients_out_of_order_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    world = OneList(set())
    with pytest.raises(ValueError, match="grow"):
        write_members(
            [2, 1],
            list_id="7",
            reader=world,
            writer=world,
            folder=tmp_path,
            told=Silent(),
            allowed=lambda _change: None,
        )
    assert not world.calls
