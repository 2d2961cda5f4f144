"""Rules of manifests: checking and building share one parse of each text."""

from __future__ import annotations

from functools import lru_cache

from audctl.model.rules.segment_rule import SegmentRule, parse_segment_rule
from audctl.model.rules.trait_rule import TraitRule, parse_trait_rule

_KEPT = 1 << 17
"""More than an account can hold (100,000 traits, 20,000 segments)."""


@lru_cache(maxsize=_KEPT)
def segment_rule(text: str) -> SegmentRule:
    """Return the parsed rule of an audience; raise RuleError."""
    return parse_segment_rule(text)


@lru_cache(maxsize=_KEPT)
def trait_rule(text: str) -> TraitRule:
    """Return the parsed rule of a trait; raise RuleError."""
    return parse_trait_rule(text)
