from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from audctl.manifest.schema_check import explain
from audctl.manifest.schemas import kind_schema, schema_kinds, schema_of
from audctl.manifest.yaml_tree import Document, read_documents, read_source
from audctl.model.finding import Finding

SECRET = "do-not-print-me"


def document(tree: object) -> Document:
    source = read_source("m.yaml", yaml.safe_dump(tree).encode())
    assert not isinstance(source, Finding)
    documents, findings = read_documents(source)
    assert findings == []
    # Loose words are settled by the loader; here the tree itself is the input.
    documents[0].root = tree  # type: ignore[assignment]
    return documents[0]


@pytest.mark.parametrize("kind", schema_kinds())
@given(data=st.data())
def test_whatever_the_compiled_validator_refuses_is_explained(
    kind: str, data: st.DataObject
) -> None:
    tree = data.draw(_broken(schema_of(kind)["examples"][0]))
    schema = kind_schema(kind)
    findings = [] if schema.is_valid(tree) else explain(document(tree), schema)
    assert schema.is_valid(tree) == (findings == [])
    for each in findings:
        assert each.span is not None
        assert "\n" not in each.message


@pytest.mark.parametrize(
    "wrong", [SECRET, [SECRET], {"a": SECRET}, 12, None, f"${{env:X}}{SECRET}"]
)
def test_the_value_of_a_secret_field_is_never_shown(wrong: object) -> None:
    tree = {
        "apiVersion": "audctl.dev/v1",
        "kind": "ExternalAccount",
        "metadata": {"name": "x"},
        "spec": {"label": "x", "secretAccessKey": wrong},
    }
    findings = explain(document(tree), kind_schema("ExternalAccount"))
    assert findings != []
    assert SECRET not in repr(findings)
    assert "12" not in "".join(each.message for each in findings)


def test_a_form_on_which_the_two_validators_disagree_is_still_refused() -> None:
    # Python's "$" lets a line end pass, the compiled validator's does not.
    tree = {
        "apiVersion": "audctl.dev/v1",
        "kind": "List",
        "metadata": {"name": "x\n"},
        "spec": {"label": "x", "lifecycle": {"ignore": ["spec.label\u2028"]}},
    }
    schema = kind_schema("List")
    assert not schema.is_valid(tree)
    assert {(each.code, each.message) for each in explain(document(tree), schema)} == {
        ("AUD1210", "metadata.name holds a line end"),
        (
            "AUD1207",
            'spec.lifecycle.ignore[0] is "spec.label"; expected a path such as spec.description',
        ),
    }


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**9),
    st.sampled_from(["", "x", "/a//b", "10%", "a b", "36h"]),
)


@st.composite
def _broken(draw: Any, example: object) -> Any:  # noqa: ANN401 - any JSON value
    """Take an example and change some of its values, drop some and add some."""
    if isinstance(example, dict):
        found = {
            key: draw(_broken(below))
            for key, below in example.items()
            if draw(st.integers(0, 7)) > 0
        }
        if draw(st.integers(0, 9)) == 0:
            found[draw(st.sampled_from(["rule", "label", "extra", "id", "folder"]))] = draw(
                _SCALARS
            )
        return found
    if draw(st.integers(0, 9)) == 0:
        return draw(st.one_of(_SCALARS, st.lists(_SCALARS, max_size=2), st.just({"a": 1})))
    if isinstance(example, list):
        return [draw(_broken(each)) for each in example]
    return example


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    source = read_source("m.yaml", data)
    if not isinstance(source, Finding):
        _, findings = read_documents(source)
        assert all(each.span is not None for each in findings)


@given(st.text(alphabet="[]{}-?:,&*!|>'\"#%@ \n\tab1<~$", max_size=60))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    source = read_source("m.yaml", text.encode())
    assert not isinstance(source, Finding)
    documents, findings = read_documents(source)
    for each in documents:
        assert str(each.positions.span("a[0].b"))
    assert all(each.span is not None for each in findings)
