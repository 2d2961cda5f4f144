"""Trait rules: which signals qualify a visitor, as comparisons of keys with values.

A word means the same with and without quotes and is always written with them; a bare number is a number, a
quoted one is a word: ``price == 10`` and ``price == "10"`` are different rules. A quote inside quotes is
doubled (documented for keys, assumed for values); a backslash is an ordinary character, as regular
expressions need it. Comparisons do not chain: ``a == b == c`` is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

from audctl.model.rules.boolean_parser import KEPT_RULES, OPERATORS, BooleanParser
from audctl.model.rules.boolean_tree import BooleanRule, Node, leaves
from audctl.model.rules.rule_error import RuleError, RuleProblem

SYMBOLS = ("==", "!=", ">=", "<=", ">", "<")
WORDS = ("contains", "startswith", "endswith", "matcheswords", "matchesregex")

ONBOARDED_KEY = "ic"
"""The key an onboarded trait's rule compares with its integration code."""

_NUMERIC_OPERATORS = frozenset((">=", "<=", ">", "<"))
_BARE_KEY = re.compile(r"[0-9]*[A-Za-z][A-Za-z0-9_-]*")
_BARE_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One key compared with one value."""

    key: str
    """Without quotes; prefixes: c_ customer, d_ platform, h_ header, p_ private."""
    operator: str
    value: str
    """Without quotes; a number keeps the digits it was written with."""
    number: bool = False
    """Written without quotes and shaped like one."""

    @property
    def canonical(self) -> str:
        """Its text: a value is quoted unless it is a number, a key only when it must be."""
        plain = _BARE_KEY.fullmatch(self.key) and self.key not in OPERATORS
        key = self.key if plain else _quoted(self.key)
        return f"{key} {self.operator} {self.value if self.number else _quoted(self.value)}"

    def __str__(self) -> str:
        return self.canonical


SignalNode: TypeAlias = Node[Comparison]


class TraitRule(BooleanRule[Comparison]):
    """A parsed trait rule."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every signal key it looks at."""
        return frozenset(each.key for each in leaves(self.tree))

    @property
    def onboarded_code(self) -> str | None:
        """The integration code, when the rule says just ``ic == "<code>"``; None otherwise."""
        tree = self.tree
        if isinstance(tree, Comparison) and (tree.key, tree.operator) == (ONBOARDED_KEY, "=="):
            return tree.value
        return None


@lru_cache(KEPT_RULES)
def parse_trait_rule(text: str) -> TraitRule:
    """Read a rule; raise RuleError with the place and what was expected there.

    The same text gives the same object: manifests and live systems mostly say the same. ``=>`` is read as
    ``>=``: the documentation prints both, only the latter is ever written.
    """
    return TraitRule(_TraitParser(text).parse())


def onboarded_rule(integration_code: str) -> TraitRule:
    """Return the rule of an onboarded trait."""
    return TraitRule(Comparison(ONBOARDED_KEY, "==", integration_code))


def check_trait_rule(rule: TraitRule) -> tuple[RuleProblem, ...]:
    """Return comparisons by size whose value is no number."""
    wrong = sorted(
        each.canonical
        for each in set(leaves(rule.tree))
        if each.operator in _NUMERIC_OPERATORS and not _NUMBER.fullmatch(each.value)
    )
    return tuple(
        RuleProblem("AUD1406", f"{text}: only numbers compare by size", "use == or matchesregex")
        for text in wrong
    )


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class _TraitParser(BooleanParser[Comparison]):
    token = re.compile(r'"(?:[^"]|"")*"|' + _BARE_WORD.pattern + r"|[=!<>]=|=>|\S")
    leaf_words = ("a signal key",)

    def leaf(self) -> Comparison:
        key = self._key()
        operator = self._operator()
        token = self.tokens[self.at]
        if token.startswith('"') and len(token) > 1:
            self.at += 1
            return Comparison(key, operator, token[1:-1].replace('""', '"'))
        if not _BARE_WORD.fullmatch(token) or token in OPERATORS:
            raise self._wrong_word(f"found {self.shown}", "a number, a word or a quoted text")
        self.at += 1
        # Integration codes are text, also when they look like numbers.
        number = key != ONBOARDED_KEY and bool(_NUMBER.fullmatch(token))
        return Comparison(key, operator, token, number)

    def _key(self) -> str:
        token = self.tokens[self.at]
        if token.startswith('"') and len(token) > 2:  # noqa: PLR2004 - two quotes are an empty key
            self.at += 1
            return token[1:-1].replace('""', '"')
        if not _BARE_KEY.fullmatch(token):
            raise self._wrong_word(f"{self.shown} is not a signal key", "letters, or a quoted key")
        self.at += 1
        return token

    def _operator(self) -> str:
        operator = self.tokens[self.at].lower()
        if operator == "=>":
            operator = ">="
        if operator not in SYMBOLS and operator not in WORDS:
            raise self.wrong(f"found {self.shown} after a signal key", (*SYMBOLS, *WORDS))
        self.at += 1
        return operator

    def _wrong_word(self, message: str, expected: str) -> RuleError:
        if self.tokens[self.at] == '"':
            return self.wrong("a quotation mark is not closed")
        return self.wrong(message, (expected,))
