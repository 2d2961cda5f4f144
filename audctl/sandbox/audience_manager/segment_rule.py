"""Segment rules: traits by number, recency and frequency, joined by AND, OR and NOT.

Grammar and the rules beyond it follow the documentation's pages on the segment code syntax and on recency and
frequency. The parser reports what it finds; whether the traits exist is for the caller.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

_TOKEN = re.compile(
    r"\s*(?:(?P<trait>[1-9][0-9]*[Tt](?![A-Za-z0-9_]))|(?P<days>[0-9]+[Dd](?![A-Za-z0-9_]))"
    r"|(?P<number>[0-9]+(?![A-Za-z0-9_]))|(?P<word>[A-Za-z]+(?![A-Za-z0-9_]))"
    r"|(?P<compare>>=|<=|==)|(?P<mark>[()\[\],]))"
)
_MAX_SID = 2**63 - 1


class RuleError(ValueError):
    """A rule that is not acceptable; the text says where and why."""


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """What a valid rule says about traits."""

    traits: frozenset[int]
    counted_traits: frozenset[int]
    """Those inside a recency or frequency condition."""
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
    matches = parser.expression(depth=0)
    parser.expect_end()
    return SegmentRule(frozenset(parser.traits), frozenset(parser.counted), matches)


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
    """Recursive descent that evaluates each part for a user without traits as it goes."""

    def __init__(self, tokens: list[_Token], max_depth: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._max_depth = max_depth
        self.traits: set[int] = set()
        self.counted: set[int] = set()

    def expression(self, depth: int) -> bool:
        if depth > self._max_depth:
            raise RuleError(f"more than {self._max_depth} levels of parentheses")
        matches = self._conjunction(depth)
        while self._accept("OR"):
            right = self._conjunction(depth)
            matches = matches or right
        return matches

    def expect_end(self) -> None:
        self._expect("end", "AND, OR or the end of the rule")

    def _conjunction(self, depth: int) -> bool:
        matches = self._negation(depth)
        while self._accept("AND"):
            right = self._negation(depth)
            matches = matches and right
        return matches

    def _negation(self, depth: int) -> bool:
        if self._accept("NOT"):
            return not self._primary(depth)
        return self._primary(depth)

    def _primary(self, depth: int) -> bool:
        if self._accept("("):
            matches = self.expression(depth + 1)
            self._expect(")", "a closing parenthesis")
            return matches
        if self._accept("FREQUENCY"):
            return self._frequency()
        self._trait(self.traits)
        return False

    def _frequency(self) -> bool:
        self._expect("(", "( after FREQUENCY")
        self._expect("[", "a list of traits in brackets")
        self._trait(self.counted)
        while self._accept(",") or self._accept("OR"):
            self._trait(self.counted)
        self._expect("]", ", or ] in a list of traits")
        self.traits |= self.counted
        if self._peek().kind == "compare":
            if self._take().text == "==":
                raise RuleError("recency is compared by >= or <= only")
            days = self._expect("days", "a number of days such as 7D")
            if not int(days.text[:-1][:9]):
                raise RuleError("recency must be more than 0 days")
        self._expect(")", ") after the traits of a frequency")
        compare = self._expect("compare", "a frequency comparison: >=, <= or ==").text
        times = int(self._expect("number", "a number of times").text[:9])
        return compare == "<=" or times == 0

    def _trait(self, found: set[int]) -> None:
        token = self._expect("trait", "a trait such as 123T")
        if len(token.text) > len(str(_MAX_SID)):
            raise RuleError(f"{token.text} is not a trait id")
        found.add(int(token.text[:-1]))

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
