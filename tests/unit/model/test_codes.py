from __future__ import annotations

import re
from pathlib import Path

from audctl.model.codes import CODES

SOURCES = Path(__file__).parents[3] / "audctl"


def used_codes() -> set[str]:
    used = set()
    for path in SOURCES.rglob("*.py"):
        if path.name != "codes.py":
            used |= set(re.findall(r'"(AUD\d{4})"', path.read_text(encoding="utf-8")))
    return used


def test_every_code_in_the_sources_has_a_meaning_and_the_other_way_round() -> None:
    assert used_codes() == set(CODES)


def test_the_table_is_sorted_and_says_whole_sentences() -> None:
    assert list(CODES) == sorted(CODES)
    assert all(
        (each.endswith(".") and each[0].isupper()) or each.startswith("lifecycle")
        for each in CODES.values()
    )
