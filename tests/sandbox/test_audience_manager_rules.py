from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.sandbox.audience_manager.rule_tree import (
    AllOf,
    AnyOf,
    Frequency,
    HasTrait,
    Node,
    Not,
    as_document,
    leaves,
    matches_nobody_known,
    rule_text,
    within_days,
)
from audctl.sandbox.audience_manager.segment_rule import RuleError, parse_segment_rule
from audctl.sandbox.audience_manager.trait_rule import check_trait_rule

if TYPE_CHECKING:
    from tests.sandbox.audience_manager_account import Account

CASES = Path(__file__).parents[1] / "cases" / "sandbox"
MAX_DEPTH = 100


def read_cases(name: str) -> list[list[str]]:
    lines = (CASES / name).read_text().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.fixture
def traits(account: Account) -> dict[str, int]:
    source = account.data_source()["dataSourceId"]
    folder = account.post("/folders/traits", {"name": "Web", "parentFolderId": 0})["folderId"]
    (folder_trait,) = account.get("/traits", folderId=folder)
    return {
        "a": account.trait(source)["sid"],
        "b": account.trait(source)["sid"],
        "o": account.trait(source, traitType="ON_BOARDED_TRAIT", traitRule=None)["sid"],
        "f": folder_trait["sid"],
    }


def test_segment_rules(account: Account, traits: dict[str, int]) -> None:
    for pattern, expected in read_cases("segment_rules.tsv"):
        rule = pattern.format(**traits)
        answer = account.http.post("/segments/validate/", json={"code": rule})
        verdict = "ok" if answer.status_code == 200 else answer.json()["childMessages"][0]
        assert expected.format(**traits) in verdict, rule
        made = account.http.post(
            "/segments",
            json={"name": "s", "dataSourceId": 4900, "folderId": 0, "segmentRule": rule},
        )
        assert (made.status_code == 201) == (expected == "ok"), rule
        if expected == "ok":
            assert made.json()["segmentRule"] == rule


def test_trait_rules(account: Account) -> None:
    for rule, expected in read_cases("trait_rules.tsv"):
        answer = account.http.post("/traits/validate", json={"code": rule})
        verdict = "ok" if answer.status_code == 200 else answer.json()["childMessages"][0]
        assert expected in verdict, rule


def test_a_rule_reports_its_traits() -> None:
    rule = parse_segment_rule("1T AND frequency([2T, 3T OR 4T]) >= 2 OR NOT 5T AND 1T", MAX_DEPTH)
    assert rule.traits == {1, 2, 3, 4, 5}
    assert rule.counted_traits == {2, 3, 4}
    assert not rule.matches_nobody_known


@pytest.mark.parametrize("check", [parse_segment_rule, check_trait_rule])
@pytest.mark.parametrize("text", ["(" * 100_000, "NOT " * 50_000, "1T OR " * 50_000])
def test_long_and_deep_rules_are_refused_in_order(check: object, text: str) -> None:
    assert callable(check)
    with pytest.raises(RuleError):
        check(text, MAX_DEPTH)


def test_five_thousand_traits_fit_in_a_rule() -> None:
    text = " OR ".join(f"{sid}T" for sid in range(1, 5001))
    assert len(parse_segment_rule(text, MAX_DEPTH).traits) == 5000


@given(st.text(alphabet='()[]<>=",ANDORTNOTFREQUENCY 0123456789dc_\\\n\x00é', max_size=60))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    for check in (parse_segment_rule, check_trait_rule):
        with contextlib.suppress(RuleError):
            check(text, MAX_DEPTH)


NUMBERS = st.integers(min_value=1, max_value=9)
LEAVES = st.one_of(
    st.builds(lambda sid: (f"{sid}T", False), NUMBERS),
    st.builds(
        lambda sid, compare, times: (
            f"frequency([{sid}T]) {compare} {times}",
            compare == "<=" or times == 0,
        ),
        NUMBERS,
        st.sampled_from(["<=", ">=", "=="]),
        st.integers(min_value=0, max_value=3),
    ),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: (f"({a[0]}) AND ({b[0]})", a[1] and b[1]), inner, inner),
        st.builds(lambda a, b: (f"({a[0]}) OR ({b[0]})", a[1] or b[1]), inner, inner),
        st.builds(lambda a: (f"NOT ({a[0]})", not a[1]), inner),
    ),
    max_leaves=8,
)


@given(RULES)
def test_a_rule_is_true_for_a_user_without_traits_when_logic_says_so(
    rule: tuple[str, bool],
) -> None:
    text, expected = rule
    assert parse_segment_rule(text, MAX_DEPTH).matches_nobody_known is expected


def tree_of(text: str) -> Node:
    return parse_segment_rule(text, MAX_DEPTH).tree


def holds(node: Node, counts: dict[int, int]) -> bool:
    """Evaluate a rule for a profile that has had each trait so often, all of it today."""
    match node:
        case HasTrait(sid):
            return counts.get(sid, 0) > 0
        case Frequency(sids, operator, times, _):
            had = sum(counts.get(sid, 0) for sid in sids)
            return {">=": had >= times, "<=": had <= times, "==": had == times}[operator]
        case Not(operand):
            return not holds(operand, counts)
        case AllOf(operands):
            return all(holds(operand, counts) for operand in operands)
        case AnyOf(operands):
            return any(holds(operand, counts) for operand in operands)


COUNTS = st.dictionaries(NUMBERS, st.integers(min_value=0, max_value=4), max_size=9)


@given(RULES)
def test_writing_a_rule_anew_keeps_its_tree(rule: tuple[str, bool]) -> None:
    tree = tree_of(rule[0])
    assert tree_of(rule_text(tree)) == tree


@given(RULES, COUNTS)
def test_a_rule_written_anew_holds_for_the_same_profiles(
    rule: tuple[str, bool], counts: dict[int, int]
) -> None:
    tree = tree_of(rule[0])
    assert holds(tree_of(rule_text(tree)), counts) == holds(tree, counts)
    assert holds(within_days(tree, 7), counts) == holds(tree, counts)
    assert matches_nobody_known(tree) == holds(tree, {})


@given(RULES)
def test_the_days_of_an_estimate_reach_every_condition_without_a_recency(
    rule: tuple[str, bool],
) -> None:
    for leaf in leaves(within_days(tree_of(rule[0]), 7)):
        assert isinstance(leaf, Frequency)
        assert leaf.recency == ("<=", 7)


def test_a_recency_of_its_own_stays() -> None:
    tree = tree_of("frequency([1T] >= 30D) >= 2 AND 2T")
    assert rule_text(within_days(tree, 7)) == (
        "frequency([1T] >= 30D) >= 2 AND frequency([2T] <= 7D) >= 1"
    )


def test_precedence_shows_in_the_tree() -> None:
    assert tree_of("1T OR NOT 2T AND 3T") == AnyOf(
        (HasTrait(1), AllOf((Not(HasTrait(2)), HasTrait(3))))
    )
    assert as_document(tree_of("NOT 1T"))["type"] == "NOT"
    with pytest.raises(RuleError, match="too large"):
        tree_of("frequency([1T]) >= 9999999999")
