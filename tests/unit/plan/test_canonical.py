from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.model.canonical import canonical, is_nothing
from audctl.model.objects import Form
from audctl.model.rules.segment_rule import parse_segment_rule
from audctl.plan.same_rule import same_tree


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        (Form.TEXT, None, ""),
        (Form.TEXT, 12, "12"),
        (Form.TEXT, True, "true"),
        (Form.TEXT, " kept ", " kept "),
        (Form.REFERENCE, 5, "5"),
        (Form.REFERENCE, None, ""),
        (Form.NUMBER, "0120", 120),
        (Form.NUMBER, "", None),
        (Form.NUMBER, None, None),
        (Form.NUMBER, "1.5", "1.5"),
        (Form.FLAG, "1", True),
        (Form.FLAG, "true", True),
        (Form.FLAG, 1, True),
        (Form.FLAG, "0", False),
        (Form.FLAG, None, False),
        (Form.FLAG, ("x",), False),
        (Form.SET, ("b", "a", "b"), ("a", "b")),
        (Form.SET, None, ()),
        (Form.SET, "", ()),
        (Form.SET, "a", ("a",)),
        (Form.SEGMENT_RULE, parse_segment_rule("b AND (a)"), "a AND b"),
        (Form.SEGMENT_RULE, "not a rule (", "not a rule ("),
        (Form.TRAIT_RULE, None, ""),
    ],
)
def test_equal_values_share_one_spelling(form: Form, value: object, expected: object) -> None:
    found = canonical(form, value)  # type: ignore[arg-type]  # whatever a provider may give
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("value", [None, False, "", ()])
def test_nothing_is_nothing(value: None) -> None:
    assert is_nothing(value)
    assert not is_nothing("0")
    assert not is_nothing(0)
    assert not is_nothing(("",))


TOKENS = {"a": "11T", "b": "12T", "c": "13T"}

_leaves = st.sampled_from(
    ["a", "b", "c", "99T", "frequency([a, c] <= 7D) >= 2", "frequency([b]) >= 1"]
)
_rules = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda text: f"(NOT ({text}))"),
    ),
    max_leaves=6,
)


@given(_rules)
def test_a_rule_is_the_same_as_itself_under_other_names(text: str) -> None:
    named = parse_segment_rule(text)
    assert same_tree(named.tree, named.rename(TOKENS).tree, TOKENS)


@given(_rules, _rules)
def test_the_quick_look_never_takes_different_rules_for_one(one: str, other: str) -> None:
    named, live = parse_segment_rule(one), parse_segment_rule(other).rename(TOKENS)
    if same_tree(named.tree, live.tree, TOKENS):
        assert named.rename(TOKENS).canonical == live.canonical
