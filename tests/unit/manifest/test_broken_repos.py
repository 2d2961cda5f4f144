"""Each file in tests/cases/manifest is a broken repo; its name is what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.manifest.case_files import ENVIRON, findings_of, read_case, shown, write_repo

CASES = Path(__file__).parents[2] / "cases" / "manifest"


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.txt")))
def test_broken_repo(name: str, tmp_path: Path) -> None:
    files, expected = read_case((CASES / f"{name}.txt").read_text(encoding="utf-8"))
    write_repo(tmp_path, files)
    found = shown(findings_of(tmp_path))
    assert found == expected
    assert expected
    assert ENVIRON["S3_SECRET"] not in found
