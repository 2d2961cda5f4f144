from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.positions import path_text
from audctl.manifest.yaml_events import MAX_DEPTH
from audctl.manifest.yaml_tree import (
    MAX_FILE_BYTES,
    Document,
    read_documents,
    read_source,
)
from audctl.model.finding import Finding


def read(text: str | bytes) -> tuple[list[Document], list[Finding]]:
    source = read_source("m.yaml", text.encode() if isinstance(text, str) else text)
    if isinstance(source, Finding):
        return [], [source]
    return read_documents(source)


def only(text: str | bytes) -> Document:
    documents, findings = read(text)
    assert findings == []
    assert len(documents) == 1
    return documents[0]


def value(text: str) -> object:
    root: Any = only(f"v: {text}\n").root
    return root["v"]


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "True", "0123", "86e5014965866131", "2026-01-31", ".inf", "-.inf", ".nan",
     "1e999", "0x1F", "0o17", "1_000", "12:30:00", "+", "-x", "99999999999999999999", "nil"],
)  # fmt: skip
def test_words_that_other_yaml_readers_turn_into_something_else_stay_text(word: str) -> None:
    assert value(word) == word


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("12", 12),
     ("-7", -7), ("0", 0), ("1.5", 1.5), ("1e3", 1000.0)],
)  # fmt: skip
def test_plain_words_with_one_meaning_have_it_and_keep_their_spelling(
    word: str, meaning: object
) -> None:
    document = only(f"v: {word}\n")
    assert document.root == {"v": meaning}
    assert [(each.path, each.raw) for each in document.loose] == [(("v",), word)]


def test_quoted_words_are_text() -> None:
    document = only("a: '12'\nb: \"true\"\nc: |\n  null\n")
    assert document.root == {"a": "12", "b": "true", "c": "null\n"}
    assert document.loose == []


def test_every_value_knows_its_place_also_behind_wide_characters() -> None:
    text = "a: «ü»\nb:\n  - x\n  - {c: 1, 'd.e/f': [2, 3]}\n"
    places = only(text).positions
    assert str(places.span("")) == "m.yaml:1:1"
    assert str(places.span("a")) == "m.yaml:1:4"
    assert str(places.span("b[0]")) == "m.yaml:3:5"
    assert str(places.span("b[1].d.e/f[1]")) == "m.yaml:4:25"
    assert str(places.key_span("b[1].d.e/f")) == "m.yaml:4:12"
    assert str(places.span("b[1].nothing.here")) == "m.yaml:4:5"
    assert str(places.key_span("b")) == "m.yaml:2:1"


