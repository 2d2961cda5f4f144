"""Pages kept in a file: what a cut leaves is gone on with, and never mixed with what is not of one piece."""

from __future__ import annotations

import csv
import json
import stat
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.errors import FindingsError
from audctl.exchange.page_spool import MAX_AGE, PageSpool
from audctl.model.people import PeoplePage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HEADER = ("id", "key")
VALUES = st.text(st.characters(codec="utf-8"), max_size=8)


class CutError(Exception):
    """The connection is gone."""


def table(size: int) -> list[tuple[str, ...]]:
    return [(str(number), f'k,"{number}"\n') for number in range(1, size + 1)]


def pages_of(
    rows: list[tuple[str, ...]], size: int = 3, *, cut_after: int | None = None
) -> Callable[[int | None], Iterator[PeoplePage]]:
    def pages(after: int | None) -> Iterator[PeoplePage]:
        left = [row for row in rows if after is None or int(row[0]) > after]
        for number, start in enumerate(range(0, len(left), size)):
            if number == cut_after:
                raise CutError
            page = left[start : start + size]
            yield PeoplePage(rows=tuple(page), last=int(page[-1][0]))

    return pages


def spool(folder: Path, what: str = "acme recipients") -> PageSpool:
    return PageSpool(folder / "work", "recipients", what=what, header=HEADER)


def content(file: PageSpool) -> list[tuple[str, ...]]:
    with file.path.open(encoding="utf-8", newline="") as lines:
        return [tuple(row) for row in csv.reader(lines)]


def test_a_table_is_kept_whole_under_its_header_for_the_owner_alone(tmp_path: Path) -> None:
    file = spool(tmp_path)
    told: list[int] = []
    assert file.fill(pages_of(table(7)), now=NOON, told=told.append) == 7
    assert content(file) == [HEADER, *table(7)]
    assert told == [3, 6, 7, 7]
    for path in (tmp_path / "work").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "work").stat().st_mode) == 0o700


@settings(max_examples=40)
@given(size=st.integers(0, 20), cut=st.integers(0, 6), junk=st.binary(max_size=9))
def test_a_cut_loses_and_repeats_nothing_whatever_it_left_behind(
    tmp_path_factory: pytest.TempPathFactory, size: int, cut: int, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    try:
        spool(folder).fill(pages_of(table(size), cut_after=cut), now=NOON)
    except CutError:
        with spool(folder).path.open("ab") as half_a_page:
            half_a_page.write(junk)
    asked: list[int | None] = []

    def rest(after: int | None) -> Iterator[PeoplePage]:
        asked.append(after)
        yield from pages_of(table(size))(after)

    file = spool(folder)
    assert file.fill(rest, now=NOON + timedelta(hours=1)) == size
    assert content(file) == [HEADER, *table(size)]
    assert asked in ([], [3 * cut or None])


@settings(max_examples=40)
@given(st.lists(st.tuples(VALUES, VALUES), max_size=4))
def test_any_value_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, str]]
) -> None:
    rows: list[tuple[str, ...]] = [
        (str(number), *pair) for number, pair in enumerate(values, start=1)
    ]
    file = spool(tmp_path_factory.mktemp("spool"))
    file.fill(pages_of(rows), now=NOON)
    assert content(file)[1:] == rows


def test_a_finished_file_is_not_read_again(tmp_path: Path) -> None:
    spool(tmp_path).fill(pages_of(table(4)), now=NOON)
    assert spool(tmp_path).fill(pages_of([], cut_after=0), now=NOON) == 4


@pytest.mark.parametrize(
    "change", ["another system", "too old", "from the future", "cut file", "damaged", "newer"]
)
def test_what_is_not_of_one_piece_is_read_anew(tmp_path: Path, change: str) -> None:
    old = spool(tmp_path)
    old.fill(pages_of([("1", "old")]), now=NOON)
    what, now = "acme recipients", NOON
    cursor = old.path.with_suffix(".cursor")
    match change:
        case "another system":
            what = "other recipients"
        case "too old":
            now = NOON + MAX_AGE + timedelta(seconds=1)
        case "from the future":
            now = NOON - timedelta(seconds=1)
        case "cut file":
            old.path.write_bytes(b"id")
        case "damaged":
            cursor.write_text("{", encoding="utf-8")
        case "newer":
            kept = json.loads(cursor.read_text(encoding="utf-8"))
            cursor.write_text(json.dumps(kept | {"format": 2}), encoding="utf-8")
    file = spool(tmp_path, what)
    file.fill(pages_of(table(2)), now=now)
    assert content(file) == [HEADER, *table(2)]


def test_two_exchanges_do_not_write_into_one_file(tmp_path: Path) -> None:
    def pages(_after: int | None) -> Iterator[PeoplePage]:
        with pytest.raises(FindingsError) as refused:
            spool(tmp_path).fill(pages_of(table(9)), now=NOON)
        assert [each.code for each in refused.value.findings] == ["AUD2731"]
        yield from pages_of(table(2))(None)

    file = spool(tmp_path)
    assert file.fill(pages, now=NOON) == 2
    assert content(file) == [HEADER, *table(2)]


def test_a_link_put_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("keep", encoding="utf-8")
    file = spool(tmp_path)
    file.path.parent.mkdir()
    file.path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        file.fill(pages_of(table(2)), now=NOON)
    assert target.read_text(encoding="utf-8") == "keep"


def test_dropping_leaves_no_id_behind(tmp_path: Path) -> None:
    file = spool(tmp_path)
    file.fill(pages_of(table(2)), now=NOON)
    file.drop()
    file.drop()
    assert not list((tmp_path / "work").iterdir())


def test_nobody_writes_into_a_file_that_is_still_in_use(tmp_path: Path) -> None:
    with ExitStack() as hold:
        assert spool(tmp_path).fill(pages_of(table(2)), now=NOON, hold=hold) == 2
        with pytest.raises(FindingsError) as refused:
            spool(tmp_path, "another table").fill(pages_of(table(9)), now=NOON)
        assert [each.code for each in refused.value.findings] == ["AUD2731"]
        assert content(spool(tmp_path)) == [HEADER, *table(2)]
    assert spool(tmp_path, "another table").fill(pages_of(table(9)), now=NOON) == 9
