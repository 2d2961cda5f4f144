"""Tell that two segment rules are the same without writing either of them out.

Nearly every rule of a plan stands live exactly as its manifest has it, trait names aside; walking both trees
side by side is several times cheaper than bringing both into canonical form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.rules.boolean_tree import And, Not, Or
from audctl.model.rules.segment_rule import Frequency, TraitTerm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audctl.model.rules.segment_rule import SegmentNode


def same_tree(named: SegmentNode, live: SegmentNode, tokens: Mapping[str, str]) -> bool:
    """Whether ``named`` is ``live`` once its trait names are replaced by ``tokens``.

    False says nothing: equal rules may be written in different orders.
    """
    if isinstance(named, TraitTerm):
        return isinstance(live, TraitTerm) and tokens.get(named.trait, named.trait) == live.trait
    if isinstance(named, Frequency):
        return (
            isinstance(live, Frequency)
            and named.operator == live.operator
            and named.count == live.count
            and named.recency == live.recency
            and tuple(tokens.get(each, each) for each in named.traits) == live.traits
        )
    if isinstance(named, Not):
        return isinstance(live, Not) and same_tree(named.operand, live.operand, tokens)
    if isinstance(named, And):
        return isinstance(live, And) and _same_operands(named.operands, live.operands, tokens)
    return isinstance(live, Or) and _same_operands(named.operands, live.operands, tokens)


def _same_operands(
    named: tuple[SegmentNode, ...], live: tuple[SegmentNode, ...], tokens: Mapping[str, str]
) -> bool:
    return len(named) == len(live) and all(
        same_tree(one, other, tokens) for one, other in zip(named, live, strict=True)
    )
