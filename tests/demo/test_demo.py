"""The demo is part of the suite: what `make demo` shows stays true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_demo_comes_out_as_it_should() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo.run"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every step came out as it should" in done.stdout
