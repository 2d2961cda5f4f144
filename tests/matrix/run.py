"""``make kill-matrix`` and ``make fault-matrix``: every case there is, with numbers at the end."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.matrix.faults import FaultMatrix
from tests.matrix.kill import KillMatrix
from tests.matrix.reference import PARALLEL, reference
from tests.matrix.world import APPLY


def main() -> int:
    """Run one matrix and return how many of its cases went wrong, at most one."""
    options = _options()
    wrong = 0
    for store in options.store.split(","):
        with tempfile.TemporaryDirectory() as scratch:
            run = _kill if options.matrix == "kill" else _fault
            wrong += run(Path(scratch), store, options)
    return min(wrong, 1)


def _kill(scratch: Path, store: str, options: argparse.Namespace) -> int:
    began = monotonic()
    with reference(scratch, store) as found:
        matrix = KillMatrix(
            found, arguments=PARALLEL if options.parallel else APPLY, every=options.every
        )
        cases = [each for each in matrix.cases() if options.only in str(each)]
        chosen = cases[options.part :: options.parts]
        print(
            f"kill matrix, ledger in {store}: {len(found.steps)} steps"
            f" ({', '.join(sorted(set(found.steps.values())))}), {len(found.calls)} calls of"
            f" {len({each.call for each in found.calls})} classes, {len(cases)} deaths",
            flush=True,
        )
        wrong = 0
        for number, case in enumerate(chosen, 1):
            trouble = matrix.trouble(case)
            if trouble:
                wrong += 1
                print(f"WRONG {case}\n{trouble}\n", flush=True)
            if number % 50 == 0:
                print(f"  {number} of {len(chosen)}, {monotonic() - began:.0f} s", flush=True)
        print(
            f"{store}: {len(chosen)} deaths, {len(matrix.seen)} different worlds left behind, {wrong} wrong,"
            f" {monotonic() - began:.0f} s; slowest: {matrix.slowest[0]:.1f} s ({matrix.slowest[1]})",
            flush=True,
        )
    return wrong


def _fault(scratch: Path, store: str, options: argparse.Namespace) -> int:
    began = monotonic()
    with reference(scratch, store) as found:
        matrix = FaultMatrix(found)
        cases = [each for each in matrix.cases() if options.only in str(each)]
        chosen = cases[options.part :: options.parts]
        print(
            f"fault matrix, ledger in {store}: {len({each.call for each in found.calls})} classes of calls,"
            f" {len({each.kind for each in cases})} kinds of faults, {len(cases)} cases",
            flush=True,
        )
        wrong = 0
        for number, case in enumerate(chosen, 1):
            trouble = matrix.trouble(case)
            if trouble:
                wrong += 1
                print(f"WRONG {case}\n{trouble}\n", flush=True)
            if number % 50 == 0:
                print(f"  {number} of {len(chosen)}, {monotonic() - began:.0f} s", flush=True)
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(matrix.codes.items()))
        print(
            f"{store}: {len(chosen)} faults (exit codes {codes}), {len(matrix.seen)} different worlds left behind,"
            f" {wrong} wrong, {monotonic() - began:.0f} s; slowest: {matrix.slowest[0]:.1f} s ({matrix.slowest[1]})",
            flush=True,
        )
    return wrong


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("matrix", choices=["kill", "fault"])
    parser.add_argument("--store", default="campaign,file", help="where the ledger is")
    parser.add_argument("--every", action="store_true", help="finish also from a world seen before")
    parser.add_argument("--parallel", action="store_true", help="several writes in flight")
    parser.add_argument("--only", default="", help="cases with this text in their names")
    parser.add_argument("--part", type=int, default=0, help="which part, from 0")
    parser.add_argument("--parts", type=int, default=1, help="how many parts")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