def test_places_survive_windows_line_ends_and_a_byte_order_mark() -> None:
    places = only(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n").positions
    assert str(places.span("b")) == "m.yaml:2:4"
    assert str(places.span("")) == "m.yaml:1:1"


@pytest.mark.parametrize(
    ("text", "position", "place"),
    [
        ("rule: one two\n", 4, "1:11"),
        ("rule: 'it''s two'\n", 5, "1:14"),
        ("rule: |\n  one\n  two three\n", 8, "3:7"),
        ("rule: >-\n  one\n  two\n", 4, "3:3"),
        ("rule:\n  one\n  two\n", 4, "3:3"),
        ("rule: one\n", 3, "1:10"),
        ('rule: "a\\u0041\\"\\n\\x41b"\n', 5, "1:23"),
        ('rule: "a\\\n  \\\n  \\tb"\n', 2, "3:5"),
    ],
)
def test_a_character_inside_a_text_has_a_place(text: str, position: int, place: str) -> None:
    assert str(only(text).positions.inside("rule", position)) == f"m.yaml:{place}"


def test_documents_of_one_file_have_their_own_places_and_empty_ones_are_left_out() -> None:
    documents, findings = read("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n")
    assert findings == []
    assert [each.root for each in documents] == [{"a": 1}, {"b": 2}]
    assert [str(each.positions.span("")) for each in documents] == ["m.yaml:2:1", "m.yaml:6:1"]


@pytest.mark.parametrize("start", ["[", "{a: ", "- ", "? ", "&a [", "a: &x {b: ", "[&a "])
def test_a_hundred_thousand_levels_are_refused_without_a_crash(start: str) -> None:
    _, findings = read(start * 100_000)
    assert [each.code for each in findings] in (["AUD1007"], ["AUD1006"], ["AUD1004"])


def test_the_deepest_allowed_nesting_is_read() -> None:
    document = only("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    assert isinstance(document.root, list)
    _, findings = read("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2))
    assert [each.code for each in findings] == ["AUD1007"]


def test_aliases_repeat_values_with_their_places() -> None:
    document = only("a: &one {k: 12, l: &two [x]}\nb: *one\nc: *two\n")
    assert document.root == {"a": {"k": 12, "l": ["x"]}, "b": {"k": 12, "l": ["x"]}, "c": ["x"]}
    assert document.positions.span("b.k") == document.positions.span("a.k")
    assert str(document.positions.key_span("c")) == "m.yaml:3:1"
    assert [each.path for each in document.loose] == [("a", "k"), ("b", "k")]


def test_an_anchor_can_be_given_again_and_ends_with_its_document() -> None:
    documents, findings = read("a: &x 1\nb: &x 2\nc: *x\n---\nd: *x\n")
    assert documents[0].root == {"a": 1, "b": 2, "c": 2}
    assert [each.code for each in findings] == ["AUD1008"]


@pytest.mark.parametrize("levels", [5, 9, 25])
def test_a_billion_laughs_are_refused_before_they_grow(levels: int) -> None:
    lines = ["a0: &a0 [" + ", ".join(["lol"] * 9) + "]"]
    lines += [
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)
    ]
    _, findings = read("\n".join(lines))
    assert [each.code for each in findings] == ["AUD1007"]


def test_a_file_may_not_be_too_large() -> None:
    _, findings = read(b"#" * (MAX_FILE_BYTES + 1))
    assert [each.code for each in findings] == ["AUD1002"]


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"a: 1\nb: caf\xe9 x\n", "2:7"), (b"\xff\xfea\x00", "1:1"), (b"\x00\xfe", "1:2")],
)
def test_what_is_not_utf_8_is_refused_at_its_place(data: bytes, place: str) -> None:
    _, findings = read(data)
    assert [each.code for each in findings] == ["AUD1001"]
    assert str(findings[0].span) == f"m.yaml:{place}"


def test_a_control_character_is_refused() -> None:
    _, findings = read("a: 1\nb: \x07\n")
    assert [each.code for each in findings] == ["AUD1004"]


_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
_trees = st.recursive(
    st.one_of(st.integers(-(10**12), 10**12), st.booleans(), st.none(), _text),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(_text, below, max_size=4)),
    max_leaves=20,
)


@given(st.dictionaries(_text, _trees, min_size=1, max_size=4), st.booleans())
def test_reads_what_yaml_writes_and_finds_every_value_in_the_file(
    tree: dict[str, Any],
    flow: bool,
) -> None:
    written = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    document = only(written)
    for each in document.loose:
        # Its writer knows fewer spellings of numbers (0E0) and leaves them without quotes.
        if isinstance(yaml.safe_load(each.raw), str):
            each.container[each.key] = each.raw
    assert document.root == tree
    lines = written.split("\n")
    for path, leaf in _leaves(tree, ()):
        if isinstance(leaf, int) and not any(
            set(str(step)) & set(".[") or not step for step in path if isinstance(step, str)
        ):
            span = document.positions.span(path_text(path))
            shown = str(leaf).lower()
            assert lines[span.line - 1][span.column - 1 :].startswith(shown)


def _leaves(
    tree: object, path: tuple[str | int, ...]
) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(tree, dict):
        return [each for key, below in tree.items() for each in _leaves(below, (*path, key))]
    if isinstance(tree, list):
        return [each for n, below in enumerate(tree) for each in _leaves(below, (*path, n))]
    return [(path, tree)]
