"""Trait rules: signals compared with values, joined by AND, OR and NOT.

Grammar of the documentation's pages on trait rules, operators and key names. Keys are bare (they need a letter and may
start with digits) or quoted, a quote inside a quoted key being doubled.
"""

import re

from audctl.sandbox.audience_manager.segment_rule import RuleError

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"]|"")*")"""
    r"|(?P<compare>==|!=|>=|<=|>|<)"
    r"|(?P<mark>[()])"
    r"|(?P<bare>[^\s()\"<>=!]+))"
)
_WORD_OPERATORS = frozenset({"contains", "startswith", "endswith", "matcheswords", "matchesregex"})
_NUMERIC_OPERATORS = frozenset({">", "<", ">=", "<="})
_JOINERS = frozenset({"AND", "OR", "NOT"})
_BARE_KEY = re.compile(r"[0-9]*[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


_Token = tuple[str, str, int]
"""Kind, text and column, counted from 1."""


def check_trait_rule(text: str, max_depth: int) -> None:
    """Check a rule; raises RuleError saying where and why it is wrong.

    No recursion: either an operand (a comparison, an opening parenthesis, NOT) is due, or a joiner or a closing
    parenthesis.
    """
    tokens = _tokens(text)
    _check_parentheses(tokens, max_depth)
    position = 0
    operand_due = True
    while position < len(tokens):
        kind, word, column = tokens[position]
        joiner = word.upper() if kind == "bare" else ""
        if not operand_due:
            if word != ")" and joiner not in {"AND", "OR"}:
                raise RuleError(f"expected AND or OR, found {word} at character {column}")
            operand_due = word != ")"
            position += 1
        elif word == "(":
            position += 1
        elif joiner == "NOT":
            if position and tokens[position - 1][1].upper() == "NOT":
                raise RuleError(f"a second NOT at character {column}")
            position += 1
        else:
            _check_comparison(tokens[position : position + 3], column)
            operand_due = False
            position += 3
    if operand_due:
        raise RuleError("the rule ends where a signal is due")


def _check_parentheses(tokens: list[_Token], max_depth: int) -> None:
    depth = 0
    for kind, word, column in tokens:
        if kind != "mark":
            continue
        depth += 1 if word == "(" else -1
        if depth < 0:
            raise RuleError(f"a parenthesis closes nothing at character {column}")
        if depth > max_depth:
            raise RuleError(f"more than {max_depth} levels of parentheses")
    if depth:
        raise RuleError("a parenthesis is not closed")


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            position = len(text) - len(text[position:].lstrip())
            raise RuleError(f"unexpected text at character {position + 1}")
        tokens.append((match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        position = match.end()
    return tokens


def _check_comparison(tokens: list[_Token], column: int) -> None:
    if len(tokens) < 3:  # noqa: PLR2004 - key, operator, value
        raise RuleError(f"a comparison needs a key, an operator and a value at character {column}")
    (key_kind, key, _), (operator_kind, operator, operator_column), (value_kind, value, _) = tokens
    if key_kind == "bare":
        if not _BARE_KEY.fullmatch(key) or key.upper() in _JOINERS:
            raise RuleError(f"{key} is not a signal name at character {column}")
    elif key_kind != "text" or key == '""':
        raise RuleError(f"expected a signal name, found {key} at character {column}")
    if operator_kind != "compare" and operator.lower() not in _WORD_OPERATORS:
        raise RuleError(f"expected a comparison, found {operator} at character {operator_column}")
    if value_kind not in {"bare", "text"}:
        raise RuleError(f"expected a value, found {value} after {operator}")
    if value_kind == "bare" and value.upper() in _JOINERS:
        raise RuleError(f"expected a value, found {value} after {operator}")
    if operator in _NUMERIC_OPERATORS and not _NUMBER.fullmatch(value.strip('"')):
        raise RuleError(f"{operator} compares with a number, not {value}")
