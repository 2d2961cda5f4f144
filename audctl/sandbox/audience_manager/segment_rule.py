"""Segment rules: traits by number, recency and frequency, joined by AND, OR and NOT.

Grammar and the rules beyond it follow the documentation's pages on the segment code syntax and on recency and
frequency. The parser reports what it finds; whether the traits exist is for the caller.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

from audctl.sandbox.audience_manager.rule_tree import (
    AllOf,
    AnyOf,
    Frequency,
    HasTrait,
    Node,
    Not,
    leaves,
    matches_nobody_known,
)

_TOKEN = re.compile(
    r"\s*(?:(?P<trait>[1-9][0-9]*[Tt](?![A-Za-z0-9_]))|(?P<days>[0-9]+[Dd](?![A-Za-z0-9_]))"
    r"|(?P<number>[0-9]+(?![A-Za-z0-9_]))|(?P<word>[A-Za-z]+(?![A-Za-z0-9_]))"
    r"|(?P<compare>>=|<=|==)|(?P<mark>[()\[\],]))"
)
_MAX_SID = 2**63 - 1
_MAX_DIGITS = 9


class RuleError(ValueError):
    """A rule that is not acceptable; the text says where and why."""


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """What a valid rule says about traits."""

    tree: Node
    traits: frozenset[int]
    counted_traits: frozenset[int]
    """Those inside a recency or frequency condition."""
    counted_groups: int
    """Recency and frequency conditions in the rule."""
    matches_nobody_known: bool
    """True for a user without any trait, so also for everyone never seen."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse_segment_rule(text: str, max_depth: int) -> SegmentRule:
    """Parse a rule; raises RuleError."""
    parser = _Parser(_tokens(text), max_depth)
    tree = parser.expression(depth=0)
    parser.expect_end()
    plain: set[int] = set()
    counted: set[int] = set()
    groups = 0
    for leaf in leaves(tree):
        if isinstance(leaf, Frequency):
            counted.update(leaf.sids)
            groups += 1
        else:
            plain.add(leaf.sid)
    return SegmentRule(
        tree, frozenset(plain | counted), frozenset(counted), groups, matches_nobody_known(tree)
    )


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            position = len(text) - len(text[position:].lstrip())
            raise RuleError(f"unexpected text at character {position + 1}")
        kind = match.lastgroup
        word = match[kind].upper() if kind == "word" else match[kind]
        tokens.append(
            _Token(word if kind in {"word", "mark"} else kind, word, match.start(kind) + 1)
        )
        position = match.end()
    tokens.append(_Token("end", "", end + 1))
    return tokens


class _Parser:
    """Recursive descent; conjunctions and disjunctions come out flat, however long."""

    def __init__(self, tokens: list[_Token], max_depth: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._max_depth = max_depth

    def expression(self, depth: int) -> Node:
        if depth > self._max_depth:
            raise RuleError(f"more than {self._max_depth} levels of parentheses")
        operands = [self._conjunction(depth)]
        while self._accept("OR"):
            operands.append(self._conjunction(depth))
        return operands[0] if len(operands) == 1 else AnyOf(tuple(operands))

    def expect_end(self) -> None:
        self._expect("end", "AND, OR or the end of the rule")

    def _conjunction(self, depth: int) -> Node:
        operands = [self._negation(depth)]
        while self._accept("AND"):
            operands.append(self._negation(depth))
        return operands[0] if len(operands) == 1 else AllOf(tuple(operands))

    def _negation(self, depth: int) -> Node:
        if self._accept("NOT"):
            return Not(self._primary(depth))
        return self._primary(depth)

    def _primary(self, depth: int) -> Node:
        if self._accept("("):
            node = self.expression(depth + 1)
            self._expect(")", "a closing parenthesis")
            return node
        if self._accept("FREQUENCY"):
            return self._frequency()
        return HasTrait(self._trait())

    def _frequency(self) -> Frequency:
        self._expect("(", "( after FREQUENCY")
        self._expect("[", "a list of traits in brackets")
        sids = [self._trait()]
        while self._accept(",") or self._accept("OR"):
            sids.append(self._trait())
        self._expect("]", ", or ] in a list of traits")
        recency: tuple[str, int] | None = None
        if self._peek().kind == "compare":
            operator = self._take().text
            if operator == "==":
                raise RuleError("recency is compared by >= or <= only")
            days = _number(self._expect("days", "a number of days such as 7D").text[:-1])
            if not days:
                raise RuleError("recency must be more than 0 days")
            recency = operator, days
        self._expect(")", ") after the traits of a frequency")
        compare = self._expect("compare", "a frequency comparison: >=, <= or ==").text
        times = _number(self._expect("number", "a number of times").text)
        return Frequency(tuple(sids), compare, times, recency)

    def _trait(self) -> int:
        token = self._expect("trait", "a trait such as 123T")
        if len(token.text) > len(str(_MAX_SID)):
            raise RuleError(f"{token.text} is not a trait id")
        return int(token.text[:-1])

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _accept(self, kind: str) -> bool:
        if self._peek().kind == kind:
            self._next += 1
            return True
        return False

    def _expect(self, kind: str, wanted: str) -> _Token:
        if self._peek().kind != kind:
            self._refuse(wanted)
        return self._take()

    def _refuse(self, wanted: str) -> NoReturn:
        token = self._peek()
        found = token.text or "the end of the rule"
        raise RuleError(f"expected {wanted}, found {found} at character {token.column}")


def _number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise RuleError(f"{digits} is too large a number")
    return int(digits)
