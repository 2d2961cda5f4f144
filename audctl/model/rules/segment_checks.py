"""What a segment rule must satisfy beyond its grammar; problems come as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.rules.boolean_tree import And, Not, Or, leaves
from audctl.model.rules.rule_error import RuleProblem
from audctl.model.rules.segment_rule import Frequency, TraitTerm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.rules.segment_rule import SegmentNode, SegmentRule

MAX_TRAITS = 5_000
"""Audience Manager's limit for one segment."""


def check_segment_rule(rule: SegmentRule) -> tuple[RuleProblem, ...]:
    """Return what is wrong with the rule itself, whatever its traits are."""
    problems = []
    if any(
        isinstance(term, Frequency) and term.recency and term.recency.days < 1
        for term in leaves(rule.tree)
    ):
        problems.append(
            RuleProblem("AUD1402", "a recency of 0 days", "recency counts from 1 day: <= 1D")
        )
    if len(rule.traits) > MAX_TRAITS:
        problems.append(
            RuleProblem(
                "AUD1403",
                f"{len(rule.traits):,} traits, more than the {MAX_TRAITS:,} one segment can have",
            )
        )
    if true_without_traits(rule.tree):
        problems.append(
            RuleProblem(
                "AUD1404",
                "the rule is true for people who have no trait at all, so for everybody unknown",
                "join it by AND with a trait that people must have",
            )
        )
    return tuple(problems)


def check_frequency_traits(
    rule: SegmentRule, trait_types: Mapping[str, str]
) -> tuple[RuleProblem, ...]:
    """Return traits under recency or frequency that are not rule-based.

    ``trait_types``: ``ruleBased``, ``onboarded`` and so on by the token the rule uses. A trait that is not
    in it passes: nothing is known about it.
    """
    counted = {
        trait for term in leaves(rule.tree) if isinstance(term, Frequency) for trait in term.traits
    }
    wrong = {
        trait: kind
        for trait in sorted(counted)
        if (kind := trait_types.get(trait, "ruleBased")) != "ruleBased"
    }
    return tuple(
        RuleProblem(
            "AUD1405",
            f'recency and frequency work on rule-based traits only; "{trait}" is {kind}',
            f"write it without frequency: {trait}",
        )
        for trait, kind in wrong.items()
    )


def true_without_traits(node: SegmentNode) -> bool:
    """Whether somebody who never realised any trait would belong."""
    if isinstance(node, And):
        return all(map(true_without_traits, node.operands))
    if isinstance(node, Or):
        return any(map(true_without_traits, node.operands))
    if isinstance(node, Not):
        return not true_without_traits(node.operand)
    if isinstance(node, TraitTerm):
        return False
    # Nobody's count is 0, and ">= 0" is as empty a condition as "<= 5".
    return node.operator == "<=" or node.count == 0
