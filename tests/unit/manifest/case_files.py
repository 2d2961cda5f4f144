"""Broken repos as text: files after ``=== name`` lines, what audctl must say after ``=== findings``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audctl.errors import FindingsError
from audctl.manifest.environment import select_environment
from audctl.manifest.load import load_manifests
from audctl.manifest.project import load_project
from audctl.manifest.removed import find_unremoved
from audctl.resolve.references import check_references

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from audctl.model.finding import Finding

PROJECT = """\
apiVersion: audctl.dev/v1
kind: Project
metadata: {name: case}
spec:
  environments:
    test:
      sandbox: {data: .audctl/sandbox}
      variables: {feedId: "4200"}
"""
ENVIRON = {
    "S3_KEY": "AKIA",
    "S3_SECRET": "do-not-print-me",
    "NOTHING": "",
    "BLANKS": " \n",
    "COLOURED": "\x1b[31mred",
    "NULL_WORD": "null",
}


def read_case(text: str) -> tuple[dict[str, str], str]:
    """Return the files of a case, the usual project file included, and the expected findings."""
    parts = re.split(r"^=== (.+)\n", text, flags=re.MULTILINE)
    files = dict(zip(parts[1::2], parts[2::2], strict=True))
    expected = files.pop("findings")
    return {"audctl.yaml": PROJECT, **files}, expected.strip()


def write_repo(root: Path, files: dict[str, str]) -> None:
    """Write files below ``root``."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def findings_of(root: Path) -> tuple[Finding, ...]:
    """Return what validating the repo finds, stage by stage."""
    try:
        project = load_project(root)
        environment = select_environment(project, environ=ENVIRON)
        result = load_manifests(project, environment, environ=ENVIRON)
    except FindingsError as error:
        return error.findings
    return (
        *result.findings,
        *check_references(result.resources),
        *find_unremoved(project.removed, result.resources),
    )


def shown(findings: Iterable[Finding]) -> str:
    """Return findings as lines, the hint of each below it."""
    lines = []
    for each in findings:
        lines.append(f"{each.span} {each.code} {each.message}")
        if each.hint:
            lines.append(f"    {each.hint}")
    return "\n".join(lines)
