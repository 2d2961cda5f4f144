"""Rules evaluated in bulk against the same rules evaluated person by person, straight from their definition."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audctl.sandbox.audience_manager import tables as aam_tables
from audctl.sandbox.audience_manager.rule_tree import (
    AllOf,
    AnyOf,
    Frequency,
    HasTrait,
    Node,
    Not,
    rule_text,
)
from audctl.sandbox.audience_manager.segment_rule import parse_segment_rule
from audctl.sandbox.members.choices import MemberChoices, store_choices
from audctl.sandbox.members.evaluation import Evaluation
from audctl.sandbox.members.id_sets import collect, members_of, pack, unpack, without
from audctl.sandbox.members.populations import population
from audctl.sandbox.members.tables import create_tables

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
DAY_S = 86_400
PLAIN_TRAITS, FOLDER_TRAIT = (11, 12, 13, 14, 15), 16
FOLDER, SUBFOLDER = 300, 301
IN_FOLDER = {12: FOLDER, 13: SUBFOLDER}
TTL_DAYS = {11: 120, 12: 120, 13: 0, 14: 5, 15: 30}
DEVICES, DECLARED = range(1, 6), range(6, 10)
SOURCE_OF = {6: 71, 7: 71, 8: 72, 9: 72}
MERGE_RULES: dict[int, tuple[int, ...]] = {1: (), 2: (71,), 3: (71, 72)}


@dataclass(frozen=True)
class People:
    """A handful of ids, what ties them, and what they qualified for."""

    links: dict[tuple[int, int], int] = field(default_factory=dict)
    """(declared id, device) → when seen."""
    history: dict[tuple[int, int, int], int] = field(default_factory=dict)
    """(trait, id, hours ago) → how often."""


def fill(people: People, choices: MemberChoices) -> sqlite3.Connection:
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.row_factory = sqlite3.Row
    aam_tables.create(conn)
    conn.execute("CREATE TABLE sandbox_clock (offset_us INTEGER)")
    create_tables(conn)
    store_choices(conn, choices)
    for trait in (*PLAIN_TRAITS, FOLDER_TRAIT):
        document = {
            "traitType": "FOLDER_TRAIT" if trait == FOLDER_TRAIT else "RULE_BASED_TRAIT",
            "folderId": FOLDER if trait == FOLDER_TRAIT else IN_FOLDER.get(trait, 0),
            "ttl": TTL_DAYS.get(trait),
        }
        origin = "folder" if trait == FOLDER_TRAIT else "user"
        conn.execute(
            "INSERT INTO aam_trait (id, document, origin) VALUES (?, ?, ?)",
            (trait, json.dumps(document), origin),
        )
    for folder, parent in ((FOLDER, 0), (SUBFOLDER, FOLDER)):
        conn.execute(
            "INSERT INTO aam_trait_folder (id, document, origin) VALUES (?, ?, 'user')",
            (folder, json.dumps({"parentFolderId": parent})),
        )
    for merge_rule, sources in MERGE_RULES.items():
        conn.execute(
            "INSERT INTO aam_merge_rule (id, document, origin) VALUES (?, ?, 'user')",
            (merge_rule, json.dumps({"dataSources": sources})),
        )
    conn.executemany(
        "INSERT INTO aam_identity VALUES (?, ?, ?)",
        [(i, SOURCE_OF.get(i, 0), f"id{i}") for i in (*DEVICES, *DECLARED)],
    )
    conn.executemany(
        "INSERT INTO aam_identity_link VALUES (?, ?, ?)",
        [(*pair, seen) for pair, seen in people.links.items()],
    )
    conn.executemany(
        "INSERT INTO aam_qualification VALUES (?, ?, ?, ?)",
        [(t, i, NOW_S - hours * 3600, times) for (t, i, hours), times in people.history.items()],
    )
    return conn


class Naive:
    """The definition: every profile is asked by itself, from the ids that are its own or reach it."""

    def __init__(self, people: People, merge_rule: int, *, reach: bool) -> None:
        self.people = people
        sources = MERGE_RULES[merge_rule]
        owner = {device: device for device in DEVICES}
        for (declared, device), _ in sorted(
            people.links.items(), key=lambda item: (item[1], item[0][0])
        ):
            if SOURCE_OF[declared] in sources:
                owner[device] = declared
        named = {i for i in DECLARED if SOURCE_OF[i] in sources}
        self.ids = {}
        for profile in named | set(owner.values()):
            own = {profile} | {device for device in DEVICES if owner[device] == profile}
            if profile in DEVICES and owner[profile] != profile:
                own.discard(profile)
            reaching = {i for (i, device) in people.links if device in own} if reach else set()
            self.ids[profile] = own | reaching

    def behind(self, sid: int) -> list[int]:
        return sorted(IN_FOLDER) if sid == FOLDER_TRAIT else [sid]

    def alive(self, trait: int, number: int) -> list[tuple[int, int]]:
        rows = [
            (hours, times)
            for (t, i, hours), times in self.people.history.items()
            if (t, i) == (trait, number)
        ]
        ttl = TTL_DAYS[trait]
        return rows if rows and (not ttl or min(rows)[0] <= ttl * 24) else []

    def holds(self, rule: Node, profile: int) -> bool:
        if isinstance(rule, HasTrait):
            return any(self.alive(t, i) for t in self.behind(rule.sid) for i in self.ids[profile])
        if isinstance(rule, Not):
            return not self.holds(rule.operand, profile)
        if isinstance(rule, AllOf):
            return all(self.holds(operand, profile) for operand in rule.operands)
        if isinstance(rule, AnyOf):
            return any(self.holds(operand, profile) for operand in rule.operands)
        traits = {t for sid in rule.sids for t in self.behind(sid)}
        total = sum(
            times
            for t in traits
            for i in self.ids[profile]
            for hours, times in self.alive(t, i)
            if rule.recency is None
            or (
                hours <= rule.recency[1] * 24
                if rule.recency[0] == "<="
                else hours >= rule.recency[1] * 24
            )
        )
        return {
            ">=": total >= rule.times,
            "<=": total <= rule.times,
            "==": total == rule.times,
        }[rule.operator]


sids = st.sampled_from((*PLAIN_TRAITS, FOLDER_TRAIT))
frequencies = st.builds(
    Frequency,
    st.lists(sids, min_size=1, max_size=3, unique=True).map(tuple),
    st.sampled_from((">=", "<=", "==")),
    st.integers(0, 5),
    st.none() | st.tuples(st.sampled_from(("<=", ">=")), st.integers(1, 40)),
)


def grow(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(Not, inner) | st.builds(AllOf, several) | st.builds(AnyOf, several)


rules: st.SearchStrategy[Node] = st.recursive(
    st.builds(HasTrait, sids) | frequencies, grow, max_leaves=6
)
populations = st.builds(
    People,
    st.dictionaries(
        st.tuples(st.sampled_from(DECLARED), st.sampled_from(DEVICES)),
        st.integers(0, 3),
        max_size=7,
    ),
    st.dictionaries(
        st.tuples(
            st.sampled_from(PLAIN_TRAITS),
            st.sampled_from((*DEVICES, *DECLARED)),
            st.integers(0, 45 * 24),
        ),
        st.integers(1, 4),
        max_size=14,
    ),
)


@settings(max_examples=150, deadline=None)
@given(populations, rules, st.sampled_from(sorted(MERGE_RULES)), st.booleans())
def test_bulk_evaluation_agrees_with_the_definition(
    people: People, rule: Node, merge_rule: int, reach: bool
) -> None:
    conn = fill(people, MemberChoices(linked_ids_reach_devices=reach))
    try:
        naive = Naive(people, merge_rule, reach=reach)
        expected = {profile for profile in naive.ids if naive.holds(rule, profile)}
        evaluation = Evaluation(conn, merge_rule, NOW)
        read = parse_segment_rule(rule_text(rule), 100).tree
        found = evaluation.profiles_in(read)
        assert set(members_of(found, evaluation.profiles.size)) == expected
        assert population(conn, rule, merge_rule, NOW) == len(expected)
        for source in (0, 71, 72):
            ids = set(
                members_of(evaluation.profiles.ids_in(found, source), evaluation.profiles.size)
            )
            assert ids == {
                i
                for i in (*DEVICES, *DECLARED)
                if SOURCE_OF.get(i, 0) == source
                and any(belongs(people, naive, profile, i) for profile in expected)
            }
    finally:
        conn.close()


def belongs(people: People, naive: Naive, profile: int, number: int) -> bool:
    """Tell whether an id is one of a profile's: its own, or declared on one of its devices."""
    devices = naive.ids[profile] & set(DEVICES)
    return (
        number == profile
        or number in devices
        or any((number, device) in people.links for device in devices)
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("11T", {1, 2}),
        ("11T AND NOT 12T", {1}),
        ("frequency([11T]) >= 3", {1}),
        ("frequency([11T] <= 2D) >= 3", set()),
        ("frequency([11T] <= 2D) >= 1", {1}),
        ("frequency([11T] >= 2D) == 2", {1}),
        ("frequency([11T,12T]) >= 2 AND 12T", {2}),
        ("16T", {2}),
        ("14T", {3}),
    ],
)
def test_what_rules_mean(rule: str, expected: set[int]) -> None:
    # Trait 14 is lost after 5 days: device 4 had it once too long ago.
    history = {(11, 1, 10): 1, (11, 1, 100): 2, (11, 2, 50): 1, (12, 2, 1): 1}
    conn = fill(
        People(history=history | {(14, 3, 5 * 24): 1, (14, 4, 5 * 24 + 1): 9}), MemberChoices()
    )
    evaluation = Evaluation(conn, 1, NOW)
    found = evaluation.profiles_in(parse_segment_rule(rule, 100).tree)
    assert set(members_of(found, evaluation.profiles.size)) == expected
    conn.close()


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_sets_of_ids_are_sets(left: set[int], right: set[int]) -> None:
    size = 61
    a, b = collect(left, size), collect(right, size)
    assert set(members_of(a & b, size)) == left & right
    assert set(members_of(a | b, size)) == left | right
    assert set(members_of(without(a, b), size)) == left - right
    assert unpack(pack(a)) == a
    assert a.bit_count() == len(left)
