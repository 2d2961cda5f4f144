"""From the files of a folder to what is read of them, and in what order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.folder_store import FolderStore
from audctl.exchange.job import Control, Template, Timestamps
from audctl.exchange.transfers import Chain, find_chain
from tests.exchange import DESTINATION, FULL, ITER, SOURCE, put_control, put_lines

if TYPE_CHECKING:
    from pathlib import Path

T = "1767225600"
LATER = "1767312000"
LAST = "1767398400"
LINES = ["1 vip"]


def chain(folder: Path, template: Template | None = None, source: int | None = SOURCE) -> Chain:
    return find_chain(
        FolderStore(folder),
        template or Template(),
        destination_id=DESTINATION,
        data_source_id=source,
    )


def read(found: Chain) -> list[tuple[str, list[str]]]:
    """Give what is read: transfers with their files, without what is common to all names."""
    return [
        (
            each.name.removeprefix(f"s3_{DESTINATION}_{SOURCE}_"),
            [file.file.name.removeprefix(each.name) for file in each.files],
        )
        for each in found.transfers
    ]


def codes(found: Chain) -> list[str]:
    return [each.code for each in found.findings]


def refusal(folder: Path, template: Template | None = None, source: int | None = SOURCE) -> str:
    with pytest.raises(FindingsError) as caught:
        chain(folder, template, source)
    (finding,) = caught.value.findings
    return f"{finding.code} {finding.message} ({finding.hint})"


def test_a_later_full_transfer_replaces_everything_before_it(tmp_path: Path) -> None:
    for name in (f"{FULL}{T}", f"{ITER}{LATER}", f"{FULL}{LAST}"):
        put_lines(tmp_path, f"{name}.sync", LINES)
    found = chain(tmp_path)
    assert read(found) == [(f"full_{LAST}", [".sync"])]
    assert found.superseded == 2


def test_order_is_that_of_time_whatever_the_width_of_the_timestamp(tmp_path: Path) -> None:
    for name in (f"{ITER}{LAST}000", f"{ITER}{LATER}", f"{FULL}{T}000"):
        put_lines(tmp_path, f"{name}.sync.gz", LINES)
    assert [name for name, _ in read(chain(tmp_path))] == [
        f"full_{T}000",
        f"iter_{LATER}",
        f"iter_{LAST}000",
    ]


@pytest.mark.parametrize(
    ("names", "root", "parts"),
    [
        ([f"{T}", f"{T}001", f"{T}002"], T, [".sync", "001.sync", "002.sync"]),
        ([f"{T}000", f"{T}000001"], f"{T}000", [".sync", "001.sync"]),
        ([f"{T}-1", f"{T}-2"], T, ["-1.sync", "-2.sync"]),
        ([f"{T}123-1", f"{T}123-2"], f"{T}123", ["-1.sync", "-2.sync"]),
        ([f"{T}", f"{T}1000"], T, [".sync", "1000.sync"]),
    ],
)
def test_split_files_are_one_transfer(
    tmp_path: Path, names: list[str], root: str, parts: list[str]
) -> None:
    for name in names:
        put_lines(tmp_path, f"{FULL}{name}.sync", LINES)
    assert read(chain(tmp_path)) == [(f"full_{root}", parts)]


def test_thirteen_digits_that_may_be_either_are_not_guessed(tmp_path: Path) -> None:
    for split in ("001", "002"):
        put_lines(tmp_path, f"{FULL}{T}{split}.sync", LINES)
    assert "AUD2703" in refusal(tmp_path)
    assert "--timestamps" in refusal(tmp_path)
    seconds = chain(tmp_path, Template(timestamps=Timestamps.SECONDS))
    assert read(seconds) == [(f"full_{T}", ["001.sync", "002.sync"])]
    milliseconds = chain(tmp_path, Template(timestamps=Timestamps.MILLISECONDS))
    assert read(milliseconds) == [(f"full_{T}002", [".sync"])]
    assert milliseconds.superseded == 1


def test_a_control_file_tells_which_files_are_one_transfer(tmp_path: Path) -> None:
    files = [put_lines(tmp_path, f"{FULL}{T}{split}.sync", LINES) for split in ("001", "002")]
    put_control(tmp_path, f"{FULL}{T}", files)
    assert read(chain(tmp_path)) == [(f"full_{T}", ["001.sync", "002.sync"])]


def test_other_destinations_and_data_sources_are_left_alone(tmp_path: Path) -> None:
    put_lines(tmp_path / "date=2026-01-01", f"{FULL}{T}.sync", LINES)
    put_lines(tmp_path, f"s3_4299_{SOURCE}_full_{T}.sync", LINES)
    put_lines(tmp_path, f"s3_{DESTINATION}_5002_full_{T}.sync", LINES)
    put_lines(tmp_path, "notes.txt", LINES)
    found = chain(tmp_path)
    assert len(found.transfers) == 1
    assert found.skipped == {
        "keyed by another data source": 1,
        "not named like an outbound file": 1,
        "of another destination": 1,
    }
    assert "--data-source-id" in refusal(tmp_path, source=None)
    assert "keyed by 5001, 5002" in refusal(tmp_path, source=7)


def test_without_a_number_files_of_one_data_source_say_which(tmp_path: Path) -> None:
    put_lines(tmp_path, f"{FULL}{T}.sync", LINES)
    assert chain(tmp_path, source=None).data_source_id == SOURCE


def test_what_follows_a_transfer_that_is_not_whole_waits(tmp_path: Path) -> None:
    for mode, time in ((FULL, T), (ITER, LATER), (ITER, LAST)):
        put_control(tmp_path, f"{mode}{time}", [put_lines(tmp_path, f"{mode}{time}.sync", LINES)])
    (tmp_path / f"{ITER}{LATER}.sync").unlink()
    found = chain(tmp_path)
    assert [name for name, _ in read(found)] == [f"full_{T}"]
    assert codes(found) == ["AUD2708"]
    assert "1 of 1 files are not there; it and 1 later ones wait" in found.findings[0].message


def test_what_is_not_whole_does_not_matter_before_a_full_transfer(tmp_path: Path) -> None:
    put_control(tmp_path, f"{FULL}{T}", [put_lines(tmp_path, f"{FULL}{T}.sync", LINES)])
    (tmp_path / f"{FULL}{T}.sync").unlink()
    put_control(tmp_path, f"{FULL}{LATER}", [put_lines(tmp_path, f"{FULL}{LATER}.sync", LINES)])
    found = chain(tmp_path)
    assert [name for name, _ in read(found)] == [f"full_{LATER}"]
    assert codes(found) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"FileByteSize": 7_000}, "has 6 of 7,000 bytes"),
        ({"FileName": f"{FULL}{T}009.sync"}, "1 of 1 files are not there"),
    ],
)
def test_a_control_file_decides_what_is_whole(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    put_control(tmp_path, f"{FULL}{T}", [put_lines(tmp_path, f"{FULL}{T}.sync", LINES)], **changes)
    assert why in refusal(tmp_path)
    assert len(chain(tmp_path, Template(control=Control.IGNORED)).transfers) == 1


def test_control_files_are_needed_once_there_is_one(tmp_path: Path) -> None:
    put_lines(tmp_path, f"{ITER}{LATER}.sync", LINES)
    file = put_lines(tmp_path, f"{FULL}{T}.sync", LINES)
    assert len(chain(tmp_path).transfers) == 2
    put_control(tmp_path, f"{FULL}{T}", [file])
    found = chain(tmp_path)
    assert len(found.transfers) == 1
    assert "its control file is not there" in found.findings[0].message


def test_required_control_files_that_are_not_there(tmp_path: Path) -> None:
    put_lines(tmp_path, f"{FULL}{T}.sync", LINES)
    message = refusal(tmp_path, Template(control=Control.REQUIRED))
    assert re.match("AUD2702 there is no whole transfer", message)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"Files": [1]}', '{"Files": [], "Totals": {"TotalNumberFiles": 2}}']
)
def test_a_control_file_that_says_nothing_yet(tmp_path: Path, text: str) -> None:
    put_lines(tmp_path, f"{FULL}{T}.sync", LINES)
    (tmp_path / f"{FULL}{T}.info").write_text(text)
    assert "cannot be read" in refusal(tmp_path)


def test_unquoted_keys_are_read(tmp_path: Path) -> None:
    put_lines(tmp_path, f"{FULL}{T}.sync", LINES)
    entry = f'{{FileByteSize: 6, FileLineCount: 1, FileName: "{FULL}{T}.sync"}}'
    text = f"{{Files: [{entry}], Totals: {{TotalNumberFiles: 1}}}}"
    (tmp_path / f"{FULL}{T}.info").write_text(text)
    assert chain(tmp_path).transfers[0].files[0].lines == 1


def test_an_incremental_transfer_at_the_beginning_is_told(tmp_path: Path) -> None:
    put_lines(tmp_path, f"{ITER}{T}.sync", LINES)
    found = chain(tmp_path)
    assert codes(found) == ["AUD2709"]
    assert not found.starts_full


def test_one_name_in_two_folders_is_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        put_lines(tmp_path / folder, f"{FULL}{T}.sync", LINES)
    assert "a/" in refusal(tmp_path)
    assert "same name" in refusal(tmp_path)


def test_a_control_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = put_lines(tmp_path, f"{FULL}1767225600000.sync", ["x vip"])
    control = put_control(tmp_path, f"{FULL}1767225600000", [file])
    control.write_bytes(b"\xef\xbb\xbf" + control.read_bytes())
    assert len(chain(tmp_path).transfers) == 1


def test_a_control_file_that_names_a_file_twice_is_not_believed(tmp_path: Path) -> None:
    file = put_lines(tmp_path, f"{FULL}1767225600000.sync", ["x vip"])
    put_control(tmp_path, f"{FULL}1767225600000", [file, file])
    assert "names a file twice" in refusal(tmp_path)
