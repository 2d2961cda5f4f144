"""Fault documents and the choice of calls: what is refused and how it is said, and that a seed decides alone."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audctl.sandbox.faults import FaultRule, FaultRuleError, Faults, parse_rules, parse_text
from audctl.sandbox.faults.kinds import COMMON, FIELDS, KINDS

RULE = {"route": "GET *", "kind": "status"}


def strikes(document: object, calls: int, label: str = "GET /v1/traits") -> list[int]:
    """Return the numbers of the calls that a rule strikes, from 1."""
    faults = Faults(parse_rules(document))
    return [
        number for number in range(1, calls + 1) if faults.pick(label, lambda _: True) is not None
    ]


def problems(document: object) -> tuple[str, ...]:
    with pytest.raises(FaultRuleError) as caught:
        parse_rules(document)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_of_each_kind_can_be_posted_as_it_stands(kind: str) -> None:
    (rule,) = parse_text(json.dumps(KINDS[kind].example))
    assert rule.kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_names_fields_that_there_are(kind: str) -> None:
    assert set(KINDS[kind].takes) <= set(FIELDS) - set(COMMON)
    assert set(KINDS[kind].needs) <= {*KINDS[kind].takes, *COMMON}


def test_every_field_is_of_use_somewhere() -> None:
    used = {*COMMON, *(name for kind in KINDS.values() for name in kind.takes)}
    assert used == set(FIELDS)


def test_rules_come_alone_in_a_list_or_with_a_seed_for_all() -> None:
    assert parse_rules(RULE) == parse_rules([RULE]) == parse_rules({"rules": [RULE]})
    seeded = parse_rules({"seed": 7, "rules": [RULE, {**RULE, "seed": 8}]})
    assert [rule.seed for rule in seeded] == [7, 8]
    assert parse_rules([]) == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("text", "rule: must be an object with at least route and kind"),
        ({"route": "*"}, "rule.kind: is needed; there are latency, status, soap_fault"),
        ({"kind": "status"}, "rule.route: is needed"),
        ({"route": "*", "kind": "latancy"}, "there is no 'latancy', did you mean 'latency'?"),
        ({"route": "*", "kind": ["status"]}, "rule.kind: there is no ['status']"),
        ({"route": "*", "kind": "latency"}, "rule.latency_ms: is needed"),
        ({**RULE, "route": ""}, "rule.route: must be text such as 'GET /v1/segments*'"),
        ({**RULE, "route": "/v1/segments"}, "rule.route: must be a method or SOAP, a space"),
        ({**RULE, "tiems": 2}, "rule.tiems: unknown, did you mean 'times'?"),
        ({**RULE, "rows": 2}, "rule.rows: a status rule takes no such field"),
        ({**RULE, "nth": 0}, "rule.nth: must be a whole number from 1 to 1000000"),
        ({**RULE, "nth": True}, "rule.nth: must be a whole number from 1 to 1000000"),
        ({**RULE, "status": 99}, "rule.status: must be a whole number from 200 to 599"),
        ({**RULE, "when": "during"}, "rule.when: must be before or after"),
        ({**RULE, "probability": 1.5}, "rule.probability: must be a number from 0 to 1"),
        ({**RULE, "probability": float("nan")}, "rule.probability: must be a number from 0 to 1"),
        ({**RULE, "headers": []}, "rule.headers: must be an object"),
        ({**RULE, "headers": {"Content-Length": "1"}}, "Content-Length is set by the server"),
        ({**RULE, "headers": {"X-Y": "a\r\nSet-Cookie: b"}}, "X-Y must be printable ASCII text"),
        ({**RULE, "headers": {"X Y": "a"}}, "'X Y' is no name of a header"),
        ({**RULE, "status": 204, "body": "text"}, "an answer with status 204 has none"),
        ({**RULE, "body": "\ud800"}, "rule.body: has an unpaired surrogate"),
        ({**RULE, "retry_after_form": "date"}, "means nothing without retry_after"),
        ({**RULE, "retry_after": -1}, "must be a whole number from 0 to 86400"),
        (
            {"route": "*", "kind": "shift_page", "rows": 0},
            "rule.rows: must not be 0",
        ),
        (
            {"route": "*", "kind": "concurrent_editor", "edit": {}},
            "rule.edit: must be an object of fields, or the text of an XML document",
        ),
        (
            {"route": "*", "kind": "concurrent_editor", "edit": "<a>"},
            "rule.edit: is no well-formed XML document",
        ),
        (
            {"route": "*", "kind": "concurrent_editor", "edit": "<group/>"},
            "rule.edit: does not name its schema (xtkschema)",
        ),
        ({"rules": RULE}, "rules: must be a list"),
        ({"rules": [RULE], "sead": 1}, "sead: unknown, did you mean 'seed'?"),
        ({"rules": [RULE], "seed": "one"}, "rules[0].seed: must be a whole number"),
        ([RULE] * 1001, "at most 1000 rules at a time"),
    ],
)
def test_what_is_wrong_is_said(document: object, said: str) -> None:
    assert any(said in problem for problem in problems(document))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = problems([RULE, {"route": 1, "kind": "status", "nth": "x"}, 5])
    assert found == (
        "rules[1].route: must be text such as 'GET /v1/segments*' or 'SOAP xtk:persist#*'",
        "rules[1].nth: must be a whole number from 1 to 1000000",
        "rules[2]: must be an object with at least route and kind",
    )


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"route": }'])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    with pytest.raises(FaultRuleError, match="not JSON"):
        parse_text(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda each: (
            st.lists(each) | st.dictionaries(st.sampled_from([*FIELDS, "rules", "x"]), each)
        ),
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    with contextlib.suppress(FaultRuleError):
        assert all(isinstance(rule, FaultRule) for rule in parse_rules(document))


def test_the_nth_call_is_struck_once_unless_more_is_asked_for() -> None:
    rule = {"route": "GET *", "kind": "reset"}
    assert strikes({**rule}, 4) == [1, 2, 3, 4]
    assert strikes({**rule, "nth": 2}, 4) == [2]
    assert strikes({**rule, "nth": 2, "times": 2}, 4) == [2, 3]
    assert strikes({**rule, "times": 2}, 4) == [1, 2]


def test_every_rule_counts_a_call_and_the_first_strikes_it() -> None:
    faults = Faults(parse_rules([{**RULE, "nth": 2}, {**RULE, "nth": 2}, {**RULE, "nth": 3}]))
    struck = [faults.pick("GET /x", lambda _: True) for _ in range(4)]
    assert [None if each is None else each.number for each in struck] == [None, 1, 2, 3]
    assert [each.matched for each in faults.rules] == [4, 4, 4]


def test_calls_a_rule_can_do_nothing_to_are_not_counted() -> None:
    faults = Faults(parse_rules({**RULE, "nth": 2}))
    assert faults.pick("GET /x", lambda _: True) is None
    assert faults.pick("GET /x", lambda _: False) is None
    assert faults.pick("POST /x", lambda _: True) is None
    assert faults.pick("GET /x", lambda _: True) is not None


@given(
    seed=st.integers(-(2**63), 2**63),
    probability=st.floats(0, 1),
    labels=st.lists(st.sampled_from(["GET /a", "GET /b", "POST /a"]), max_size=40),
)
def test_the_same_seed_strikes_the_same_calls(
    seed: int, probability: float, labels: list[str]
) -> None:
    document = {**RULE, "seed": seed, "probability": probability}

    def play() -> list[bool]:
        faults = Faults(parse_rules(document))
        return [faults.pick(label, lambda _: True) is not None for label in labels]

    first = play()
    assert play() == first
    # Calls that the rule does not name shift nothing.
    faults = Faults(parse_rules(document))
    named = [label for label in labels if label.startswith("GET ")]
    alone = [faults.pick(label, lambda _: True) is not None for label in named]
    assert alone == [struck for struck, label in zip(first, labels, strict=True) if label in named]


def test_a_probability_is_about_the_share_of_calls_struck() -> None:
    def share(seed: int, probability: float) -> int:
        return len(strikes({**RULE, "seed": seed, "probability": probability}, 1000))

    assert share(1, 0) == 0
    assert share(1, 1) == 1000
    assert 250 < share(1, 0.3) < 350
    document = {**RULE, "probability": 0.3}
    assert strikes(document, 100) != strikes({**document, "seed": 1}, 100)


def test_rules_are_disarmed_by_their_numbers() -> None:
    faults = Faults(parse_rules([RULE, RULE]))
    faults.add(parse_rules(RULE))
    assert faults.clear(2)
    assert not faults.clear(2)
    assert [each.number for each in faults.rules] == [1, 3]
    faults.add(parse_rules(RULE))
    assert [each.number for each in faults.rules] == [1, 3, 4]
    assert faults.clear()
    assert faults.as_json() == []


def test_a_rule_reads_back_as_it_was_asked_for() -> None:
    asked = {**RULE, "nth": 3, "headers": {"X-Why": "test"}, "retry_after": 0, "seed": 4}
    (shown,) = Faults(parse_rules(asked)).as_json()
    assert shown == {"number": 1, **asked, "matched": 0, "struck": 0}
