"""One table: start-up, validate and plan, each beside a peer that does the same or less, in the same run.

Medians of at least five runs of whole processes after one to warm the caches. Read the ratios: the seconds belong to
the machine that is named above them. Nothing here is asserted; `make bench N="1000 50000"` sets the sizes.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import peers
from tests.bench.generate import PROJECT, write_project
from tests.bench.measure import Measured, cpu_seconds, machine, measure, sample
from tests.bench.serving import AUDCTL, ENVIRON, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK_RUNS = 21
RUNS = 5

Row = tuple[str, str, str, str, str]


def main(sizes: list[int]) -> None:
    """Measure and print; rows appear as soon as they are known."""
    print(f"Machine: {machine()}")
    print(f"Medians of {QUICK_RUNS} runs (start-up) and {RUNS} runs (the rest), whole processes.\n")
    _print(("what", "audctl", "beside it", "ratio", "notes"))
    _print(("---",) * 5)
    with tempfile.TemporaryDirectory(prefix="audctl-bench-") as folder:
        for row in _start_up(Path(folder)):
            _print(row)
        for size in sizes:
            for row in _at_size(Path(folder), size):
                _print(row)


def _print(row: Row) -> None:
    print("| " + " | ".join(row) + " |", flush=True)


def _row(what: str, own: Measured, peer: Measured, named: str, notes: str = "") -> Row:
    return (
        what,
        _duration(own.seconds),
        f"{_duration(peer.seconds)} {named}",
        f"{own.seconds / peer.seconds:.2f}",
        notes,
    )


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _start_up(folder: Path) -> Iterator[Row]:
    bare = measure([sys.executable, "-c", "pass"], runs=QUICK_RUNS)
    for option in ("--version", "--help"):
        own = measure([*AUDCTL, option], runs=QUICK_RUNS)
        if option == "--version":
            yield _row("audctl --version", own, bare, "python -c pass")
        peer = measure(peers.three_line_app(folder, option), runs=QUICK_RUNS)
        yield _row(f"audctl {option}", own, peer, "three-line Typer app")


def _at_size(folder: Path, size: int) -> Iterator[Row]:
    with sandbox(folder / f"sandbox-{size}", "--seed", "demo") as (url, server):
        project = folder / f"project-{size}"
        write_project(project, size, url)
        at = ["--project", str(project)]

        validated = measure([*AUDCTL, "validate", *at], runs=RUNS, environ=ENVIRON)
        parsed = measure(peers.parse_only(folder, project), runs=RUNS)
        yield _row(
            f"validate {size:,} manifests",
            validated,
            parsed,
            "CSafeLoader, parsing only",
            f"{validated.peak_mib:.0f} MiB",
        )

        begun = time.perf_counter()
        sample(
            [*AUDCTL, "apply", *at, "--auto-approve", "--no-verify", "--parallelism", "16"], ENVIRON
        )
        print(
            f"({size:,} manifests applied in {time.perf_counter() - begun:.0f} s)", file=sys.stderr
        )

        before = cpu_seconds(server)
        planned = measure(
            [*AUDCTL, "plan", *at, "--detailed-exitcode", "--output", "json"],
            runs=RUNS,
            environ=ENVIRON,
        )
        served = (cpu_seconds(server) - before) / (RUNS + 1)
        records = measure(peers.octodns(folder, size), runs=RUNS)
        calls = sum(json.loads(planned.samples[0].stdout)["calls"].values())
        own = (planned.seconds - served) / size * 1000
        yield _row(
            f"plan {size:,} manifests, nothing to do",
            planned,
            records,
            f"octoDNS, {size:,} records",
            f"{calls} calls, {planned.peak_mib:.0f} MiB (octoDNS {records.peak_mib:.0f} MiB); "
            f"{served:.2f} s of it in the server, {own:.3f} ms a manifest beside it",
        )

        newcomer = folder / f"newcomer-{size}"
        newcomer.mkdir()
        (newcomer / "audctl.yaml").write_text(
            PROJECT.format(count=f"{size}-again", url=url), encoding="utf-8"
        )
        imported = measure(
            [*AUDCTL, "import", "--dry-run", "--project", str(newcomer), "--output", "json"],
            runs=RUNS,
            environ=ENVIRON,
        )
        files = len(json.loads(imported.samples[0].stdout)["files"])
        yield _row(
            f"import {files:,} resources, dry run",
            imported,
            planned,
            "the plan above",
            f"{imported.peak_mib:.0f} MiB",
        )


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [1_000, 10_000])
