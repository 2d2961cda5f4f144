"""Segment rules: which people belong to an audience, said over traits.

Traits stand as names of manifests (``cart-add``) or as live ids (``70011T``): one grammar reads both sides
of a comparison, and :meth:`SegmentRule.rename` turns one into the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeAlias

from audctl.model.rules.boolean_parser import KEPT_RULES, OPERATORS, BooleanParser
from audctl.model.rules.boolean_tree import And, BooleanRule, Node, Not, Or, leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RECENCY_OPERATORS = ("<=", ">=")
"""``<= nD``: within the last n days. ``>= nD``: between first sight and n days ago."""

FREQUENCY_OPERATORS = (">=", "<=", "==")

LIVE_ID = re.compile(r"[1-9][0-9]*T")
"""A trait as the live system writes it: its sid, then T."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NUMBER = re.compile(r"[0-9]{1,9}")  # longer ones are nonsense, and int() of a huge one is slow
_DAYS = re.compile(r"([0-9]{1,9})[Dd]")
_NOT_A_TRAIT = re.compile(r"[0-9]+|0[0-9]*[Tt]")


@dataclass(frozen=True, slots=True)
class TraitTerm:
    """True for people who have the trait."""

    trait: str

    @property
    def canonical(self) -> str:
        """The trait itself."""
        return self.trait

    def __str__(self) -> str:
        return self.trait


@dataclass(frozen=True, slots=True)
class Recency:
    """When a trait was realised, in days back from now."""

    operator: str
    days: int

    def __str__(self) -> str:
        return f" {self.operator} {self.days}D"


@dataclass(frozen=True, slots=True)
class Frequency:
    """True for people who realised any of the traits so many times, counted together."""

    traits: tuple[str, ...]
    """At least one; any of them counts."""
    operator: str
    count: int
    recency: Recency | None = None
    """None: over the trait's whole life."""

    @property
    def canonical(self) -> str:
        """Its text with the traits sorted and named once."""
        return self._text(sorted(set(self.traits)))

    def __str__(self) -> str:
        return self._text(self.traits)

    def _text(self, traits: tuple[str, ...] | list[str]) -> str:
        recency = self.recency or ""
        return f"frequency([{' OR '.join(traits)}]{recency}) {self.operator} {self.count}"


Term: TypeAlias = TraitTerm | Frequency
SegmentNode: TypeAlias = Node[Term]


class SegmentRule(BooleanRule[Term]):
    """A parsed segment rule."""

    @cached_property
    def traits(self) -> frozenset[str]:
        """Every trait it mentions, by the token it is written with."""
        found: set[str] = set()
        for term in leaves(self.tree):
            found.update((term.trait,) if isinstance(term, TraitTerm) else term.traits)
        return frozenset(found)

    def rename(self, names: Mapping[str, str] | Callable[[str], str]) -> SegmentRule:
        """Return the rule with other trait tokens; what a mapping does not know stays as it is."""
        if callable(names):
            return SegmentRule(_rename(self.tree, names))
        return SegmentRule(_rename(self.tree, lambda trait: names.get(trait, trait)))


@lru_cache(KEPT_RULES)
def parse_segment_rule(text: str) -> SegmentRule:
    """Read a rule; raise RuleError with the place and what was expected there.

    The same text gives the same object. Keywords are read in any case. The grammar is the documented one; that
    recency comes only with a frequency and with ``<=`` or ``>=`` is part of it, what goes beyond syntax is in
    ``segment_checks``.
    """
    return SegmentRule(_SegmentParser(text).parse())


def _rename(node: SegmentNode, new_name: Callable[[str], str]) -> SegmentNode:
    if isinstance(node, And):
        return And(tuple(_rename(each, new_name) for each in node.operands))
    if isinstance(node, Or):
        return Or(tuple(_rename(each, new_name) for each in node.operands))
    if isinstance(node, Not):
        return Not(_rename(node.operand, new_name))
    if isinstance(node, TraitTerm):
        return TraitTerm(new_name(node.trait))
    return replace(node, traits=tuple(map(new_name, node.traits)))


class _SegmentParser(BooleanParser[Term]):
    token = re.compile(_NAME.pattern + r"|[<>=]=|\S")
    leaf_words = ("a trait", '"frequency"')

    def leaf(self) -> Term:
        token = self.tokens[self.at]
        if len(token) == 9 and token.lower() == "frequency":  # noqa: PLR2004 - length of the keyword
            return self._frequency()
        return TraitTerm(self._trait())

    def _trait(self) -> str:
        token = self.tokens[self.at]
        if not _NAME.fullmatch(token) or token in OPERATORS or token.lower() == "frequency":
            raise self.wrong(f"found {self.shown}", ("a trait",))
        if _NOT_A_TRAIT.fullmatch(token):
            raise self.wrong(
                f"{self.shown} is not a trait", ('a name, or a live id such as "70011T"',)
            )
        self.at += 1
        if token[-1] == "t" and token[:-1].isdigit():
            return token.upper()  # a live id, in whatever case the live system returns it
        return token

    def _frequency(self) -> Frequency:
        self.at += 1
        self.expect("(", "after frequency comes a list of traits in parentheses")
        self.expect("[", "the traits of a frequency stand in square brackets")
        traits = [self._trait()]
        while (token := self.tokens[self.at]) == "," or token.lower() == "or":
            self.at += 1
            traits.append(self._trait())
        if self.tokens[self.at] != "]":
            raise self.wrong(f"found {self.shown} in a list of traits", ('","', "OR", '"]"'))
        self.at += 1
        recency = None if self.tokens[self.at] == ")" else self._recency()
        self.expect(")", "a frequency's parenthesis is not closed")
        operator = self.tokens[self.at]
        if operator not in FREQUENCY_OPERATORS:
            missing = (
                "recency needs a frequency behind it" if recency else "frequency needs a number"
            )
            raise self.wrong(f"{missing}: found {self.shown}", FREQUENCY_OPERATORS)
        self.at += 1
        return Frequency(tuple(traits), operator, self._number("times"), recency)

    def _recency(self) -> Recency:
        operator = self.tokens[self.at]
        if operator not in RECENCY_OPERATORS:
            raise self.wrong(f"recency: found {self.shown}", (*RECENCY_OPERATORS, '")"'))
        self.at += 1
        if days := _DAYS.fullmatch(self.tokens[self.at]):
            self.at += 1
            return Recency(operator, int(days[1]))
        number = self._number("days")
        if self.tokens[self.at] not in {"D", "d"}:
            raise self.wrong(f"recency is counted in days: found {self.shown}", ('"D"',))
        self.at += 1
        return Recency(operator, number)

    def _number(self, unit: str) -> int:
        token = self.tokens[self.at]
        if not _NUMBER.fullmatch(token):
            raise self.wrong(f"found {self.shown}", (f"a whole number of {unit}",))
        self.at += 1
        return int(token)
