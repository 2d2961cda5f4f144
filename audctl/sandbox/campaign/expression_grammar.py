"""XTK expressions: text in, syntax tree out. No schema and no SQL here."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, cast

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError

MAX_EXPRESSION_CHARS = 256 * 1024
MAX_NESTING = 60
"""Parentheses, calls and repeated signs; deeper input is refused before anything recurses on it."""

_GRAMMAR = r"""
?start: expression
?expression: conjunction
    | conjunction (_OR conjunction)+              -> any_of
?conjunction: negation
    | negation (_AND negation)+                   -> all_of
?negation: _NOT negation                          -> negate
    | comparison
?comparison: sum
    | sum OPERATOR sum                            -> compare
    | sum _LIKE sum                               -> like
    | sum _NOT _LIKE sum                          -> not_like
    | sum _IN "(" expression ("," expression)* ")"       -> is_in
    | sum _NOT _IN "(" expression ("," expression)* ")"  -> is_not_in
    | sum _IS _NULL                               -> is_null
    | sum _IS _NOT _NULL                          -> is_not_null
?sum: product
    | product (PLUS_MINUS product)+               -> arithmetic
?product: unary
    | unary (TIMES_OVER unary)+                   -> arithmetic
?unary: MINUS unary                               -> minus
    | primary
?primary: STRING                                  -> string
    | NUMBER                                      -> number
    | DATE                                        -> date
    | BOOLEAN                                     -> boolean
    | BRACKETED                                   -> bracketed
    | PATH                                        -> path
    | FUNCTION "(" [expression ("," expression)*] ")" -> call
    | "(" expression ")"

_OR.5: /or\b/i
_AND.5: /and\b/i
_NOT.5: /not\b/i
_LIKE.5: /like\b/i
_IN.5: /in\b/i
_IS.5: /is\b/i
_NULL.5: /null\b/i
BOOLEAN.5: /(true|false)\b/i
OPERATOR: "<=" | ">=" | "<>" | "!=" | "=" | "<" | ">"
MINUS.2: "-"
PLUS_MINUS: "+" | "-"
TIMES_OVER: "*" | "/" | "%"
STRING: /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/s
NUMBER: /\d+(\.\d+)?/
DATE: /#[^#]*#/
BRACKETED: /\[[^\[\]]*\]/
FUNCTION.4: /[A-Za-z_]\w*(?=\s*\()/
PATH: /(\.\.\/)*(@\w+|[A-Za-z_]\w*(\/(\w+|\.\.))*(\/@\w+)?)/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal in either kind of quotes, unescaped; what LIKE escapes is still escaped."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric or boolean literal."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or datetime literal, as written between the hashes."""

    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """A way to a value: elements and links, then perhaps an attribute."""

    text: str

    @property
    def steps(self) -> tuple[str, ...]:
        """Split at the slashes."""
        return tuple(self.text.split("/"))


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to arguments; the name is in lower case."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator over its operands: `and`, `or`, `not`, `=`, `+`, `like`, `in`, `is null` and so on."""

    operator: str
    operands: tuple["Expression", ...]


Expression: TypeAlias = Text | Number | Moment | Path | Call | Operation


class ExpressionSyntaxError(Exception):
    """Text that is not an expression."""


def parse_expression(text: str) -> Expression:
    """Parse `text`; raises ExpressionSyntaxError with a reason."""
    if len(text) > MAX_EXPRESSION_CHARS:
        raise ExpressionSyntaxError("the expression is too long")
    return _parse_again(text) if len(text) <= _LONGEST_KEPT else _parse(text)


def _parse(text: str) -> Expression:
    _check_nesting(text)
    try:
        return cast("Expression", _parser().parse(text))
    except LarkError as error:
        raise ExpressionSyntaxError(_reason(error)) from error


_parse_again = lru_cache(maxsize=2048)(_parse)
_LONGEST_KEPT = 1000
"""Longer expressions are lists of values, which nobody sends twice."""

_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\[[^\[\]]*\]""", re.DOTALL)
_SIGNS = re.compile(r"(?:-\s*){8,}")
_NEGATIONS = re.compile(r"(?:\bnot\s+){8,}", re.IGNORECASE)


def _check_nesting(text: str) -> None:
    bare = _QUOTED.sub("''", text)
    if _SIGNS.search(bare) or _NEGATIONS.search(bare):
        raise ExpressionSyntaxError("the expression is nested too deeply")
    depth = 0
    for character in bare:
        if character == "(":
            depth += 1
            if depth > MAX_NESTING:
                raise ExpressionSyntaxError("the expression is nested too deeply")
        elif character == ")":
            depth -= 1


def _reason(error: LarkError) -> str:
    column = getattr(error, "column", None)
    if isinstance(column, int) and column > 0:
        return f"syntax error near character {column}"
    return "syntax error at the end of the expression"


_ESCAPE = re.compile(r"""\\(['"\\])""")


class _Builder(Transformer[Token, Expression]):
    def string(self, items: list[Token]) -> Expression:
        return Text(_ESCAPE.sub(r"\1", str(items[0])[1:-1]))

    def number(self, items: list[Token]) -> Expression:
        text = str(items[0])
        return Number(float(text) if "." in text or len(text) > 18 else int(text))  # noqa: PLR2004 - 64 bits

    def date(self, items: list[Token]) -> Expression:
        return Moment(str(items[0])[1:-1].strip())

    def boolean(self, items: list[Token]) -> Expression:
        return Number(1 if str(items[0]).lower() == "true" else 0)

    def bracketed(self, items: list[Token]) -> Expression:
        return Path(str(items[0])[1:-1].strip())

    def path(self, items: list[Token]) -> Expression:
        return Path(str(items[0]))

    def call(self, items: list[Token | Expression]) -> Expression:
        return Call(str(items[0]).lower(), tuple(_expressions(items[1:])))

    def any_of(self, items: list[Expression]) -> Expression:
        return Operation("or", tuple(items))

    def all_of(self, items: list[Expression]) -> Expression:
        return Operation("and", tuple(items))

    def negate(self, items: list[Expression]) -> Expression:
        return Operation("not", tuple(items))

    def minus(self, items: list[Token | Expression]) -> Expression:
        return Operation("minus", tuple(_expressions(items)))

    def compare(self, items: list[Token | Expression]) -> Expression:
        operator = "<>" if items[1] == "!=" else str(items[1])
        return Operation(operator, tuple(_expressions(items)))

    def arithmetic(self, items: list[Token | Expression]) -> Expression:
        if len(items) > 2 * MAX_NESTING:
            raise ExpressionSyntaxError("the expression has too many terms")
        total = items[0]
        for position in range(1, len(items), 2):
            total = Operation(
                str(items[position]), tuple(_expressions([total, items[position + 1]]))
            )
        return total  # type: ignore[return-value]  # operands sit at even positions

    def like(self, items: list[Expression]) -> Expression:
        return Operation("like", tuple(items))

    def not_like(self, items: list[Expression]) -> Expression:
        return Operation("not", (Operation("like", tuple(items)),))

    def is_in(self, items: list[Expression]) -> Expression:
        return Operation("in", tuple(items))

    def is_not_in(self, items: list[Expression]) -> Expression:
        return Operation("not", (Operation("in", tuple(items)),))

    def is_null(self, items: list[Expression]) -> Expression:
        return Operation("is null", tuple(items))

    def is_not_null(self, items: list[Expression]) -> Expression:
        return Operation("not", (Operation("is null", tuple(items)),))


def _expressions(items: list[Token | Expression]) -> list[Expression]:
    return [item for item in items if not isinstance(item, Token)]


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False, transformer=_Builder())
