"""The functions that expressions may call, as SQL."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audctl.sandbox.campaign.schema import Category
from audctl.sandbox.campaign.sql import (
    Sql,
    UnsupportedExpressionError,
    aggregated,
    concatenate,
    moment_literal,
)

_STORED_FORMAT = "%Y-%m-%d %H:%M:%fZ"
_LARGEST_CHARACTER = 0x10FFFF
_MANY = 50
_NUMBERED = re.compile(r"\{(\d)\}")


@dataclass(frozen=True, slots=True)
class Function:
    """How one function becomes SQL."""

    pattern: str
    """Braces take the arguments in order; digits in them repeat one; `{*}` takes all, with commas."""
    category: Category | None
    """Of the result; None: that of the last argument."""
    fewest: int
    most: int
    aggregate: bool = False


def _fixed(pattern: str, category: Category | None, arguments: int = 1) -> Function:
    return Function(pattern, category, arguments, arguments)


def _total(pattern: str, category: Category | None, arguments: int = 1) -> Function:
    return Function(pattern, category, arguments, arguments, aggregate=True)


def _moved(unit: str, sign: str = "") -> Function:
    pattern = f"strftime('{_STORED_FORMAT}', {{}}, ({sign}CAST({{}} AS INTEGER) || ' {unit}'))"
    return _fixed(pattern, Category.DATETIME, 2)


def _apart(per_day: int) -> Function:
    # Rounded first: Julian days are fractions, and an hour must not come out as 0.9999999.
    pattern = f"CAST(round((julianday({{}}) - julianday({{}})) * {per_day}, 6) AS INTEGER)"
    return _fixed(pattern, Category.NUMBER, 2)


def _part(letter: str) -> Function:
    return _fixed(f"CAST(strftime('{letter}', {{}}) AS INTEGER)", Category.NUMBER)


def _truncated(pattern: str) -> Function:
    return _fixed(f"strftime('{pattern} 00:00:00.000Z', {{}})", Category.DATETIME)


_MONTHS = "(strftime('%Y', {0}) * 12 + strftime('%m', {0}))"
_MONTHS_APART = "(" + _MONTHS + " - " + _MONTHS.replace("{0}", "{1}") + ")"
_YEARS_APART = "(strftime('%Y', {0}) - strftime('%Y', {1}))"

_FUNCTIONS: Mapping[str, Function] = {
    "countall": _total("count(*)", Category.NUMBER, 0),
    "count": _total("count({})", Category.NUMBER),
    "countdistinct": _total("count(DISTINCT {})", Category.NUMBER),
    "sum": _total("ifnull(sum({}), 0)", Category.NUMBER),
    "avg": _total("avg({})", Category.NUMBER),
    "min": _total("min({})", None),
    "max": _total("max({})", None),
    "stringagg": _total("group_concat({}, {})", Category.STRING, 2),
    # strings
    "lower": _fixed("fn_lower({})", Category.STRING),
    "upper": _fixed("fn_upper({})", Category.STRING),
    "smart": _fixed("fn_smart({})", Category.STRING),
    "length": _fixed("ifnull(length({}), 0)", Category.NUMBER),
    "left": _fixed("substr({}, 1, {})", Category.STRING, 2),
    "right": _fixed("CASE WHEN {1} > 0 THEN substr({0}, - {1}) ELSE '' END", Category.STRING, 2),
    "substring": Function("substr({*})", Category.STRING, 2, 3),
    "ltrim": _fixed("ltrim({})", Category.STRING),
    "rtrim": _fixed("rtrim({})", Category.STRING),
    "trim": _fixed("trim({})", Category.STRING),
    "lpad": _fixed("fn_pad({}, - {}, {})", Category.STRING, 3),
    "rpad": _fixed("fn_pad({}, {}, {})", Category.STRING, 3),
    "replace": _fixed("replace({}, {}, {})", Category.STRING, 3),
    "charindex": _fixed("ifnull(instr({1}, {0}), 0)", Category.NUMBER, 2),
    "ascii": _fixed("ifnull(unicode({}), 0)", Category.NUMBER),
    "juxtwords": _fixed("trim(ifnull({}, '') || ' ' || ifnull({}, ''))", Category.STRING, 2),
    "md5digest": _fixed("fn_digest('md5', {})", Category.STRING),
    "sha1digest": _fixed("fn_digest('sha1', {})", Category.STRING),
    "sha256digest": _fixed("fn_digest('sha256', {})", Category.STRING),
    "sha512digest": _fixed("fn_digest('sha512', {})", Category.STRING),
    "getemaildomain": _fixed(
        "(CASE WHEN instr({0}, '@') > 0 THEN fn_lower(substr({0}, instr({0}, '@') + 1)) END)",
        Category.STRING,
    ),
    "isemptystring": _fixed("CASE WHEN ifnull({0}, '') = '' THEN {1} ELSE {2} END", None, 3),
    "ifequals": _fixed("CASE WHEN {0} = {1} THEN {2} ELSE {3} END", None, 4),
    # any value
    "coalesce": Function("coalesce({*})", None, 2, _MANY),
    "nonull": _fixed("ifnull({}, '')", None),
    "iif": _fixed("(CASE WHEN {} THEN {} ELSE {} END)", None, 3),
    "tostring": _fixed("CAST({} AS TEXT)", Category.STRING),
    "tointeger": _fixed("CAST({} AS INTEGER)", Category.NUMBER),
    "toint64": _fixed("CAST({} AS INTEGER)", Category.NUMBER),
    "todouble": _fixed("CAST({} AS REAL)", Category.NUMBER),
    "toboolean": _fixed("({} IN (1, '1', 'true'))", Category.BOOLEAN),
    # numbers
    "abs": _fixed("abs({})", Category.NUMBER),
    "round": Function("round({*})", Category.NUMBER, 1, 2),
    "ceil": _fixed("fn_ceil({})", Category.NUMBER),
    "floor": _fixed("fn_floor({})", Category.NUMBER),
    "trunc": _fixed("CAST({} AS INTEGER)", Category.NUMBER),
    "sign": _fixed("sign({})", Category.NUMBER),
    "mod": _fixed("({} % {})", Category.NUMBER, 2),
    "percent": _fixed("(100.0 * {} / nullif({}, 0))", Category.NUMBER, 2),
    "least": Function("min({*})", None, 2, _MANY),
    "greatest": Function("max({*})", None, 2, _MANY),
    "isbitset": _fixed("((({} >> {}) & 1) = 1)", Category.BOOLEAN, 2),
    "setbit": _fixed("({} | (1 << {}))", Category.NUMBER, 2),
    "clearbit": _fixed("({} & ~(1 << {}))", Category.NUMBER, 2),
    # dates
    "dateonly": _fixed("substr({}, 1, 10)", Category.DATE),
    "truncdate": _truncated("%Y-%m-%d"),
    "truncyear": _truncated("%Y-01-01"),
    "truncmonth": _truncated("%Y-%m-01"),
    "year": _part("%Y"),
    "month": _part("%m"),
    "day": _part("%d"),
    "dayofyear": _part("%j"),
    "weekday": _part("%w"),
    "hour": _part("%H"),
    "minute": _part("%M"),
    "second": _part("%S"),
    "yearandmonth": _part("%Y%m"),
    "addyears": _moved("years"),
    "addmonths": _moved("months"),
    "adddays": _moved("days"),
    "addhours": _moved("hours"),
    "addminutes": _moved("minutes"),
    "addseconds": _moved("seconds"),
    "subyears": _moved("years", "-"),
    "submonths": _moved("months", "-"),
    "subdays": _moved("days", "-"),
    "subhours": _moved("hours", "-"),
    "subminutes": _moved("minutes", "-"),
    "subseconds": _moved("seconds", "-"),
    "yearsdiff": _fixed(_YEARS_APART, Category.NUMBER, 2),
    "monthsdiff": _fixed(_MONTHS_APART, Category.NUMBER, 2),
    "daysdiff": _apart(1),
    "hoursdiff": _apart(24),
    "minutesdiff": _apart(1440),
    "secondsdiff": _apart(86_400),
}


def call_function(name: str, arguments: list[Sql], now: str) -> Sql:
    """Compile a call; raises UnsupportedExpressionError for an unknown name or a wrong number of arguments."""
    special = _SPECIAL.get(name)
    if special is not None:
        return special(arguments, now)
    function = _FUNCTIONS.get(name)
    if function is None:
        raise UnsupportedExpressionError(f"unknown function '{name[:60]}'")
    _check_count(name, arguments, function.fewest, function.most)
    if any(argument.aggregate for argument in arguments) and function.aggregate:
        raise UnsupportedExpressionError(f"an aggregate cannot stand inside '{name}'")
    compiled = _fill(function, arguments)
    return aggregated(compiled) if function.aggregate else compiled


def _fill(function: Function, arguments: list[Sql]) -> Sql:
    category = function.category or arguments[-1].category
    pattern = function.pattern.replace("{*}", ", ".join(["{}"] * len(arguments)))
    order = [int(digit) for digit in _NUMBERED.findall(pattern)]
    if order:
        # Repeated arguments bind their parameters once for every place they stand in.
        arguments = [arguments[position] for position in order]
        pattern = _NUMBERED.sub("{}", pattern)
    return concatenate(pattern, *arguments, category=category)


def _check_count(name: str, arguments: list[Sql], fewest: int, most: int) -> None:
    if not fewest <= len(arguments) <= most:
        raise UnsupportedExpressionError(f"wrong number of arguments for function '{name}'")


def _get_date(arguments: list[Sql], now: str) -> Sql:
    _check_count("getdate", arguments, 0, 0)
    return Sql("?", Category.DATETIME, (now,))


def _ago(unit: str) -> Callable[[list[Sql], str], Sql]:
    """Make a function that counts back from today."""

    def ago(arguments: list[Sql], now: str) -> Sql:
        _check_count(f"{unit}ago", arguments, 1, 1)
        today = Sql("?", Category.DATETIME, (now,))
        pattern = "strftime('%Y-%m-%d', {}, (- CAST({} AS INTEGER) || ' " + unit + "'))"
        return concatenate(pattern, today, arguments[0], category=Category.DATE)

    return ago


def _old(apart: str) -> Callable[[list[Sql], str], Sql]:
    """Make a function that counts from a date to today."""

    def old(arguments: list[Sql], now: str) -> Sql:
        _check_count(apart.replace("diff", "old"), arguments, 1, 1)
        today = Sql("?", Category.DATETIME, (now,))
        return _fill(_FUNCTIONS[apart], [today, arguments[0]])

    return old


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


def _decode(arguments: list[Sql], _now: str) -> Sql:
    """Compare the first argument with every second one; the value after a match, or the last one, is the result."""
    _check_count("decode", arguments, 3, _MANY)
    value, *rest = arguments
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    pieces = [piece for pair in pairs for piece in (value, *pair)]
    pattern = "(CASE" + " WHEN {} = {} THEN {}" * len(pairs)
    if len(rest) % 2:
        pattern += " ELSE {}"
        pieces.append(rest[-1])
    return concatenate(pattern + " END)", *pieces, category=rest[1].category)


_SPECIAL: Mapping[str, Callable[[list[Sql], str], Sql]] = {
    "getdate": _get_date,
    "daysago": _ago("days"),
    "monthsago": _ago("months"),
    "yearsago": _ago("years"),
    "daysold": _old("daysdiff"),
    "monthsold": _old("monthsdiff"),
    "yearsold": _old("yearsdiff"),
    "todatetime": _to_moment,
    "todate": _to_date,
    "char": _character,
    "decode": _decode,
}
