"""A precedence parser for AND, OR, NOT and parentheses; each grammar adds its leaves."""

from __future__ import annotations

from itertools import accumulate, product
from typing import TYPE_CHECKING, ClassVar, Generic

from audctl.model.rules.boolean_tree import And, LeafT, Node, Not, Or
from audctl.model.rules.rule_error import RuleError

if TYPE_CHECKING:
    import re

MAX_LENGTH = 500_000
"""Characters: 5,000 traits with long names fit; what is longer is a mistake or an attack."""

KEPT_RULES = 2**17
"""Parsed rules kept by their text: more than an account can hold (100,000 traits, 20,000 segments)."""

MAX_DEPTH = 64
"""Nested parentheses: keeps parser and tree far from Python's own recursion limit."""


def _spellings(word: str) -> frozenset[str]:
    """All upper and lower case mixes: membership is cheaper than folding every token."""
    return frozenset(map("".join, product(*((c.lower(), c.upper()) for c in word))))


AND, OR, NOT = _spellings("AND"), _spellings("OR"), _spellings("NOT")
OPERATORS = AND | OR | NOT


class BooleanParser(Generic[LeafT]):
    """Reads one text once; ``parse`` is the only entry.

    Tokens are plain strings. Positions are worked out again from the text only when an error needs one:
    nearly all rules are right.
    """

    token: ClassVar[re.Pattern[str]]
    """Matches every token, and as its last resort any single character that is not white space."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise RuleError(
                f"the rule has {len(text):,} characters, more than {MAX_LENGTH:,}",
                position=MAX_LENGTH,
            )
        self._text = text
        self.tokens: list[str] = [*self.token.findall(text), ""]
        self.at = 0
        self._depth = 0
        self._deepest = 0

    def parse(self) -> Node[LeafT]:
        """Read the whole text; raise RuleError at the first token that does not fit."""
        if len(self.tokens) == 1:
            raise self.wrong("the rule is empty", self.leaf_words)
        tree = self._disjunction()
        if self.tokens[self.at]:
            raise self.wrong(f"unexpected {self.shown} after a complete rule", ("AND", "OR"))
        # Text written from the tree adds parentheses around an AND inside an OR, at most doubling them;
        # what is accepted here must still be accepted when it is read back from there.
        if self._deepest * 2 >= MAX_DEPTH and _nesting(str(tree)) > MAX_DEPTH:
            raise RuleError(f"more than {MAX_DEPTH} nested groups", position=0)
        return tree

    def leaf(self) -> LeafT:
        """Read one leaf at ``self.at`` and move behind it."""
        raise NotImplementedError

    leaf_words: ClassVar[tuple[str, ...]]
    """What a leaf can start with, for messages."""

    @property
    def shown(self) -> str:
        """The current token as a message shows it, shortened."""
        token = self.tokens[self.at]
        if not token:
            return "end of the rule"
        return f'"{token}"' if len(token) <= 40 else f'"{token[:37]}..."'  # noqa: PLR2004 - one line

    def wrong(self, message: str, expected: tuple[str, ...] = (), *, back: int = 0) -> RuleError:
        """Return the error for the current token, or the one ``back`` tokens before it."""
        index = self.at - back
        starts = [match.start() for match in self.token.finditer(self._text)]
        position = starts[index] if index < len(starts) else len(self._text)
        if expected:
            *most, last = expected
            choice = f"{', '.join(most)} or {last}" if most else last
            message = f"{message}; expected {choice}"
        return RuleError(
            f"{message} (at character {position + 1})", position=position, expected=expected
        )

    def expect(self, token: str, why: str) -> None:
        """Move behind ``token`` or raise."""
        if self.tokens[self.at] != token:
            raise self.wrong(f"{why}: found {self.shown}", (f'"{token}"',))
        self.at += 1

    def _disjunction(self) -> Node[LeafT]:
        first = self._conjunction()
        if self.tokens[self.at] not in OR:
            return first
        operands = [first]
        while self.tokens[self.at] in OR:
            self.at += 1
            operands.append(self._conjunction())
        return Or(tuple(operands))

    def _conjunction(self) -> Node[LeafT]:
        first = self._negation()
        if self.tokens[self.at] not in AND:
            return first
        operands = [first]
        while self.tokens[self.at] in AND:
            self.at += 1
            operands.append(self._negation())
        return And(tuple(operands))

    def _negation(self) -> Node[LeafT]:
        word = self.tokens[self.at]
        if word in NOT:
            self.at += 1
            if self.tokens[self.at] in NOT:
                raise self.wrong(
                    "NOT directly after NOT is not in the grammar", ('"("', *self.leaf_words)
                )
            return Not(self._primary())
        return self._primary()

    def _primary(self) -> Node[LeafT]:
        word = self.tokens[self.at]
        if word == "(":
            if self._depth >= MAX_DEPTH:
                raise self.wrong(f"more than {MAX_DEPTH} nested parentheses")
            self._depth += 1
            self._deepest = max(self._deepest, self._depth)
            self.at += 1
            inner = self._disjunction()
            self.expect(")", "a parenthesis is not closed")
            self._depth -= 1
            return inner
        if not word or word == ")" or word in OPERATORS:
            raise self.wrong(f"found {self.shown}", ('"("', *self.leaf_words))
        return self.leaf()


def _nesting(text: str) -> int:
    """Return the depth of the parentheses; those inside quotes count too, which errs on the safe side."""
    steps = accumulate(1 if each == "(" else -1 for each in text if each in "()")
    return max(steps, default=0)
