"""Tables that cannot be read, told by file and line; ids that came as fractional numbers. No message tells a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from audctl.errors import FindingsError
from audctl.exchange.folder_store import LocalTable
from audctl.exchange.ports import TableFile, TableForm
from tests.exchange import DECLARED, FULL, VISITOR, Case, buckets, csv_table, visitor_id

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "".join(f"{number},a-{number},0\n" for number in range(40_000)).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"7,SOMEONE,0,1\n", "has not as many values as there are columns"),
        (b'7,"SOMEONE,0\n', "a quote is not closed"),
        (b'7,"SOM"EONE,0\n', "a quote is not closed"),
        (b"7,SOMEONE\xff,0\n", "is not UTF-8"),
        (b'7,"SOMEONE\n  file = /etc/passwd\n",0,1\n', "as many values"),
    ],
)
@pytest.mark.parametrize("is_early", [True, False])
def test_a_line_that_cannot_be_read_is_told_by_its_place(
    tmp_path: Path, line: bytes, reason: str, is_early: bool
) -> None:
    case = Case(tmp_path, DECLARED)
    case.put(f"{FULL}1767225600.sync", ["a-1 vip"])
    before = GOOD[: GOOD.index(b"3,")] if is_early else GOOD
    path = tmp_path / "recipients.csv"
    path.write_bytes(b"id,account,blackList\n" + before + line + GOOD[:8])
    case.recipients = LocalTable(TableFile(form=TableForm.CSV, paths=(path,)))
    with pytest.raises(FindingsError) as caught:
        case.run()
    (finding,) = caught.value.findings
    told = f"{finding.message} {finding.hint}"
    assert "SOM" not in told
    if is_early and finding.span is None:
        # From a beginning that fits no form, nothing can be said of a line.
        assert finding.code in ("AUD2701", "AUD2704")
        return
    assert finding.code == "AUD2713"
    assert reason in told
    assert finding.span is not None
    assert finding.span.file == str(path)
    assert finding.span.line == before.count(b"\n") + 2


def parquet(path: Path, select: str) -> LocalTable:
    with duckdb.connect() as engine:
        engine.execute(f"COPY ({select}) TO '{path}' (format parquet)")
    return LocalTable(TableFile(form=TableForm.PARQUET, paths=(path,)))


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "DECIMAL(18,2)", "BIGINT", "VARCHAR"])
def test_ids_that_are_whole_are_read_exactly_from_columns_of_any_kind(
    tmp_path: Path, kind: str
) -> None:
    case = Case(tmp_path, VISITOR)
    case.put(f"{FULL}1767225600.sync", [f"{visitor_id(each)} vip" for each in range(3)])
    missing = "NULL" if kind.startswith(("BIG", "VAR", "DEC")) else "'nan'"
    ids = "".join(f" UNION ALL SELECT {each}::{kind} AS id" for each in (7, 8, 16_777_215))
    case.recipients = parquet(tmp_path / "r.parquet", f"SELECT {missing}::{kind} AS id{ids}")
    case.track([(7, visitor_id(0)), (8, visitor_id(1)), (16_777_215, visitor_id(2))])
    case.leave_out(["8"])
    outcome = case.run()
    assert case.members == ["7", "16777215"]
    assert buckets(outcome) == {"matched": 2, "optedOut": 1}


@pytest.mark.parametrize(
    "value",
    [
        "7.5::DOUBLE",
        "9007199254740992::DOUBLE",
        "16777216::FLOAT",
        "7.01::DECIMAL(9,2)",
        "'inf'::DOUBLE",
    ],
)
def test_ids_that_are_not_whole_or_not_exact_are_refused(tmp_path: Path, value: str) -> None:
    case = Case(tmp_path, VISITOR)
    case.put(f"{FULL}1767225600.sync", [f"{visitor_id(0)} vip"])
    case.know([(7, "", "")])
    select = f'SELECT {value} AS "recipient-id", \'{visitor_id(0)}\' AS "sourceId"'
    case.tracking = parquet(tmp_path / "t.parquet", select)
    with pytest.raises(FindingsError) as caught:
        case.run()
    (finding,) = caught.value.findings
    assert finding.code == "AUD2716"
    assert "the table of tracking" in finding.message
    assert value.partition(":")[0] not in finding.message
    assert not list(case.out.parent.glob("out/*"))


def test_a_visitor_id_that_a_number_cannot_hold_is_refused(tmp_path: Path) -> None:
    case = Case(tmp_path, VISITOR)
    case.put(f"{FULL}1767225600.sync", [f"{visitor_id(0)} vip"])
    select = f'SELECT 7 AS "recipient-id", {"9" * 38}::DOUBLE AS "sourceId"'
    case.tracking = parquet(tmp_path / "t.parquet", select)
    with pytest.raises(FindingsError) as caught:
        case.run()
    assert [each.code for each in caught.value.findings] == ["AUD2716"]


def test_members_of_an_export_may_be_fractional_numbers(tmp_path: Path) -> None:
    case = Case(tmp_path, DECLARED)
    case.know([(7, "C-7", "")])
    members = parquet(tmp_path / "m.parquet", "SELECT 7.0::DOUBLE AS id")
    outcome = case.run_export(case.export(members))
    assert buckets(outcome) == {"exported": 1}
    keys = parquet(tmp_path / "k.parquet", "SELECT 7 AS id, 12.0::DOUBLE AS account")
    case.recipients = keys
    case.run_export(case.export(csv_table(tmp_path / "m.csv", ("id",), [(7,)])))
    assert case.lines("traits") == ["12\td_sid=70011"]
