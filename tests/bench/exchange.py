"""One table: imports and exports of members beside others that do the same or less, in the same run.

An audience of ROWS lines, of which four in five are known, against twice as many recipients and their tracking logs;
compressed files in and out, but for the floor, which is a hand-written DuckDB statement over plain ones. Whole
processes, one after the other, round by round, so that a busy machine is busy for all of them; medians. Nothing is
asserted but that everybody finds the same people.

`make bench-exchange ROWS=5000000` sets the size; `ENGINES="duckdb"` leaves others out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from isal import isal_zlib

from tests.bench.exchange_peers import ALIAS
from tests.bench.measure import Sample, machine, sample

DESTINATION, SOURCE = 4200, 5001
LIMIT = "1GiB"
DEFAULT = "duckdb"
PEERS = ("duckdb-plain", "duckdb-gzip", "polars", "pandas")
FLOOR = "duckdb-plain"
AUDCTL = Path(sys.executable).parent / "audctl"
BINDINGS = {
    ("import", "visitor"): "visitors-in",
    ("import", "declared"): "declared-in",
    ("export", "visitor"): "visitors-out",
    ("export", "declared"): "declared-out",
}


def main() -> None:
    """Measure and print; rows appear as soon as they are known."""
    options = _options()
    if options.generate is not None:
        _generate(options.generate, options.rows)
        return
    print(f"Machine: {machine()}")
    print(
        f"{options.rows:,} lines, {2 * options.rows:,} recipients; limit {LIMIT}; medians of {options.runs} runs.\n"
    )
    _print(
        ("what", "who", "seconds", "rows/s", "CPU seconds", "peak MiB", "times the floor", "by CPU")
    )
    _print(("---",) * 8)
    with tempfile.TemporaryDirectory(prefix="audctl-bench-", dir=options.dir) as folder:
        root = Path(folder)
        # In a process of its own: a child's peak memory is at least what its parent has when it starts it.
        generate = [sys.executable, "-m", "tests.bench.exchange", "--rows", str(options.rows)]
        subprocess.run([*generate, "--generate", root], check=True)
        for direction in options.directions.split():
            for kind in options.kinds.split():
                _compare(root, direction, kind, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--directions", default="import export")
    parser.add_argument("--kinds", default="visitor declared")
    parser.add_argument("--peers", default=" ".join(PEERS))
    parser.add_argument("--engines", default="duckdb", help="of audctl")
    parser.add_argument("--generate", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--dir", type=Path, default=None, help="where the files go")
    return parser.parse_args()


def _print(row: tuple[str, ...]) -> None:
    print("| " + " | ".join(row) + " |", flush=True)


def _compare(root: Path, direction: str, kind: str, options: argparse.Namespace) -> None:
    contenders = {f"audctl, {engine}": engine for engine in options.engines.split()}
    contenders |= dict.fromkeys(options.peers.split(), "")
    runs: dict[str, list[Sample]] = {name: [] for name in contenders}
    found: dict[str, int] = {}
    for _ in range(options.runs):
        for name, engine in contenders.items():
            one, found[name] = _run(root, direction, kind, name, engine)
            runs[name].append(one)
    if len(set(found.values())) != 1:
        sys.exit(f"{direction} by {kind} id: not everybody finds the same: {found}")
    floor = runs.get(FLOOR) or next(iter(runs.values()))
    for name, samples in runs.items():
        _print(_row(f"{direction}, {kind}", name, samples, floor, options.rows))


def _row(
    what: str, who: str, samples: list[Sample], floor: list[Sample], rows: int
) -> tuple[str, ...]:
    seconds = median(each.seconds for each in samples)
    cpu = median(each.cpu_seconds for each in samples)
    return (
        what,
        who,
        f"{seconds:.2f}",
        f"{rows / seconds:,.0f}",
        f"{cpu:.2f}",
        f"{max(each.peak_mib for each in samples):,.0f}",
        f"{seconds / median(each.seconds for each in floor):.2f}",
        f"{cpu / median(each.cpu_seconds for each in floor):.2f}",
    )


def _run(root: Path, direction: str, kind: str, name: str, engine: str) -> tuple[Sample, int]:
    out = root / "out"
    shutil.rmtree(out, ignore_errors=True)
    if engine:
        command = _audctl(root, direction, kind, out)
        if engine != DEFAULT:
            command += ["--engine", engine]
        one = sample(command, {}, root / "project", 0, has_others=engine != DEFAULT)
        document = json.loads(one.stdout)
        return one, int(document["members" if direction == "import" else "ids"])
    out.mkdir()
    peer: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.bench.exchange_peers",
        name,
        direction,
        kind,
        root,
        out / "peer",
    ]
    one = sample(peer, {}, Path.cwd(), 0)
    return one, int(one.stdout)


def _audctl(root: Path, direction: str, kind: str, out: Path) -> list[str | Path]:
    command: list[str | Path] = [AUDCTL, "exchange", direction, BINDINGS[direction, kind]]
    if direction == "import":
        command += ["--files", root / kind / "in"]
    else:
        command += [
            "--members",
            root / kind / "members.csv.gz",
            "--trait-id",
            "70011",
            "--no-id-sync",
        ]
    command += ["--recipients", root / "recipients.parquet", "--out", out]
    command += ["--memory", LIMIT, "--threads", "2", "--output", "json"]
    if kind == "visitor":
        command += ["--tracking", root / "tracking.parquet"]
    return [*command, "--offline", "--data-source-id", str(SOURCE)]


def _generate(root: Path, rows: int) -> None:
    """Write everything that is read: the same for all."""
    import duckdb

    conn = duckdb.connect(config={"memory_limit": "2GB", "temp_directory": str(root / "spill")})
    visitor = "lpad(CAST(hash({0}) AS VARCHAR), 20, '0') || substr(lpad(CAST(hash({0} + 7) AS VARCHAR), 20, '0'), 3)"
    account = "printf('C-%012d', ({0} * 2654435761) % 1000000000000)"
    everybody = f"range({2 * rows}) AS t(i)"

    def write(select: str, path: Path, form: str = "format parquet") -> None:
        conn.execute(f"COPY ({select}) TO '{path}' ({form})")

    write(
        f"SELECT i + 1 AS id, {account.format('i')} AS account, CAST(i % 50 = 8 AS INTEGER) AS blackList"
        f" FROM {everybody} ORDER BY hash(i)",
        root / "recipients.parquet",
    )
    write(
        f'SELECT i AS id, i + 1 AS "recipient-id", {visitor.format("i")} AS sourceId FROM {everybody}',
        root / "tracking.parquet",
    )
    plain = "format csv, header false, quote '', delimiter '\x01'"
    for kind, known, unknown in (
        ("visitor", visitor.format("(2 * i)"), visitor.format("(i + 100000000000)")),
        ("declared", account.format("(2 * i)"), "'X-' || i"),
    ):
        folder = root / kind
        (folder / "in").mkdir(parents=True)
        write(
            f"SELECT CASE WHEN i % 5 < 4 THEN {known} ELSE {unknown} END || ' {ALIAS}'"
            f" || CASE WHEN i % 3 = 0 THEN ',80022' ELSE '' END FROM range({rows}) AS t(i) ORDER BY hash(i)",
            folder / "audience.sync",
            plain,
        )
        write(
            f"SELECT 2 * i + 1 AS recipient_id FROM range({rows}) AS t(i) ORDER BY hash(i)",
            folder / "members.csv",
            "format csv, header true",
        )
        for name in ("audience.sync", "members.csv"):
            _compress(folder / name)
        os.link(
            folder / "audience.sync.gz",
            folder / "in" / f"s3_{DESTINATION}_{SOURCE}_full_1767225600000.sync.gz",
        )
    conn.close()
    _write_project(root / "project")


def _compress(path: Path) -> None:
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, 31)
    with path.open("rb") as plain, Path(f"{path}.gz").open("wb") as packed:
        while block := plain.read(1024 * 1024):
            packed.write(packer.compress(block))
        packed.write(packer.flush())


def _write_project(folder: Path) -> None:
    folder.mkdir()
    (folder / "audctl.yaml").write_text(
        "apiVersion: audctl.dev/v1\nkind: Project\nmetadata: {name: bench}\nspec:\n  manifests: [manifests]\n"
        "  environments: {local: {sandbox: {data: .sandbox}}}\n  defaultEnvironment: local\n"
    )
    (folder / "manifests").mkdir()
    found = [
        _manifest("Destination", "feed", type="serverToServer", id=DESTINATION),
        _manifest(
            "Trait",
            "t",
            label="T",
            type="ruleBased",
            dataSource="visitor",
            folder="/",
            rule='a == "b"',
        ),
    ]
    for kind, campaign in (
        ("visitor", {"destination": "feed"}),
        ("declared", {"destination": "feed", "reconciliationKey": "@account"}),
    ):
        found += [
            _manifest("DataSource", kind, label=kind, idType=f"{kind}Id", campaign=campaign),
            _manifest("Audience", f"{kind}-in", label=kind, dataSource=kind, folder="/", rule="t"),
            _manifest("Audience", f"{kind}-out", label=kind, dataSource=kind, folder="/", source="campaign"),
            _manifest("List", kind, label=kind),
            _manifest("ImportBinding", BINDINGS["import", kind], audience=f"{kind}-in", list=kind, dataSource=kind,
                      alias=ALIAS),
            _manifest("List", f"{kind}-members", label=kind),
            _manifest(
                "ExportBinding", BINDINGS["export", kind], source={"list": f"{kind}-members"}, audience=f"{kind}-out",
                dataSource=kind,
            ),
        ]  # fmt: skip
    (folder / "manifests" / "all.yaml").write_text("\n---\n".join(found))


def _manifest(kind: str, name: str, **spec: object) -> str:
    """Return one manifest; JSON is YAML."""
    return json.dumps(
        {"apiVersion": "audctl.dev/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    )


if __name__ == "__main__":
    main()
