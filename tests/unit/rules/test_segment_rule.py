from pathlib import Path

import pytest

from audctl.model.rules.boolean_parser import MAX_DEPTH, MAX_LENGTH
from audctl.model.rules.boolean_tree import And, Not, Or
from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.segment_checks import check_frequency_traits, check_segment_rule
from audctl.model.rules.segment_rule import (
    Frequency,
    Recency,
    SegmentNode,
    TraitTerm,
    parse_segment_rule,
)

CASES = Path(__file__).parents[2] / "cases" / "rules"


def rows(name: str) -> list[list[str]]:
    lines = (CASES / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("text", "canonical"), rows("segment_valid.tsv"))
def test_a_valid_rule_has_its_canonical_text(text: str, canonical: str) -> None:
    assert parse_segment_rule(text).canonical == canonical


@pytest.mark.parametrize(("text", "position", "words"), rows("segment_invalid.tsv"))
def test_an_invalid_rule_says_where_and_what(text: str, position: str, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_segment_rule(text)
    assert words in str(caught.value)
    assert caught.value.position == int(position)


@pytest.mark.parametrize(("text", "codes"), rows("segment_problems.tsv"))
def test_problems_beyond_syntax_have_their_codes(text: str, codes: str) -> None:
    problems = check_segment_rule(parse_segment_rule(text))
    assert " ".join(problem.code for problem in problems) == codes.replace("-", "")


def test_the_tree_keeps_what_the_author_wrote() -> None:
    rule = parse_segment_rule("NOT b AND (frequency([d, c] <= 7D) >= 2 OR a)")
    frequency = Frequency(("d", "c"), ">=", 2, Recency("<=", 7))
    either: SegmentNode = Or((frequency, TraitTerm("a")))
    expected: SegmentNode = And((Not(TraitTerm("b")), either))
    assert rule.tree == expected
    assert str(rule) == "NOT b AND (frequency([d OR c] <= 7D) >= 2 OR a)"
    assert rule.traits == {"a", "b", "c", "d"}


def test_readable_text_groups_and_inside_or() -> None:
    assert str(parse_segment_rule("a and b or c")) == "(a AND b) OR c"


def test_rules_are_equal_by_meaning_and_not_by_text() -> None:
    one, same = parse_segment_rule("a AND (c OR b)"), parse_segment_rule("((b)or(c)) and a")
    assert one == same
    assert hash(one) == hash(same)
    assert one != parse_segment_rule("a AND c OR b")
    assert one != "a AND (c OR b)"
    assert repr(one) == "SegmentRule('a AND (c OR b)')"


def test_rename_takes_a_mapping_or_a_function() -> None:
    rule = parse_segment_rule("frequency([cart-add, wish] <= 7D) >= 1 AND NOT (purchase OR loyal)")
    live = rule.rename({"cart-add": "70011T", "wish": "9T", "purchase": "70012T"})
    assert str(live) == "frequency([70011T OR 9T] <= 7D) >= 1 AND NOT (70012T OR loyal)"
    assert str(rule.rename(str.upper)) == (
        "frequency([CART-ADD OR WISH] <= 7D) >= 1 AND NOT (PURCHASE OR LOYAL)"
    )
    assert rule.traits == {"cart-add", "wish", "purchase", "loyal"}


def test_two_names_for_one_live_trait_become_one_operand() -> None:
    rule = parse_segment_rule("a OR b").rename({"a": "7T", "b": "7T"})
    assert rule == parse_segment_rule("7T")


def test_parentheses_are_bounded_and_rules_at_the_bound_read_back() -> None:
    deepest = "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH
    assert parse_segment_rule(deepest).canonical == "a"
    with pytest.raises(RuleError, match="nested parentheses"):
        parse_segment_rule(f"({deepest})")
    with pytest.raises(RuleError, match="nested parentheses"):
        parse_segment_rule("(" * 100_000)
    half = MAX_DEPTH // 2
    mixed = "a OR b AND (" * half + "c" + ")" * half
    rule = parse_segment_rule(mixed)
    assert parse_segment_rule(str(rule)).tree == rule.tree
    with pytest.raises(RuleError, match="nested groups"):
        parse_segment_rule(f"a OR b AND ({mixed})")


def test_length_is_bounded() -> None:
    with pytest.raises(RuleError, match="500,000") as caught:
        parse_segment_rule("a" * (MAX_LENGTH + 1))
    assert caught.value.position == MAX_LENGTH


def test_a_long_token_is_shortened_in_the_message() -> None:
    with pytest.raises(RuleError) as caught:
        parse_segment_rule("a " + "b" * 10_000)
    assert len(str(caught.value)) < 200


def test_five_thousand_traits_fit_and_one_more_is_a_problem() -> None:
    most = " OR ".join(f"{number}T" for number in range(1, 5_001))
    assert check_segment_rule(parse_segment_rule(most)) == ()
    (problem,) = check_segment_rule(parse_segment_rule(f"{most} OR 5001T"))
    assert problem.code == "AUD1403"
    assert "5,001" in problem.message


def test_frequency_is_for_rule_based_traits() -> None:
    rule = parse_segment_rule("frequency([web, crm] <= 7D) >= 1 AND crm2 AND frequency([9T]) >= 1")
    types = {"web": "ruleBased", "crm": "onboarded", "crm2": "onboarded"}
    (problem,) = check_frequency_traits(rule, types)
    assert problem.code == "AUD1405"
    assert '"crm" is onboarded' in problem.message
