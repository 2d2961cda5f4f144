"""What a file is, with the reason why it cannot be used; and never an id."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from audctl.errors import FindingsError
from audctl.exchange.duckdb_engine import open_duckdb
from audctl.exchange.inspection import inspect_path
from audctl.exchange.job import MembersForm
from audctl.exchange.result import MANIFEST
from audctl.render import exchange_json
from tests.exchange import (
    DECLARED,
    FULL,
    ITER,
    MEMORY,
    Case,
    Silent,
    csv_table,
    put_control,
    put_lines,
    visitor_id,
)

if TYPE_CHECKING:
    from pathlib import Path

    from audctl.model.exchange import Inspection

T = "1767225600"
ONE, TWO = visitor_id(1), visitor_id(2)
DIGEST = "0123456789abcdef" * 4


def inspect(path: Path) -> Inspection:
    with open_duckdb(memory_bytes=MEMORY, threads=1, spool=None) as engine:
        found = inspect_path(path, engine, Silent())
    text = json.dumps(exchange_json.inspection(found))
    assert not any(each in text for each in (ONE, TWO, DIGEST, "C-1"))
    return found


def some(found: Inspection) -> dict[str, int]:
    return {name: count for name, count in found.counts.items() if count}


def test_an_outbound_file(tmp_path: Path) -> None:
    lines = [
        f"{ONE} vip,80022",
        f"{ONE} vip  ",
        f"{TWO}  80023",
        f"{DIGEST}\tvip 80024",
        "nothing",
        "",
    ]
    found = inspect(put_lines(tmp_path, f"{FULL}{T}000.sync.gz", lines))
    assert found.is_usable
    assert found.facts == {
        "destination": 4200, "data source": 5001, "transfer": "full", "made at": "2026-01-01 00:00:00 UTC",
        "compressed": True,
    }  # fmt: skip
    assert some(found) == {
        "lines": 6, "malformed": 2, "one blank": 3, "more blanks": 1, "two lists": 1, "distinct ids": 3,
        "most lines of one id": 2, "ids of 38 digits": 2, "ids of 64 hexadecimal digits": 1, "segments": 4,
    }  # fmt: skip


def test_an_outbound_file_that_can_be_read_in_two_ways(tmp_path: Path) -> None:
    found = inspect(put_lines(tmp_path, f"{ITER}{T}-2.sync", [f"{ONE}  vip"]))
    assert found.facts["part"] == 2
    assert "take out with one" in found.remarks[0]


def test_a_file_that_is_not_whole(tmp_path: Path) -> None:
    path = put_lines(tmp_path, f"{FULL}{T}.sync.gz", [f"{visitor_id(n)} vip" for n in range(9999)])
    path.write_bytes(path.read_bytes()[:-20])
    found = inspect(path)
    assert not found.is_usable
    assert "its end is missing" in found.problems[0]


def test_a_control_file(tmp_path: Path) -> None:
    file = put_lines(tmp_path, f"{FULL}{T}.sync", [f"{ONE} vip"])
    info = put_control(tmp_path, f"{FULL}{T}", [file])
    assert inspect(info).is_usable
    assert inspect(info).counts == {"files": 1, "lines": 1, "bytes": 43}
    put_control(tmp_path, f"{FULL}{T}", [file], FileByteSize=99)
    assert inspect(info).problems == (f"{file.name} has 43 of 99 bytes",)
    file.unlink()
    assert inspect(info).problems == (f"{file.name} is not there",)
    info.write_text("[]")
    assert not inspect(info).is_usable


def test_an_inbound_file(tmp_path: Path) -> None:
    name = f"ftp_dpm_5001_5002_{T}.overwrite.3.gz"
    good = [
        "d_sid=1,d_unsid=2",
        '"plan"="gold","region"=eu',
        "ic=news, 123",
        "7:0,8:-1",
        "-key = value",
    ]
    found = inspect(put_lines(tmp_path, name, [f"C-1\t{each}" for each in good]))
    assert found.is_usable
    assert found.facts["mode"] == "overwrite"
    assert found.facts["part"] == 3
    bad: list[str | bytes] = [
        "C-1", "C-1\t", "\td_sid=1", "C-1\td_sid=1\tx", "C-1\tnonsense", "a:b\td_sid=1", "C-1 \td_sid=1",
        "me@example.org\td_sid=1", f"C-1\td_sid=1,{'1,' * 52_000}1", b"\xff\td_sid=1",
    ]  # fmt: skip
    found = inspect(put_lines(tmp_path, name, [*bad, *["C-1\td_sid=1"] * 201]))
    assert found.counts["malformed"] == 6
    assert [each.split(" ", 1)[0] for each in found.problems] == ["6", "2", "1", "1", "an"]


def test_id_files(tmp_path: Path) -> None:
    lines = [f"{ONE}\tC-1", f"{TWO}\tC-1 ", "C-1\tC-2", ONE, f"{ONE}\tC-1\tC-2"]
    found = inspect(put_lines(tmp_path, f"adobe_id_0_5001_{T}.sync", lines))
    assert found.counts["malformed"] == 2
    assert found.counts["ends in a blank"] == 1
    assert found.counts["no visitor id"] == 1
    mails = [f"C-1\t{DIGEST}\t{DIGEST}", "C-1\tme@example.org"]
    found = inspect(put_lines(tmp_path, f"c2c_id_5001_5009_{T}.sync", mails))
    assert found.problems == ("1 lines do not have one id for each data source of the name",)


@pytest.mark.parametrize("name", [f"ftp_dpm_5001_{T}.sync", f"adobe_id_0_5001_{T}.sync.gz"])
def test_empty_inbound_files_are_invalid(tmp_path: Path, name: str) -> None:
    assert "empty files are invalid" in inspect(put_lines(tmp_path, name, [])).problems[0]


def test_a_result_is_what_was_written(tmp_path: Path) -> None:
    case = Case(tmp_path)
    case.know([(1, "", 0)])
    case.track([(1, ONE)])
    case.put(f"{FULL}{T}.sync", [f"{ONE} vip"])
    case.run()
    assert inspect(case.out).is_usable
    (case.out / "members.csv").write_bytes(b"recipient_id\n2\n")
    assert "its checksum differs" in inspect(case.out / "manifest.json").problems[0]
    (case.out / "members.csv").unlink()
    assert inspect(case.out).problems == ("members.csv is not there",)
    (case.out / "manifest.json").write_text('{"format": 99}')
    assert not inspect(case.out).is_usable


def test_other_files_are_unknown_and_absent_ones_an_error(tmp_path: Path) -> None:
    path = tmp_path / "members.csv.gz"
    path.write_bytes(gzip.compress(b"x"))
    assert not inspect(path).is_usable
    with pytest.raises(FindingsError):
        inspect(tmp_path / "nothing.sync")


def test_a_control_file_looks_only_beside_itself(tmp_path: Path) -> None:
    file = put_lines(tmp_path, f"{FULL}{T}.sync", [f"{ONE} vip"])
    info = put_control(tmp_path, f"{FULL}{T}", [file])
    (tmp_path / "deeper").mkdir()
    file.rename(tmp_path / "deeper" / file.name)
    assert inspect(info).problems == (f"{file.name} is not there",)


def result(tmp_path: Path, form: MembersForm, *, is_gzip: bool) -> Path:
    """Export two people, of whom one has no id, and import the other; gives the folder of both results."""
    case = Case(tmp_path, space=DECLARED, form=form, is_gzip=is_gzip)
    case.know([(1, "C-1", 0), (2, "", 0)])
    case.put(f"{FULL}{T}.sync", ["C-1 vip"])
    case.run()
    case.out.rename(tmp_path / "import")
    members = csv_table(tmp_path / "list.csv", ("recipient_id",), [(1,), (2,)])
    case.run_export(case.export(members, form=form))
    case.out.rename(tmp_path / "export")
    return tmp_path


@pytest.mark.parametrize(
    ("form", "is_gzip", "ending"),
    [
        (MembersForm.CSV, True, "csv.gz"),
        (MembersForm.CSV, False, "csv"),
        (MembersForm.PARQUET, False, "parquet"),
    ],
)
def test_a_table_of_a_result_is_held_to_the_manifest_beside_it(
    tmp_path: Path, form: MembersForm, is_gzip: bool, ending: str
) -> None:
    result(tmp_path, form, is_gzip=is_gzip)
    for folder, name, kind in (
        ("import", "members", "members of an import"),
        ("export", "complement", "complement of an export"),
    ):
        path = tmp_path / folder / f"{name}.{ending}"
        found = inspect(path)
        assert (found.kind, found.counts, found.problems) == (kind, {"rows": 1}, ())
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert "its checksum differs" in inspect(path).problems[0]
        path.write_bytes(whole[: len(whole) // 2])
        assert "bytes, and" in inspect(path).problems[0]
        assert f"{path.name}: it has" in inspect(path.parent).problems[0]
        path.write_bytes(whole)
        (path.parent / MANIFEST).unlink()
        alone = inspect(path)
        assert alone.kind == "unknown"
        assert "no manifest beside it" in alone.problems[0]


def test_rows_are_counted_whatever_the_manifest_says(tmp_path: Path) -> None:
    manifest = result(tmp_path, MembersForm.CSV, is_gzip=True) / "import" / MANIFEST
    manifest.write_text(
        manifest.read_text().replace('"rows": 1,\n      "bytes"', '"rows": 2,\n      "bytes"')
    )
    found = inspect(manifest.parent / "members.csv.gz")
    assert found.problems == ("it has 1 rows, and 2 were written",)


def test_an_inbound_file_of_a_result_is_held_to_the_manifest_as_well(tmp_path: Path) -> None:
    result(tmp_path, MembersForm.CSV, is_gzip=False)
    (path,) = (tmp_path / "export").glob("ftp_dpm_*")
    assert inspect(path).is_usable
    path.write_bytes(path.read_bytes().replace(b"C-1", b"C-2"))
    assert inspect(path).problems == ("it is not what was written: its checksum differs",)
