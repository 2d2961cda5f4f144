"""What audctl is measured beside: programs that do the same work, or a part of it, in the same run."""

from __future__ import annotations

import sys
from pathlib import Path

THREE_LINE_APP = """\
import typer
app = typer.Typer()
@app.callback(invoke_without_command=True)
def main(version: bool = False) -> None: print("1.0") if version else None
app()
"""

PARSE_ONLY = """\
import sys, pathlib, yaml
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
    with path.open("rb") as stream:
        for document in yaml.load_all(stream, Loader=yaml.CSafeLoader): pass
"""

OCTODNS = """\
providers:
  source: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/source, enforce_order: false}}
  target: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/target, enforce_order: false}}
zones:
  bench.example.:
    sources: [source]
    targets: [target]
"""


def three_line_app(folder: Path, option: str) -> list[str | Path]:
    """Return the command line of the smallest Typer app that answers ``--version``."""
    script = folder / "three_lines.py"
    script.write_text(THREE_LINE_APP, encoding="utf-8")
    return [sys.executable, script, option]


def parse_only(folder: Path, project: Path) -> list[str | Path]:
    """Return the command line that parses a project's files with CSafeLoader and does nothing with them."""
    script = folder / "parse_only.py"
    script.write_text(PARSE_ONLY, encoding="utf-8")
    return [sys.executable, script, project]


def octodns(folder: Path, records: int) -> list[str | Path]:
    """Return the command line of an octoDNS plan over that many equal records in two YAML folders."""
    zone = "".join(
        f"r{number}:\n  ttl: 300\n  type: A\n  values: [10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}]\n"
        for number in range(records)
    )
    home = folder / f"octodns-{records}"
    for side in ("source", "target"):
        (home / side).mkdir(parents=True)
        (home / side / "bench.example.yaml").write_text("---\n" + zone, encoding="utf-8")
    config = home / "config.yaml"
    config.write_text("---\n" + OCTODNS.format(folder=home), encoding="utf-8")
    return [Path(sys.executable).parent / "octodns-sync", "--config-file", config]
