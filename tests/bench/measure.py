"""Whole processes measured from outside: wall time and peak memory, as the person at the keyboard has them."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one command."""

    seconds: float
    cpu_seconds: float
    """Its own processor time, without that of servers it called."""
    peak_mib: float
    stdout: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Several runs of one command."""

    samples: tuple[Sample, ...]

    @property
    def seconds(self) -> float:
        """Median wall time."""
        return median(each.seconds for each in self.samples)

    @property
    def peak_mib(self) -> float:
        """Median peak resident memory."""
        return median(each.peak_mib for each in self.samples)


def measure(
    command: Sequence[str | Path],
    *,
    runs: int,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    expected: int = 0,
) -> Measured:
    """Run a command several times, once beforehand to warm the caches; raise when it ends otherwise than expected."""
    samples = tuple(sample(command, environ, cwd, expected) for _ in range(runs + 1))
    return Measured(samples[1:])


def sample(
    command: Sequence[str | Path],
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    expected: int = 0,
    *,
    has_others: bool = False,
) -> Sample:
    """Run a command once; raise when it ends otherwise than expected.

    ``has_others``: it starts processes that it does not wait for, as PySpark does; their time and memory are its own.
    This process must then have no other children.
    """
    if has_others:
        _adopt_orphans()
    begun = time.perf_counter()
    # What it says goes to files: a pipe that nobody empties would stop a run that says much.
    with (
        TemporaryFile("w+", encoding="utf-8") as out,
        TemporaryFile("w+", encoding="utf-8") as talk,
        subprocess.Popen(
            command, stdout=out, stderr=talk, cwd=cwd, env={**os.environ, **(environ or {})}
        ) as process,
    ):
        # wait4 rather than wait: only it gives this one child's own peak.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        talk.seek(0)
        stdout, stderr = out.read(), talk.read()
    if process.returncode != expected:
        shown = " ".join(map(str, command))
        raise RuntimeError(
            f"{shown} ended with {process.returncode}\n{stdout[-2000:]}\n{stderr[-2000:]}"
        )
    usages = [usage, *(_orphans() if has_others else ())]
    cpu = sum(each.ru_utime + each.ru_stime for each in usages)
    return Sample(seconds, cpu, sum(each.ru_maxrss for each in usages) / 1024, stdout)


def _adopt_orphans() -> None:
    """Let processes whose parent has ended become children of this one (Linux), so that they can be waited for."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


_PR_SET_CHILD_SUBREAPER = 36


def _orphans() -> Iterator[resource.struct_rusage]:
    while True:
        try:
            yield os.wait4(-1, 0)[2]
        except ChildProcessError:
            return


def cpu_seconds(pid: int) -> float:
    """Return the processor time another process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Name the machine well enough to compare two tables."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"CPython {platform.python_version()}"
    )
