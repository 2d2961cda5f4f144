"""Spark gives the answers that DuckDB gives, row for row, on data that wants to be read wrongly."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb as plain
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from audctl.errors import FindingsError
from audctl.exchange import spark_engine
from audctl.exchange.duckdb_engine import open_duckdb
from audctl.exchange.exporting import run_export
from audctl.exchange.importing import run_import
from audctl.exchange.job import ExportJob, MembersForm, Separator, Template
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.result import open_result
from audctl.exchange.spark_engine import open_spark
from audctl.exchange.spark_sql import in_spark
from audctl.operations.context import SystemClock
from tests.exchange import (
    DECLARED,
    FULL,
    HASHED,
    ITER,
    VISITOR,
    Case,
    Silent,
    csv_table,
    visitor_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

    from audctl.exchange.ports import Engine
    from audctl.model.exchange import ExportOutcome, ImportOutcome

NEEDED = "AUDCTL_NEED_JAVA"
MEMORY = 512 * 1024 * 1024
SKEWED = 5_000
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Compiles once and simply: half the processor time, for what lives no longer than a minute."""
pytestmark = pytest.mark.timeout(600)  # on a busy machine Spark takes a minute to start


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Give one session to all tests: starting takes seconds."""
    if shutil.which("java") is None:
        if os.environ.get(NEEDED):
            pytest.fail(f"{NEEDED} is set, but there is no Java")
        pytest.skip("no Java on this machine")
    from pyspark.sql import SparkSession  # noqa: PLC0415 - slow to import

    spool = tmp_path_factory.mktemp("spark")
    interrupts = signal.getsignal(signal.SIGINT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_SUBMIT_OPTS", QUICK_JAVA)
        with open_spark(master="local[2]", memory_bytes=MEMORY, threads=2, spool=spool):
            running = SparkSession.getActiveSession()
            assert running is not None
            # Compiling statements pays for millions of rows.
            running.conf.set("spark.sql.codegen.wholeStage", "false")
            running.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            running.conf.set("spark.sql.shuffle.partitions", "2")
            yield running
    assert signal.getsignal(signal.SIGINT) is interrupts, "Spark's must not outlive its session"


@pytest.fixture(params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "duckdb":
        with open_duckdb(memory_bytes=MEMORY, threads=2, spool=tmp_path) as made:
            yield made
    else:
        request.getfixturevalue("session")
        with open_spark(master="local[2]", memory_bytes=MEMORY, threads=2, spool=tmp_path) as spark:
            yield spark


def on_both(
    case: Case, session: SparkSession, **changes: object
) -> list[tuple[ImportOutcome, bytes]]:
    """Run one import on each engine; gives what it came to and the bytes of its members."""
    found = []
    for name in ("duckdb", "spark"):
        out = case.root / f"out-{name}"
        opened = (
            open_duckdb(memory_bytes=MEMORY, threads=2, spool=case.root)
            if name == "duckdb"
            else open_spark(master="local[2]", memory_bytes=MEMORY, threads=2, spool=case.root)
        )
        with open_result(out) as result, opened as engine:
            job = replace(case.job, **changes)  # type: ignore[arg-type]
            outcome = run_import(job, engine, Silent(), SystemClock(), result)
            result.finish(outcome.files, {"kind": "import"})
        (path,) = out.glob("members.*")
        raw = path.read_bytes()
        found.append((outcome, gzip.decompress(raw) if path.suffix == ".gz" else raw))
    return found


def told(outcome: ImportOutcome) -> object:
    return (
        outcome.tally,
        outcome.members,
        outcome.transfers,
        outcome.findings,
        [(each.name, each.rows) for each in outcome.files],
    )


def test_hostile_visitors_are_the_same_to_both(tmp_path: Path, session: SparkSession) -> None:
    case = Case(tmp_path, VISITOR, Template(separator=Separator.ONE), alias="vi'p\\")
    chance = random.Random(7)  # noqa: S311 - a test's data
    lines: list[str | bytes] = [f"{visitor_id(number)} other,vi'p\\ gone" for number in range(300)]
    lines += [f"{visitor_id(7)} vi'p\\"] * SKEWED
    lines += [
        "",
        " ",
        "\t",
        "x",
        f"{visitor_id(1)}",
        f" {visitor_id(2)} vi'p\\",
        f"{visitor_id(3)}\tvi'p\\",
        f"{visitor_id(4)}  vi'p\\",
        f"{visitor_id(5)} a b c",
        f"{visitor_id(6)[1:]} vi'p\\",
        f"{visitor_id(8)} vi'p\\   ",
        f"{chr(0xFF19) * 38} vi'p\\",
        "naïve-ü-𝄞 vi'p\\",
        b"\xff\xfe vi'p\\",
        b"nul\x00 vi'p\\",
        f"{visitor_id(9)} vi'pp\\",
        "x" * (1024 * 1024 + 10) + " vi'p\\",
    ]
    chance.shuffle(lines)
    case.put(f"{FULL}1767225600000.sync.gz", lines, end=b"\r\n")
    case.put(f"{FULL}1767225600000001.sync", [])
    case.put(
        f"{ITER}1767312000000.sync",
        [f"{visitor_id(n)} x vi'p\\" for n in range(0, 90, 3)] + [f"{visitor_id(3)} vi'p\\"],
    )
    case.know([(number, "", int(number % 11 == 0)) for number in range(400)])
    clicks = [(number, visitor_id(number % 290)) for number in range(420)]
    clicks += [(5, visitor_id(7))] * 2000 + [(number, visitor_id(8)) for number in range(300)]
    clicks += [(1, ""), (2, " "), (3, "NULL"), (4, f" {visitor_id(20)}")]
    case.track(clicks)
    duckdb, spark = on_both(case, session)
    assert told(spark[0]) == told(duckdb[0])
    assert spark[1] == duckdb[1]
    tally = duckdb[0].tally.buckets
    assert all(tally[each] for each in tally if each != "unknownId") or tally
    assert tally["duplicate"] >= SKEWED
    assert duckdb[0].members > 100


def test_hostile_keys_have_the_same_digests(tmp_path: Path, session: SparkSession) -> None:
    keys = [
        " Jo@Example.com ",
        "JO@EXAMPLE.COM\t",
        "\u00a0nb@x",
        "STRASSE",
        "straße",
        "ÀÉ",
        "ПРИВЕТ",
        "名前",
        "a,b",
        'a"b',
        "a\nb",
        "a\r\nb",
        "",
        "  ",
        "0012",
        "12",
        "1e5",
        "NULL",
        "'; DROP TABLE x; --",
        "\\",
        "𝄞",
        "𐐀",
        "ΟΔΟΣ",
        "İx",
        "x" * 5000,
    ]
    case = Case(tmp_path, HASHED, Template(separator=Separator.ONE), alias="vip")
    case.know(
        [(number, key, "no") for number, key in enumerate(keys, 1)], ("id", "email", "blackList")
    )
    lower = "SELECT sha256(lower(trim(unnest(?), chr(9) || chr(10) || chr(13) || ' ')))"
    digests = [str(each) for (each,) in plain.execute(lower, [keys]).fetchall()]
    case.put(f"{FULL}1767225600000.sync", [f"{each} vip" for each in digests])
    duckdb, spark = on_both(case, session, form=MembersForm.PARQUET)
    assert spark[0].tally == duckdb[0].tally
    assert spark[0].members == duckdb[0].members
    rows = [
        pq.read_table(tmp_path / f"out-{name}" / "members.parquet").to_pylist()
        for name in ("duckdb", "spark")
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) >= len(keys) - 4


def export_on(
    engine: Engine, job: ExportJob, out: Path
) -> tuple[ExportOutcome, dict[str, list[bytes]]]:
    with open_result(out) as result:
        outcome = run_export(job, engine, Silent(), SystemClock(), result)
        result.finish(outcome.files, {"kind": "export", "binding": job.binding})
    content = {
        each.name: sorted((out / each.name).read_bytes().splitlines()) for each in outcome.files
    }
    return outcome, content


def test_exports_are_the_same_with_everybody_in_the_same_bucket(
    tmp_path: Path, session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        spark_engine, "_PART", 2
    )  # a result comes in parts, and in its order all the same
    ids = [
        "C-1",
        "c:2",
        "d%3A4",
        "e@f",
        "tab\tid",
        " lead",
        "trail ",
        "ünï",
        "x" * 1001,
        "",
        "C-1",
        "007",
    ]
    recipients = csv_table(
        tmp_path / "r.csv",
        ("id", "account", "blackList"),
        [(number, each, int(number == 12)) for number, each in enumerate(ids, 1)],
    )
    members = csv_table(
        tmp_path / "m.csv", ("recipient-id",), [(n,) for n in [*range(1, 14), 1, 1, ""]]
    )
    case = Case(tmp_path, DECLARED)
    case.recipients = recipients
    case.track([(number, visitor_id(number)) for number in range(1, 9)])
    job = ExportJob(
        binding="ExportBinding/x",
        members=members,
        space=DECLARED,
        trait_id=70011,
        trait_code="",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        people=case.job.people,
        split_bytes=1 << 20,
        is_gzip=False,
    )
    with open_duckdb(memory_bytes=MEMORY, threads=2, spool=tmp_path) as engine:
        one = export_on(engine, job, tmp_path / "one")
    with open_spark(master="local[2]", memory_bytes=MEMORY, threads=2, spool=tmp_path) as spark:
        two = export_on(spark, job, tmp_path / "two")
    assert two[1] == one[1]
    assert (two[0].tally, two[0].ids, two[0].complement) == (
        one[0].tally,
        one[0].ids,
        one[0].complement,
    )


def test_a_truncated_file_is_named_by_both(tmp_path: Path, engine: Engine) -> None:
    case = Case(tmp_path / "case", VISITOR, alias="vip")
    (tmp_path / "case").mkdir()
    path = case.put(f"{FULL}1767225600000.sync.gz", [f"{visitor_id(1)} vip"] * 1000)
    path.write_bytes(path.read_bytes()[:-9])
    case.know([])
    case.track([])
    with pytest.raises(FindingsError) as caught:
        run_import(case.job, engine, Silent(), SystemClock(), None)
    (finding,) = caught.value.findings
    assert finding.code == "AUD2701"
    assert path.name in finding.message


def test_tables_in_every_form_are_the_same_text(tmp_path: Path, engine: Engine) -> None:
    with plain.connect(str(tmp_path / "crm.duckdb")) as crm:
        crm.execute(
            "CREATE TABLE people AS SELECT * FROM (VALUES"
            " (12345678901234567890123456789012345678::HUGEINT, '007', true),"
            " (2::HUGEINT, NULL, false)) AS t(id, key, flag)"
        )
        crm.execute(f"COPY people TO '{tmp_path}/p.parquet' (format parquet)")
        crm.execute(f"COPY people TO '{tmp_path}/semicolons.csv' (delimiter ';', header)")
    wanted = [("12345678901234567890123456789012345678", "007", "true"), ("2", None, "false")]
    for number, (name, form) in enumerate(
        [("crm.duckdb", TableForm.DUCKDB), ("semicolons.csv", TableForm.CSV)]
    ):
        file = TableFile(form=form, paths=(tmp_path / name,), table="people" if number == 0 else "")
        assert list(engine.columns(file)) == ["id", "key", "flag"]
        engine.read_table(f"t{number}", file, {"a": "id", "b": "key", "c": "flag"})
        found = engine.fetch(f"SELECT a, b, c FROM t{number} ORDER BY length(a) DESC")  # noqa: S608
        assert [tuple(row) for row in found] == wanted


def test_ids_in_fractional_numbers_are_those_of_the_default_engine(
    tmp_path: Path, engine: Engine
) -> None:
    with plain.connect(str(tmp_path / "crm.duckdb")) as crm:
        crm.execute(
            "CREATE TABLE people AS SELECT 7.0::DOUBLE AS id, 8.00::DECIMAL(9,2) AS key, 1.0::DOUBLE AS flag"
            " UNION ALL SELECT NULL, NULL, NULL UNION ALL SELECT 'nan', 9, 0"
        )
        crm.execute(f"COPY people TO '{tmp_path}/p.parquet' (format parquet)")
        crm.execute(
            f"COPY (SELECT 7.5::DOUBLE AS id) TO '{tmp_path}/half.parquet' (format parquet)"
        )
    columns = {"recipient_id": "id", "key": "key", "opted_out": "flag"}
    for form, name in ((TableForm.DUCKDB, "crm.duckdb"), (TableForm.PARQUET, "p.parquet")):
        table = "people" if form is TableForm.DUCKDB else ""
        file = TableFile(form=form, paths=(tmp_path / name,), table=table)
        engine.read_table(f"of_{form}", file, columns)
        with open_duckdb(memory_bytes=MEMORY, threads=1, spool=tmp_path) as other:
            other.read_table(f"of_{form}", file, columns)
            select = f"SELECT * FROM of_{form} ORDER BY key NULLS FIRST"  # noqa: S608
            assert [tuple(row) for row in engine.fetch(select)] == other.fetch(select)
    half = TableFile(form=TableForm.PARQUET, paths=(tmp_path / "half.parquet",))
    engine.read_table("half", half, {"recipient_id": "id"})
    with pytest.raises(FindingsError) as caught:
        engine.fetch("SELECT recipient_id FROM half")
    assert [each.code for each in caught.value.findings] == ["AUD2716"]


def test_a_failure_quotes_nothing(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(FindingsError) as caught:
        engine.fetch("SELECT CAST('secret-person' AS BIGINT) AS x")
    (finding,) = caught.value.findings
    assert finding.code == "AUD2713"
    assert "secret-person" not in finding.message + finding.hint


def test_statements_keep_their_meaning_in_other_words() -> None:
    assert in_spark("SELECT sha256(x) FROM t WHERE strpos(x, 'a''b') > 0") == (
        "SELECT SHA2(x, 256) FROM t WHERE LOCATE('a\\'b', x) > 0"
    )
    assert "\\\\p{Cntrl}" in in_spark("SELECT regexp_matches(x, '[[:cntrl:]:@]') FROM t")
    assert "AUDCTL_LOWER(x)" in in_spark("SELECT lower(x) FROM t")
    assert in_spark("SELECT 'lower(LOWER( [:space:]' FROM t") == (
        "SELECT 'lower(LOWER( [:space:]' FROM t"
    ), "an audience may be called so"
