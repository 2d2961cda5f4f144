"""`make test-sdk`: the official JavaScript SDK against a sandbox of its own, through Node's test runner.

Needs node and npm. Where they are missing, or the packages cannot be fetched, it says so loudly and ends with 0;
`--require` turns that into a failure. Packages are installed beside this file, in a folder that git ignores.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from audctl.sandbox.server import start

HERE = Path(__file__).resolve().parent
INSTALLED = HERE / "node_modules" / ".installed"
OLDEST_NODE = 20
UNREACHABLE = re.compile(r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH)\b")


class Skipped(Exception):  # noqa: N818 - not an error
    """Why the rows cannot be tried here."""


def main(arguments: list[str]) -> int:
    """Install what is missing, start a sandbox, run every row; give the exit code."""
    try:
        node, npm = find_tools()
        install(npm)
    except Skipped as reason:
        print(
            f"\n*** SDK TESTS SKIPPED: {reason}. The official SDK was NOT tried. ***\n", flush=True
        )
        return 1 if "--require" in arguments else 0
    rows = sorted(path.name for path in HERE.glob("*.test.js"))
    # One file at a time: some rows move the clock or expire every session.
    command = [node, "--test", "--test-concurrency=1", "--test-reporter=spec", *rows]
    with tempfile.TemporaryDirectory() as data, start(Path(data), seed="demo") as sandbox:
        environ = {**os.environ, "SANDBOX_URL": sandbox.url, "NO_PROXY": "127.0.0.1"}
        return subprocess.run(command, cwd=HERE, env=environ, check=False).returncode


def find_tools() -> tuple[str, str]:
    """Find node and npm; raises Skipped when one is missing or node is too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Skipped(f"{'npm' if node else 'node'} is not on this machine")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.strip().lstrip("v").partition(".")[0]) < OLDEST_NODE:
        raise Skipped(f"node {told.strip()} is older than {OLDEST_NODE}")
    return node, npm


def install(npm: str) -> None:
    """Install the locked packages unless that is done; raises Skipped when they cannot be fetched."""
    lock = (HERE / "package-lock.json").read_text(encoding="utf-8")
    if INSTALLED.exists() and INSTALLED.read_text(encoding="utf-8") == lock:
        return
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        unreachable = UNREACHABLE.search(done.stderr)
        if unreachable:
            raise Skipped(f"npm cannot reach its registry ({unreachable[0]})")
        raise SystemExit(f"npm ci failed:\n{done.stderr}")
    INSTALLED.write_text(lock, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
