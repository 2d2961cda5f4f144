"""Does one segment rule hold for everybody for whom another does? By trying every combination of their terms.

Each distinct term is one bit of an assignment; a rule is the set of assignments it holds for, kept as one big
number with a bit for each. Terms over the same traits are not independent (three times within a week is also once
within a month), so assignments that no person can have are left out. What is left is exact for the terms it
knows: an implication it does not know makes an answer vaguer, never wrong.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import permutations
from typing import TYPE_CHECKING

from audctl.model.rules.boolean_tree import And, Not, Or, leaves
from audctl.model.rules.segment_rule import Frequency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.rules.segment_rule import Recency, SegmentNode, SegmentRule, Term

MOST_TERMS = 12
"""Distinct terms in both rules together: 4,096 combinations."""


class Relation(StrEnum):
    """How the people of a new rule stand to those of the old one."""

    EQUIVALENT = "equivalent"
    """The same people, said in other words."""
    NARROWER = "narrower"
    """Nobody comes in."""
    WIDER = "wider"
    """Nobody goes out."""
    INCOMPARABLE = "incomparable"
    """Some may come in and some may go out."""
    UNKNOWN = "unknown"
    """Too many terms to tell."""


def compare_rules(old: SegmentRule, new: SegmentRule) -> Relation:
    """Return how ``new`` stands to ``old``; traits must stand in both under the same tokens."""
    if old == new:
        return Relation.EQUIVALENT
    terms = {each.canonical: each for rule in (old, new) for each in leaves(rule.tree)}
    if len(terms) > MOST_TERMS:
        return Relation.UNKNOWN
    columns = _columns(terms)
    possible = _possible(terms, columns)
    before = _holds(old.tree, columns, possible)
    after = _holds(new.tree, columns, possible)
    if before == after:
        return Relation.EQUIVALENT
    if not after & ~before:
        return Relation.NARROWER
    return Relation.WIDER if not before & ~after else Relation.INCOMPARABLE


def _columns(terms: Mapping[str, Term]) -> dict[str, int]:
    """Return, for each term, the assignments in which it is true."""
    rows = 1 << len(terms)
    columns = {}
    for index, name in enumerate(sorted(terms)):
        run = 1 << index
        # Runs of as many noughts as ones, the first run noughts.
        block = ((1 << run) - 1) << run
        repeat = ((1 << rows) - 1) // ((1 << 2 * run) - 1)
        columns[name] = block * repeat
    return columns


def _possible(terms: Mapping[str, Term], columns: Mapping[str, int]) -> int:
    """Return the assignments that some person may have."""
    found = (1 << (1 << len(terms))) - 1
    for one, other in permutations(terms, 2):
        first, second = terms[one], terms[other]
        if isinstance(first, Frequency) and isinstance(second, Frequency):
            if _implies(first, second):
                found &= ~(columns[one] & ~columns[other])
            if _excludes(first, second):
                found &= ~(columns[one] & columns[other])
    return found


def _holds(node: SegmentNode, columns: Mapping[str, int], possible: int) -> int:
    if isinstance(node, And):
        found = possible
        for each in node.operands:
            found &= _holds(each, columns, possible)
        return found
    if isinstance(node, Or):
        found = 0
        for each in node.operands:
            found |= _holds(each, columns, possible)
        return found
    if isinstance(node, Not):
        return possible & ~_holds(node.operand, columns, possible)
    return columns[node.canonical] & possible


def _implies(one: Frequency, other: Frequency) -> bool:
    """Whether everybody who fulfils one term fulfils the other."""
    at_least, at_most = _ends(one)
    wanted_least, wanted_most = _ends(other)
    # More traits and a longer time never count less.
    enough = wanted_least == 0 or (at_least >= wanted_least and _counts_within(one, other))
    few = wanted_most is None or (
        at_most is not None and at_most <= wanted_most and _counts_within(other, one)
    )
    return enough and few


def _excludes(one: Frequency, other: Frequency) -> bool:
    """Whether nobody fulfils both: one counts more than the other allows for the same or for more."""
    _, allowed = _ends(other)
    return allowed is not None and _ends(one)[0] > allowed and _counts_within(one, other)


def _ends(term: Frequency) -> tuple[int, int | None]:
    """Return the least and the most a term allows; None: any number."""
    if term.operator == ">=":
        return term.count, None
    return (term.count if term.operator == "==" else 0), term.count


def _counts_within(inner: Frequency, outer: Frequency) -> bool:
    """Whether whatever one term counts the other counts as well."""
    first, last = _window(inner.recency)
    other_first, other_last = _window(outer.recency)
    later = other_last is None or (last is not None and last <= other_last)
    return set(inner.traits) <= set(outer.traits) and first >= other_first and later


def _window(recency: Recency | None) -> tuple[int, int | None]:
    """Return the days back from now between which realisations count; None: from the beginning."""
    if recency is None:
        return 0, None
    return (0, recency.days) if recency.operator == "<=" else (recency.days, None)
