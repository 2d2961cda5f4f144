"""The functions that expressions may call, as SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audctl.sandbox.campaign.schema import Category
from audctl.sandbox.campaign.sql import Sql, UnsupportedExpressionError, concatenate, moment_literal

_STORED_FORMAT = "%Y-%m-%d %H:%M:%fZ"
_LARGEST_CHARACTER = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Function:
    """How one function becomes SQL."""

    pattern: str
    """Braces take the arguments in order."""
    category: Category | None
    """Of the result; None: that of the last argument."""
    fewest: int
    most: int


def _fixed(pattern: str, category: Category | None, arguments: int = 1) -> Function:
    return Function(pattern, category, arguments, arguments)


_MOVED = "strftime('" + _STORED_FORMAT + "', {}, ({} || ' "
_APART = "CAST((julianday({}) - julianday({})) * "

_PATTERNS: Mapping[str, Function] = {
    "countall": _fixed("count(*)", Category.NUMBER, 0),
    "count": _fixed("count({})", Category.NUMBER),
    "countdistinct": _fixed("count(DISTINCT {})", Category.NUMBER),
    "sum": _fixed("ifnull(sum({}), 0)", Category.NUMBER),
    "avg": _fixed("avg({})", Category.NUMBER),
    "min": _fixed("min({})", None),
    "max": _fixed("max({})", None),
    "lower": _fixed("lower({})", Category.STRING),
    "upper": _fixed("upper({})", Category.STRING),
    "length": _fixed("ifnull(length({}), 0)", Category.NUMBER),
    "left": _fixed("substr({}, 1, {})", Category.STRING, 2),
    "substring": Function("substr({})", Category.STRING, 2, 3),
    "coalesce": Function("coalesce({})", None, 2, 20),
    "iif": _fixed("(CASE WHEN {} THEN {} ELSE {} END)", None, 3),
    "tostring": _fixed("CAST({} AS TEXT)", Category.STRING),
    "tointeger": _fixed("CAST({} AS INTEGER)", Category.NUMBER),
    "abs": _fixed("abs({})", Category.NUMBER),
    "round": Function("round({})", Category.NUMBER, 1, 2),
    "md5digest": _fixed("xtk_md5({})", Category.STRING),
    "dateonly": _fixed("substr({}, 1, 10)", Category.DATE),
    "year": _fixed("CAST(strftime('%Y', {}) AS INTEGER)", Category.NUMBER),
    "month": _fixed("CAST(strftime('%m', {}) AS INTEGER)", Category.NUMBER),
    "day": _fixed("CAST(strftime('%d', {}) AS INTEGER)", Category.NUMBER),
    "adddays": _fixed(_MOVED + "days'))", Category.DATETIME, 2),
    "addhours": _fixed(_MOVED + "hours'))", Category.DATETIME, 2),
    "addminutes": _fixed(_MOVED + "minutes'))", Category.DATETIME, 2),
    "addseconds": _fixed(_MOVED + "seconds'))", Category.DATETIME, 2),
    "addmonths": _fixed(_MOVED + "months'))", Category.DATETIME, 2),
    "daysdiff": _fixed(_APART + "1 AS INTEGER)", Category.NUMBER, 2),
    "hoursdiff": _fixed(_APART + "24 AS INTEGER)", Category.NUMBER, 2),
    "minutesdiff": _fixed(_APART + "1440 AS INTEGER)", Category.NUMBER, 2),
}


def call_function(name: str, arguments: list[Sql], now: str) -> Sql:
    """Compile a call; raises UnsupportedExpressionError for an unknown name or a wrong number of arguments."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(arguments, now)
    function = _PATTERNS.get(name)
    if function is None:
        raise UnsupportedExpressionError(f"unknown function '{name[:60]}'")
    _check_count(name, arguments, function.fewest, function.most)
    pattern = function.pattern
    if function.fewest != function.most:
        pattern = pattern.replace("{}", ", ".join(["{}"] * len(arguments)))
    category = function.category or arguments[-1].category
    return concatenate(pattern, *arguments, category=category)


def _check_count(name: str, arguments: list[Sql], fewest: int, most: int) -> None:
    if not fewest <= len(arguments) <= most:
        raise UnsupportedExpressionError(f"wrong number of arguments for function '{name}'")


def _get_date(arguments: list[Sql], now: str) -> Sql:
    _check_count("getdate", arguments, 0, 0)
    return Sql("?", Category.DATETIME, (now,))


def _days_ago(arguments: list[Sql], now: str) -> Sql:
    _check_count("daysago", arguments, 1, 1)
    days = arguments[0]
    return Sql(
        f"strftime('%Y-%m-%d', ?, (- {days.text} || ' days'))",
        Category.DATE,
        (now, *days.parameters),
    )


def _right(arguments: list[Sql], _now: str) -> Sql:
    _check_count("right", arguments, 2, 2)
    return concatenate("substr({}, - {})", *arguments, category=Category.STRING)


def _to_moment(arguments: list[Sql], _now: str) -> Sql:
    _check_count("todatetime", arguments, 1, 1)
    argument = arguments[0]
    if isinstance(argument.literal, str):
        moment = moment_literal(argument.literal)
        if moment.category is Category.DATETIME:
            return moment
        argument = moment
    return concatenate(f"strftime('{_STORED_FORMAT}', {{}})", argument, category=Category.DATETIME)


def _to_date(arguments: list[Sql], now: str) -> Sql:
    moment = _to_moment(arguments, now)
    return concatenate("substr({}, 1, 10)", moment, category=Category.DATE)


def _character(arguments: list[Sql], _now: str) -> Sql:
    _check_count("char", arguments, 1, 1)
    try:
        code = int(str(arguments[0].literal))
    except ValueError as error:
        raise UnsupportedExpressionError("Char takes a literal code") from error
    if not 0 < code <= _LARGEST_CHARACTER or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - surrogates
        raise UnsupportedExpressionError(f"{code} is not a character")
    return Sql("?", Category.STRING, (chr(code),), literal=chr(code))


def _email_domain(arguments: list[Sql], _now: str) -> Sql:
    _check_count("getemaildomain", arguments, 1, 1)
    email = arguments[0]
    return concatenate(
        "(CASE WHEN instr({}, '@') > 0 THEN lower(substr({}, instr({}, '@') + 1)) END)",
        email,
        email,
        email,
        category=Category.STRING,
    )


_SPECIAL: Mapping[str, Callable[[list[Sql], str], Sql]] = {
    "getdate": _get_date,
    "daysago": _days_ago,
    "right": _right,
    "todatetime": _to_moment,
    "todate": _to_date,
    "char": _character,
    "getemaildomain": _email_domain,
}
