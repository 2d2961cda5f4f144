"""What others take for the same work: each of them reads and writes what `audctl exchange` reads and writes.

`python -m tests.bench.exchange_peers WHO DIRECTION KIND FOLDER OUT` prints how many rows it wrote. They do less: they
count no buckets, check no id, look at no control file, and write one file without a checksum.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

ALIAS, ITEM = "vip", "d_sid=70011"
MEMORY = "800MiB"
"""What audctl gives DuckDB of its limit of 1 GiB."""


def main(who: str, direction: str, kind: str, folder: Path, out: Path) -> None:
    """Do the work of one peer once."""
    print(PEERS[who](direction, kind, folder, out))


def duckdb(direction: str, kind: str, folder: Path, out: Path, *, is_gzip: bool) -> int:
    """Do it in statements that somebody who knows DuckDB would write: stage the file, then join and write."""
    import duckdb as library

    conn = library.connect(
        config={
            "memory_limit": MEMORY,
            "threads": 2,
            "preserve_insertion_order": False,
            "temp_directory": str(out.parent / "spill"),
        }
    )
    ending, packing = (".gz", ", compression gzip") if is_gzip else ("", "")
    recipients = f"read_parquet('{folder}/recipients.parquet')"
    holder = (
        f"""SELECT "recipient-id" AS person, sourceId AS id FROM read_parquet('{folder}/tracking.parquet')"""
        if kind == "visitor"
        else f"SELECT id AS person, account AS id FROM {recipients} WHERE blackList = 0"
    )
    known = (
        f"AND person IN (SELECT id FROM {recipients} WHERE blackList = 0)"
        if kind == "visitor"
        else ""
    )
    if direction == "import":
        conn.execute(
            "CREATE TEMP TABLE line AS SELECT split_part(line, ' ', 1) AS id, split_part(line, ' ', 2) AS segments"
            f" FROM read_csv('{folder}/{kind}/audience.sync{ending}', columns = {{'line': 'VARCHAR'}}, header = false,"
            " delim = '\\x01', quote = '', auto_detect = false)"
        )
        select = (
            f"SELECT DISTINCT h.person AS recipient_id FROM ({holder}) AS h JOIN line AS a ON a.id = h.id"
            f" WHERE strpos(',' || a.segments || ',', ',{ALIAS},') > 0 {known}"
        )
        form = "header true"
    else:
        conn.execute(
            f"CREATE TEMP TABLE member AS SELECT recipient_id FROM read_csv('{folder}/{kind}/members.csv{ending}',"
            " header = true, columns = {'recipient_id': 'BIGINT'})"
        )
        select = (
            f"SELECT DISTINCT h.id || chr(9) || '{ITEM}' AS line FROM ({holder}) AS h"
            f" JOIN member AS m ON m.recipient_id = h.person WHERE true {known}"
        )
        form = "header false, quote '', delimiter '\\x01'"
    (row,) = conn.execute(f"COPY ({select}) TO '{out}' (format csv, {form}{packing})").fetchall()
    return int(row[0])


def polars(direction: str, kind: str, folder: Path, out: Path) -> int:
    """Do it lazily, with the streaming engine, and compress what comes out as Python can."""
    import polars as pl

    recipients = pl.scan_parquet(folder / "recipients.parquet").filter(pl.col("blackList") == 0)
    holder = (
        pl.scan_parquet(folder / "tracking.parquet").select(
            pl.col("recipient-id").alias("person"), pl.col("sourceId").alias("id")
        )
        if kind == "visitor"
        else recipients.select(pl.col("id").alias("person"), pl.col("account").alias("id"))
    )
    if kind == "visitor":
        holder = holder.join(
            recipients.select(pl.col("id").alias("person")), on="person", how="semi"
        )
    if direction == "import":
        cells = pl.col("line").str.splitn(" ", 2)
        lines = pl.scan_csv(
            folder / kind / "audience.sync.gz", has_header=False, separator="\x01", quote_char=None,
            new_columns=["line"],
        ).select(cells.struct[0].alias("id"), cells.struct[1].alias("segments"))  # fmt: skip
        named = lines.filter(pl.col("segments").str.split(",").list.contains(ALIAS))
        found = named.join(holder, on="id").select(recipient_id="person").unique()
    else:
        members = pl.scan_csv(folder / kind / "members.csv.gz")
        found = (
            holder.join(members, left_on="person", right_on="recipient_id", how="semi")
            .select(line=pl.col("id") + f"\t{ITEM}")
            .unique()
        )
    table = found.collect(engine="streaming")
    with gzip.open(out, "wb", compresslevel=1) as stream:
        table.write_csv(
            cast("IO[bytes]", stream),
            include_header=direction == "import",
            quote_style="never",
            separator="\x01",
        )
    return table.height


def pandas(direction: str, kind: str, folder: Path, out: Path) -> int:
    """Do it in memory, as a notebook would."""
    import pandas as pd  # type: ignore[import-untyped]

    recipients = pd.read_parquet(folder / "recipients.parquet")
    recipients = recipients[recipients["blackList"] == 0]
    if kind == "visitor":
        tracking = pd.read_parquet(
            folder / "tracking.parquet", columns=["recipient-id", "sourceId"]
        )
        holder = tracking.rename(columns={"recipient-id": "person", "sourceId": "id"})
        holder = holder[holder["person"].isin(recipients["id"])]
    else:
        holder = recipients.rename(columns={"id": "person", "account": "id"})[["person", "id"]]
    if direction == "import":
        options: dict[str, Any] = {
            "sep": " ",
            "header": None,
            "names": ["id", "segments"],
            "dtype": str,
        }
        lines = pd.read_csv(folder / kind / "audience.sync.gz", **options)
        named = lines[("," + lines["segments"] + ",").str.contains(f",{ALIAS},", regex=False)]
        found = holder.merge(named[["id"]], on="id")[["person"]].drop_duplicates()
        found.columns = pd.Index(["recipient_id"])
        found.to_csv(out, index=False, compression={"method": "gzip", "compresslevel": 1})
    else:
        members = pd.read_csv(folder / kind / "members.csv.gz")
        found = holder[holder["person"].isin(members["recipient_id"])][["id"]].drop_duplicates()
        found["item"] = ITEM
        found.to_csv(
            out,
            index=False,
            header=False,
            sep="\t",
            compression={"method": "gzip", "compresslevel": 1},
        )
    return len(found)


PEERS: dict[str, Callable[[str, str, Path, Path], int]] = {
    "duckdb-plain": lambda *given: duckdb(*given, is_gzip=False),
    "duckdb-gzip": lambda *given: duckdb(*given, is_gzip=True),
    "polars": polars,
    "pandas": pandas,
}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5]))
