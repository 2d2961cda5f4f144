"""Laws of trait rules: what is read back is what was meant, whatever is inside the quotes."""

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from audctl.model.rules.boolean_tree import And, Not, Or, leaves
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.trait_rule import (
    SYMBOLS,
    WORDS,
    Comparison,
    SignalNode,
    TraitRule,
    onboarded_rule,
    parse_trait_rule,
)

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
keys = st.sampled_from(["c_event", "and", "NOT", "a b", 'q"q', "123price", "é"]) | st.text(
    min_size=1
)
words = st.builds(Comparison, keys, st.sampled_from([*SYMBOLS, *WORDS]), st.text())
numbers = st.builds(
    Comparison,
    keys.filter(lambda key: key != "ic"),
    st.sampled_from(SYMBOLS),
    st.from_regex(NUMBER, fullmatch=True).filter(str.isascii),
    st.just(True),
)


def _groups(children: SearchStrategy[SignalNode]) -> SearchStrategy[SignalNode]:
    operands = st.lists(children, min_size=2, max_size=3).map(tuple)
    return operands.map(And) | operands.map(Or) | children.map(Not)


trees: SearchStrategy[SignalNode] = st.recursive(words | numbers, _groups, max_leaves=6)


def holds(node: SignalNode, true: frozenset[Comparison]) -> bool:
    if isinstance(node, And):
        return all(holds(each, true) for each in node.operands)
    if isinstance(node, Or):
        return any(holds(each, true) for each in node.operands)
    if isinstance(node, Not):
        return not holds(node.operand, true)
    return node in true


@given(trees)
def test_reading_the_text_of_a_tree_gives_the_tree(tree: SignalNode) -> None:
    assert parse_trait_rule(str(tree)).tree == tree


@given(trees)
def test_canonical_text_is_a_fixed_point_and_means_the_same(tree: SignalNode) -> None:
    canonical = TraitRule(tree).canonical
    read = parse_trait_rule(canonical)
    assert read.canonical == canonical
    found = sorted(set(leaves(tree)), key=lambda leaf: leaf.canonical)
    for row in product((False, True), repeat=len(found)):
        true = frozenset(leaf for leaf, value in zip(found, row, strict=True) if value)
        assert holds(tree, true) == holds(read.tree, true)


@given(st.data(), st.lists(words | numbers, min_size=2, max_size=5))
def test_order_does_not_count(data: st.DataObject, comparisons: list[Comparison]) -> None:
    shuffled = data.draw(st.permutations(comparisons))
    assert TraitRule(And(tuple(comparisons))) == TraitRule(And(tuple(shuffled)))
    assert TraitRule(Or(tuple(comparisons))) == TraitRule(Or(tuple(shuffled)))


@given(words | numbers, words | numbers)
def test_different_comparisons_have_different_texts(one: Comparison, other: Comparison) -> None:
    assert (one == other) == (one.canonical == other.canonical)


@given(st.text())
def test_an_onboarded_code_survives(code: str) -> None:
    assert parse_trait_rule(str(onboarded_rule(code))).onboarded_code == code


@given(st.text(alphabet='()=!<> "\\ac_1.-ANDORcontains', max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    read = _read(text)
    if isinstance(read, RuleError):
        assert 0 <= read.position <= len(text)
    else:
        assert parse_trait_rule(str(read)).tree == read.tree


def _read(text: str) -> TraitRule | RuleError:
    try:
        return parse_trait_rule(text)
    except RuleError as error:
        return error
