"""How two segment rules stand to each other: against brute force over traits, and against people with histories."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.model.rules.boolean_tree import And, Not, Or
from audctl.model.rules.containment import MOST_TERMS, Relation, compare_rules
from audctl.model.rules.segment_rule import (
    Frequency,
    Recency,
    SegmentNode,
    SegmentRule,
    Term,
    TraitTerm,
    parse_segment_rule,
)

TRAITS = ("a", "b", "c")


def rules(terms: st.SearchStrategy[Term]) -> st.SearchStrategy[SegmentRule]:
    def deeper(nodes: st.SearchStrategy[SegmentNode]) -> st.SearchStrategy[SegmentNode]:
        several = st.lists(nodes, min_size=2, max_size=3).map(tuple)
        return st.one_of(several.map(And), several.map(Or), nodes.map(Not))

    return st.recursive(terms, deeper, max_leaves=6).map(SegmentRule)


PLAIN = st.sampled_from(TRAITS).map(TraitTerm)
COUNTED = st.builds(
    Frequency,
    st.lists(st.sampled_from(TRAITS), min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from((">=", "<=", "==")),
    st.integers(0, 3),
    st.none() | st.builds(Recency, st.sampled_from(("<=", ">=")), st.integers(1, 4)),
)


@dataclass(frozen=True)
class Person:
    """Days back at which each trait was realised."""

    days: dict[str, list[int]]

    def has(self, node: SegmentNode) -> bool:
        if isinstance(node, And):
            return all(map(self.has, node.operands))
        if isinstance(node, Or):
            return any(map(self.has, node.operands))
        if isinstance(node, Not):
            return not self.has(node.operand)
        if isinstance(node, TraitTerm):
            return bool(self.days.get(node.trait))
        count = sum(
            self._within(day, node) for each in node.traits for day in self.days.get(each, [])
        )
        return {">=": count >= node.count, "<=": count <= node.count, "==": count == node.count}[
            node.operator
        ]

    @staticmethod
    def _within(day: int, node: Frequency) -> bool:
        if node.recency is None:
            return True
        return (
            day <= node.recency.days if node.recency.operator == "<=" else day >= node.recency.days
        )


PEOPLE = st.dictionaries(st.sampled_from(TRAITS), st.lists(st.integers(0, 5), max_size=4)).map(
    Person
)


def by_force(old: SegmentRule, new: SegmentRule) -> Relation:
    """Try everybody there can be."""
    everybody = [
        Person({trait: [0] for trait, has in zip(TRAITS, row, strict=True) if has})
        for row in product((False, True), repeat=len(TRAITS))
    ]
    into = any(each.has(new.tree) and not each.has(old.tree) for each in everybody)
    out = any(each.has(old.tree) and not each.has(new.tree) for each in everybody)
    return {
        (False, False): Relation.EQUIVALENT,
        (False, True): Relation.NARROWER,
        (True, False): Relation.WIDER,
        (True, True): Relation.INCOMPARABLE,
    }[into, out]


@given(rules(PLAIN), rules(PLAIN))
@settings(max_examples=300)
def test_over_plain_traits_it_is_exact(old: SegmentRule, new: SegmentRule) -> None:
    assert compare_rules(old, new) is by_force(old, new)


@given(
    rules(st.one_of(PLAIN, COUNTED)),
    rules(st.one_of(PLAIN, COUNTED)),
    st.lists(PEOPLE, max_size=20),
)
@settings(max_examples=300)
def test_nobody_ever_proves_it_wrong(
    old: SegmentRule, new: SegmentRule, people: list[Person]
) -> None:
    relation = compare_rules(old, new)
    for each in people:
        before, after = each.has(old.tree), each.has(new.tree)
        if relation in {Relation.EQUIVALENT, Relation.NARROWER}:
            assert not (after and not before)
        if relation in {Relation.EQUIVALENT, Relation.WIDER}:
            assert not (before and not after)


@given(COUNTED, COUNTED, st.lists(PEOPLE, min_size=1, max_size=30))
@settings(max_examples=500)
def test_nobody_ever_proves_single_terms_wrong(
    one: Frequency, other: Frequency, people: list[Person]
) -> None:
    test_nobody_ever_proves_it_wrong.hypothesis.inner_test(  # type: ignore[attr-defined]  # what given() wraps
        SegmentRule(one), SegmentRule(other), people
    )


@given(rules(st.one_of(PLAIN, COUNTED)), rules(st.one_of(PLAIN, COUNTED)))
def test_turned_round_it_says_the_opposite(old: SegmentRule, new: SegmentRule) -> None:
    opposite = {Relation.NARROWER: Relation.WIDER, Relation.WIDER: Relation.NARROWER}
    relation = compare_rules(old, new)
    assert compare_rules(new, old) is opposite.get(relation, relation)


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        ("a", "a AND b", Relation.NARROWER),
        ("a", "a OR b", Relation.WIDER),
        ("a AND (b OR c)", "(a AND b) OR (a AND c)", Relation.EQUIVALENT),
        ("a AND NOT b", "a", Relation.WIDER),
        ("a", "b", Relation.INCOMPARABLE),
        ("frequency([a] <= 30D) >= 1", "frequency([a] <= 7D) >= 1", Relation.NARROWER),
        ("frequency([a]) >= 1", "frequency([a]) >= 3", Relation.NARROWER),
        ("frequency([a]) >= 1", "frequency([a, b]) >= 1", Relation.WIDER),
        ("frequency([a]) <= 3", "frequency([a, b]) <= 3", Relation.NARROWER),
        ("frequency([a]) == 2", "frequency([a]) <= 2", Relation.WIDER),
        ("frequency([a] >= 7D) >= 1", "frequency([a] >= 30D) >= 1", Relation.NARROWER),
        ("frequency([a] >= 7D) >= 1", "frequency([a] <= 7D) >= 1", Relation.INCOMPARABLE),
        (
            "b OR (frequency([a]) >= 3 AND frequency([a]) <= 1)",
            "b",
            Relation.EQUIVALENT,
        ),
    ],
)
def test_changes_people_make(old: str, new: str, relation: Relation) -> None:
    assert compare_rules(parse_segment_rule(old), parse_segment_rule(new)) is relation


def test_more_terms_than_can_be_tried_are_unknown_unless_the_rules_are_equal() -> None:
    names = [f"t{number}" for number in range(MOST_TERMS + 1)]
    old = parse_segment_rule(" OR ".join(names))
    assert compare_rules(old, parse_segment_rule(" OR ".join(names[1:]))) is Relation.UNKNOWN
    assert (
        compare_rules(old, parse_segment_rule(" OR ".join(reversed(names)))) is Relation.EQUIVALENT
    )
    fewer = parse_segment_rule(" OR ".join(names[1:]))
    assert compare_rules(fewer, parse_segment_rule(" OR ".join(names[2:]))) is Relation.NARROWER
