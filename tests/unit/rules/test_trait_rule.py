from pathlib import Path

import pytest

from audctl.model.rules.rule_error import RuleError
from audctl.model.rules.trait_rule import (
    Comparison,
    check_trait_rule,
    onboarded_rule,
    parse_trait_rule,
)

CASES = Path(__file__).parents[2] / "cases" / "rules"


def rows(name: str) -> list[list[str]]:
    lines = (CASES / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("text", "canonical"), rows("trait_valid.tsv"))
def test_a_valid_rule_has_its_canonical_text(text: str, canonical: str) -> None:
    rule = parse_trait_rule(text)
    assert rule.canonical == canonical
    assert parse_trait_rule(str(rule)).tree == rule.tree


@pytest.mark.parametrize(("text", "position", "words"), rows("trait_invalid.tsv"))
def test_an_invalid_rule_says_where_and_what(text: str, position: str, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_trait_rule(text)
    assert words in str(caught.value)
    assert caught.value.position == int(position)


def test_a_number_and_a_quoted_number_differ() -> None:
    assert parse_trait_rule("price == 10") != parse_trait_rule('price == "10"')


def test_a_rule_knows_its_keys() -> None:
    assert parse_trait_rule('c_a == 1 AND NOT ("c b" == 2 OR c_a == 3)').keys == {"c_a", "c b"}


def test_the_rule_of_an_onboarded_trait() -> None:
    rule = onboarded_rule('say "hi"')
    assert str(rule) == 'ic == "say ""hi"""'
    assert rule.tree == Comparison("ic", "==", 'say "hi"')
    assert rule == parse_trait_rule(str(rule))
    assert rule.onboarded_code == 'say "hi"'


@pytest.mark.parametrize("text", ['ic != "a"', 'c_ic == "a"', 'ic == "a" OR ic == "b"'])
def test_other_rules_have_no_onboarded_code(text: str) -> None:
    assert parse_trait_rule(text).onboarded_code is None


def test_only_numbers_compare_by_size() -> None:
    rule = parse_trait_rule('c_a > ten AND c_b <= 10 AND c_c < "10" AND c_d == ten')
    (problem,) = check_trait_rule(rule)
    assert problem.code == "AUD1406"
    assert 'c_a > "ten"' in problem.message
