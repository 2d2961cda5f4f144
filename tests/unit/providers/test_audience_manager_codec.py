"""Values on the wire and in canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.model.rules.segment_rule import SegmentRule, parse_segment_rule
from audctl.model.rules.trait_rule import parse_trait_rule
from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import (
    FLAG,
    ID,
    SEGMENT_RULE,
    TEXT,
    TRAIT_RULE,
    Member,
    decode_members,
    numbers,
    word_sets,
    words,
)


@pytest.mark.parametrize(
    "spelling",
    [names.ID_TYPES, names.TRAIT_TYPES, names.SEGMENT_STATES, names.DESTINATION_TYPES],
)
def test_words_cross_both_ways_and_unknown_ones_stay(spelling: dict[str, str]) -> None:
    codec = words(spelling)
    for theirs, ours in spelling.items():
        assert codec.decode(theirs) == ours
        assert codec.decode(theirs.lower()) == ours
        assert codec.encode(ours) == theirs
    assert codec.decode("NEW_ONE") == "NEW_ONE"
    assert codec.encode("NEW_ONE") == "NEW_ONE"


@given(st.lists(st.sampled_from(sorted(names.EXPORT_CONTROLS.values())) | st.text(max_size=5)))
def test_sets_cross_without_order_or_repetition(chosen: list[str]) -> None:
    codec = word_sets(names.EXPORT_CONTROLS)
    expected = tuple(sorted({str(codec.decode([each])[0]) for each in chosen}))  # type: ignore[index]
    assert codec.decode(codec.encode(tuple(chosen))) == expected
    assert codec.decode(codec.encode(tuple(reversed(chosen)))) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(5001, "5001"), ("5001", "5001"), (None, ""), (0, "0"), ("", "")]
)
def test_ids_are_text_for_us(value: object, text: str) -> None:
    assert ID.decode(value) == text


@pytest.mark.parametrize(
    ("text", "value"), [("5001", 5001), ("0", 0), ("", 0), (None, 0), ("ic:x", "ic:x")]
)
def test_ids_are_numbers_on_the_wire(text: str | None, value: object) -> None:
    assert ID.encode(text) == value


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        ("true", True),
        ("TRUE", True),
        (1, True),
        (False, False),
        (None, False),
        ("no", False),
    ],
)
def test_flags(value: object, flag: bool) -> None:
    assert FLAG.decode(value) is flag


@pytest.mark.parametrize(
    ("value", "number"), [(120, 120), ("120", 120), (None, None), ("soon", None), (True, None)]
)
def test_numbers(value: object, number: int | None) -> None:
    assert numbers().decode(value) == number


def test_clearing_writes_what_the_system_takes_for_nothing() -> None:
    assert TEXT.encode(None) == ""
    assert numbers(names.DEFAULT_TTL_DAYS).encode(None) == 120
    assert word_sets(names.EXPORT_CONTROLS).encode(None) == []
    assert FLAG.encode(None) is False
    assert words(names.SEGMENT_STATES).encode(None) == "ACTIVE"
    assert SEGMENT_RULE.encode(None) == ""


def test_rules_are_trees_and_keep_their_authors_order_on_the_wire() -> None:
    text = "70012T AND NOT 70011T"
    rule = SEGMENT_RULE.decode(text)
    assert rule == parse_segment_rule("NOT 70011T AND (70012T)")
    assert SEGMENT_RULE.encode(rule) == text
    assert TRAIT_RULE.encode(TRAIT_RULE.decode("c_x==a")) == parse_trait_rule("c_x == a").text


def test_a_rule_beyond_the_grammar_stays_text() -> None:
    for codec in (SEGMENT_RULE, TRAIT_RULE):
        assert codec.decode("look-alike(1)") == "look-alike(1)"
        assert codec.encode("look-alike(1)") == "look-alike(1)"
        assert codec.decode(None) == ""


def test_a_rule_known_by_its_text_is_not_parsed_again() -> None:
    first = SEGMENT_RULE.decode("70011T OR 70013T")
    assert isinstance(first, SegmentRule)
    assert SEGMENT_RULE.decode("70011T OR 70013T") is first


def test_a_member_that_an_answer_leaves_out_is_unknown_only_when_it_is_optional() -> None:
    members = (
        Member("label", "name", TEXT),
        Member("mergeRule", "merge", numbers(), optional=True),
    )
    assert decode_members(members, {}) == {"label": ""}
    assert decode_members(members, {"merge": 5}) == {"label": "", "mergeRule": 5}
