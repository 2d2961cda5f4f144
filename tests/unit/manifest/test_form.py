"""The canonical form, case by case: what is written, and how it is written then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.form import canonical
from audctl.manifest.form.canonical import canonical_text
from audctl.manifest.form.lines import document_lines
from audctl.manifest.form.word import reads_otherwise
from audctl.manifest.positions import SourceFile
from audctl.manifest.yaml_tree import read_source
from audctl.model.finding import Finding

ROOT = Path(__file__).parents[3]
CASES = sorted((ROOT / "tests" / "cases" / "form").glob("*.txt"))
EXAMPLES = sorted((ROOT / "manifests").rglob("*.yaml"))
MANIFEST = "apiVersion: audctl.dev/v1\nkind: List\nmetadata: {name: any}\nspec: {label: Any}\n"


def formatted(text: str) -> str:
    source = read_source("any.yaml", text.encode())
    assert isinstance(source, SourceFile)
    made = canonical_text(source)
    assert isinstance(made, str), made
    return made


def refused(text: str) -> list[tuple[str, int]]:
    source = read_source("any.yaml", text.encode())
    assert isinstance(source, SourceFile)
    made = canonical_text(source)
    assert isinstance(made, tuple)
    assert all(each.hint or each.message for each in made)
    return [(each.code, each.span.line if each.span else 0) for each in made]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    before, _, after = path.read_bytes().decode().partition("=== canonical\n")
    assert after
    assert formatted(before) == after
    assert formatted(after) == after


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_in_canonical_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [b\nc: d\n", [("AUD1004", 2)]),
        (f"{MANIFEST}x: 1\nx: 2\ny: 1\ny: 2\n", [("AUD1005", 6), ("AUD1005", 8)]),
        (f"{MANIFEST}x: !!str 1\n", [("AUD1006", 5)]),
        (f"%YAML 1.1\n---\n{MANIFEST}", [("AUD1013", 1)]),
        ("# nothing\n", [("AUD1009", 1)]),
        (f"{MANIFEST}---\n- a\n---\nkind: List\n", [("AUD1201", 6), ("AUD1202", 8)]),
        (MANIFEST.replace("List", "Lst"), [("AUD1201", 2)]),
        (f"{MANIFEST}x: " + "[" * 40 + "]" * 40, [("AUD1007", 5)]),
        (
            "a: &a [x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
                for old, new in zip("abcdef", "bcdefg", strict=True)
            ),
            [("AUD1007", 1)],
        ),
    ],
    ids=["syntax", "twice", "tag", "directive", "nothing", "foreign", "kind", "deep", "bomb"],
)
def test_what_cannot_be_formatted_is_told_with_its_places(
    text: str, expected: list[tuple[str, int]]
) -> None:
    assert refused(text) == expected


@given(
    st.one_of(
        st.from_regex(r"[-+]?[0-9.][0-9_.:eExobA-Fa-fnT +-]{0,12}", fullmatch=True),
        st.sampled_from([".inf", "-.INF", ".NaN", "<<", "=", "y", "N", "Off", "NULL", "TRUE"]),
        st.text("-+.:_ 0123456789abefnoxyTZ<=~", max_size=8),
    )
)
def test_no_reader_takes_an_unquoted_text_for_something_else(text: str) -> None:
    resolver: Any = yaml.resolver.Resolver()
    if text and resolver.resolve(yaml.ScalarNode, text, (True, False)) != "tag:yaml.org,2002:str":
        assert reads_otherwise(text)


def test_a_form_that_would_not_say_the_same_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "document_lines", lambda *each: document_lines(*each)[:-1])
    assert refused(MANIFEST) == [("AUD1013", 1)]
    monkeypatch.setattr(
        canonical, "document_lines", lambda *each: [f"{line} # x" for line in document_lines(*each)]
    )
    assert refused(MANIFEST) == [("AUD1013", 1)]


def test_a_file_that_is_no_text_is_a_finding() -> None:
    assert isinstance(read_source("any.yaml", b"\xff\xfea"), Finding)
