"""Manifests as text: what is written reads back as it was meant, and is pleasant to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audctl.manifest.controls import find_control
from audctl.manifest.form.canonical import canonical_text
from audctl.manifest.positions import SourceFile
from audctl.manifest.schemas import kind_schema
from audctl.manifest.settle import settle_loose, settle_templates
from audctl.manifest.substitute import Substitution
from audctl.manifest.write import inline, manifest_text
from audctl.manifest.yaml_tree import read_documents, read_source
from audctl.model.finding import Finding

AWKWARD = st.sampled_from(
    [
        *("no", "~", "1e3", "0x1", "- a", "a: b", "a #b", "'", '"', "[a]", "{a}", "*a", "&a", "!a"),
        *(
            "%a",
            "@a",
            "`a`",
            "${env:HOME}",
            "$${x}",
            "a\nb",
            "a\n\n  b",
            " a",
            "a ",
            "a\n",
            "|",
            ">",
        ),
        *("? a", "---", "a\tb", "x" * 200, "word " * 40 + "end", "\u2028", "\xa0", "\ufeff"),
        *("\U0001f600", "true", "Null", "2026-01-31", "a, b", "a:"),
    ]
)
TEXTS = st.one_of(AWKWARD, st.text(st.characters(exclude_categories=["Cs"]), max_size=120))


def tree_of(label: str, description: str | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "apiVersion": "audctl.dev/v1",
        "kind": "List",
        "metadata": {"name": "any", "annotations": {"example.com/note": label}, **more},
        "spec": {"label": label, "description": description},
    }


def read(text: str) -> object:
    """Read one document as every command does, references replaced."""
    source = read_source("any.yaml", text.encode())
    assert not isinstance(source, Finding)
    (document,), findings = read_documents(source)
    assert findings == []
    schema = kind_schema("List")
    settle_loose(document, schema)
    secrets: dict[str, Any] = {}
    assert settle_templates(document, schema, Substitution(Path("/"), {}), secrets) == []
    return document.root


@given(TEXTS, st.one_of(st.none(), TEXTS))
@example("no", "$${${env:HOME}")
def test_any_text_reads_back_as_itself_and_reads_no_environment(
    label: str, description: str | None
) -> None:
    label = label if find_control(label) is None else "x"
    tree = tree_of(label, description)
    text = manifest_text(tree)
    assert read(text) == tree
    assert manifest_text(tree) == text
    assert canonical_text(SourceFile("any.yaml", text.encode())) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Cart abandoners", "Cart abandoners"),
        ("/Web/Commerce", "/Web/Commerce"),
        ('c_event == "cart_add"', 'c_event == "cart_add"'),
        ("frequency([cart-add] <= 7D) >= 1", "frequency([cart-add] <= 7D) >= 1"),
        ("@account", '"@account"'),
        ("no", '"no"'),
        ("7 days", '"7 days"'),
        ("a: b", '"a: b"'),
        ("a\u2028b", '"a\\u2028b"'),
        ("${x}", '"$${x}"'),
        (["pii", "a, b"], '[pii, "a, b"]'),
        ({"daily": "03:00"}, '{daily: "03:00"}'),
        (True, "true"),
        (None, "null"),
        (120, "120"),
    ],
)
def test_values_are_plain_where_every_reader_takes_them_for_what_they_are(
    value: Any,  # noqa: ANN401 - of any type
    written: str,
) -> None:
    assert inline(value) == written


def test_a_long_rule_is_folded_between_words_and_lines_of_a_text_stay() -> None:
    rule = " OR ".join(f"trait-{number}" for number in range(30))
    text = manifest_text(tree_of("Any", "one\ntwo") | {"spec": {"rule": rule, "note": "one\ntwo"}})
    assert max(map(len, text.splitlines())) <= 100
    assert "  rule: >-\n    trait-0 OR trait-1" in text
    assert "  note: |-\n    one\n    two\n" in text
