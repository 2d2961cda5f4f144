"""Expressions compiled to SQL with bound parameters, against the schema they are written for."""

from dataclasses import replace

from audctl.sandbox.campaign.expression_functions import call_function
from audctl.sandbox.campaign.expression_grammar import (
    Call,
    Expression,
    ExpressionSyntaxError,
    Moment,
    Number,
    Operation,
    Path,
    Text,
    parse_expression,
)
from audctl.sandbox.campaign.faults import bad_expression
from audctl.sandbox.campaign.places import Destination, Place, find_destination
from audctl.sandbox.campaign.schema import Category, quoted
from audctl.sandbox.campaign.sql import (
    Sql,
    UnsupportedExpressionError,
    concatenate,
    join_conditions,
    moment_literal,
)

_MAX_COMPUTED_DEPTH = 4


def compile_expression(text: str, place: Place) -> Sql:
    """Compile `text`; raises the fault that names the expression and the schema."""
    try:
        parsed = parse_expression(text)
    except ExpressionSyntaxError as error:
        raise bad_expression(text[:500], place.schema.id, str(error)) from error
    return compile_tree(parsed, place, text)


def compile_tree(expression: Expression, place: Place, text: str) -> Sql:
    """Compile a part of the expression `text` that is parsed already; raises the same faults."""
    try:
        return _compile(expression, place, text)
    except UnsupportedExpressionError as error:
        raise bad_expression(text[:500], place.schema.id, str(error)) from error


def compile_operation(operator: str, operands: list[Sql]) -> Sql:  # noqa: PLR0911 - one per operator
    """Apply an operator of the grammar to compiled operands."""
    first = operands[0]
    match operator:
        case "and" | "or":
            return join_conditions(operator.upper(), operands)
        case "not":
            return concatenate("(NOT {})", first, category=Category.BOOLEAN)
        case "minus":
            return concatenate("(- {})", first, category=Category.NUMBER)
        case "is null":
            if first.category is Category.NUMBER:
                return concatenate("({} IS NULL)", first, category=Category.BOOLEAN)
            return concatenate("(ifnull({}, '') = '')", first, category=Category.BOOLEAN)
        case "in":
            alike = [_alike(first, operand)[1] for operand in operands[1:]]
            pattern = "({} IN (" + ", ".join(["{}"] * len(alike)) + "))"
            return concatenate(pattern, first, *alike, category=Category.BOOLEAN)
        case "like":
            return _compile_like(first, operands[1])
        case "+" | "-" | "*" | "/" | "%":
            return _compile_arithmetic(operator, first, operands[1])
        case _:
            return _compile_comparison(operator, first, operands[1])


def column_of(destination: Destination) -> Sql:
    """Give the SQL of a value that a path leads to."""
    place, found = destination.place, destination.field
    if found is None:
        raise UnsupportedExpressionError("a link is not a value")
    if found.expression is not None:
        if place.depth >= _MAX_COMPUTED_DEPTH:
            raise UnsupportedExpressionError("computed fields refer to each other")
        deeper = replace(place, depth=place.depth + 1)
        return compile_expression(found.expression, deeper)
    column = f"{place.alias}.{quoted(found.column)}"
    text = column if found.nullable or place.is_root else f"ifnull({column}, 0)"
    return Sql(text, found.category, columns=frozenset({column}))


def _compile(expression: Expression, place: Place, text: str) -> Sql:  # noqa: PLR0911 - one per kind of node
    match expression:
        case Text(value):
            return Sql("?", Category.STRING, (value,), literal=value)
        case Number(value):
            return Sql("?", Category.NUMBER, (value,), literal=value)
        case Moment(written):
            return moment_literal(written)
        case Path():
            return _compile_path(expression, place, text)
        case Call(function, arguments):
            if function in ("when", "else"):
                raise UnsupportedExpressionError(f"{function} stands outside Case")
            if function == "case":
                return _compile_case(arguments, place, text)
            compiled = [_compile(argument, place, text) for argument in arguments]
            return call_function(function, compiled, place.source.now)
        case Operation(operator, operands):
            return compile_operation(
                operator, [_compile(operand, place, text) for operand in operands]
            )


def _compile_path(path: Path, place: Place, text: str) -> Sql:
    destination = find_destination(path, place, text)
    if destination.link is not None:
        found_at = destination.place.schema
        source = replace(destination, field=found_at.fields.get(destination.link.source))
        if destination.link.unbound or source.field is None:
            raise UnsupportedExpressionError(f"'{path.text}' is a collection, not a value")
        return concatenate("nullif({}, 0)", column_of(source), category=Category.NUMBER)
    found = column_of(destination)
    if found.category is Category.XML:
        raise UnsupportedExpressionError(
            f"'{path.text}' is stored as XML and cannot be filtered or sorted"
        )
    return found


def _compile_case(arguments: tuple[Expression, ...], place: Place, text: str) -> Sql:
    branches: list[Sql] = []
    category = Category.STRING
    for argument in arguments:
        if not isinstance(argument, Call) or (argument.function, len(argument.arguments)) not in (
            ("when", 2),
            ("else", 1),
        ):
            raise UnsupportedExpressionError("Case takes When(condition, value) and Else(value)")
        parts = [_compile(part, place, text) for part in argument.arguments]
        category = parts[-1].category
        pattern = " WHEN {} THEN {}" if argument.function == "when" else " ELSE {}"
        branches.append(concatenate(pattern, *parts, category=category))
    if not branches or not branches[0].text.startswith(" WHEN"):
        raise UnsupportedExpressionError("Case needs a When first")
    return concatenate("(CASE" + "{}" * len(branches) + " END)", *branches, category=category)


def _compile_comparison(operator: str, left: Sql, right: Sql) -> Sql:
    left, right = _alike(left, right)
    if operator in ("=", "<>") and "" in (left.literal, right.literal):
        # Empty and null are one thing for strings.
        pattern = "(ifnull({}, '') " + operator + " ifnull({}, ''))"
    else:
        pattern = "({} " + operator + " {})"
    return concatenate(pattern, left, right, category=Category.BOOLEAN)


def _compile_arithmetic(operator: str, left: Sql, right: Sql) -> Sql:
    if operator == "+" and Category.STRING in (left.category, right.category):
        if isinstance(left.literal, str) and isinstance(right.literal, str):
            joined = left.literal + right.literal
            return Sql("?", Category.STRING, (joined,), literal=joined)
        return concatenate(
            "(ifnull({}, '') || ifnull({}, ''))", left, right, category=Category.STRING
        )
    return concatenate("({} " + operator + " {})", left, right, category=Category.NUMBER)


def _compile_like(left: Sql, pattern: Sql) -> Sql:
    if isinstance(pattern.literal, str):
        # GLOB is SQLite's case-sensitive match, and can use an index.
        return concatenate(
            "({} GLOB ?)",
            left,
            category=Category.BOOLEAN,
            more=(_glob(pattern.literal),),
        )
    # SQLite's own LIKE does not tell capitals from small letters.
    return concatenate("fn_like({}, {})", left, pattern, category=Category.BOOLEAN)


def _glob(like: str) -> str:
    pieces: list[str] = []
    characters = iter(like)
    for character in characters:
        if character == "%":
            pieces.append("*")
        elif character == "_":
            pieces.append("?")
        else:
            literal = character
            if character == "\\":
                following = next(characters, "\\")
                literal = following if following in "%_\\" else character + following
            pieces.extend(f"[{one}]" if one in "*?[" else one for one in literal)
    return "".join(pieces)


def _alike(left: Sql, right: Sql) -> tuple[Sql, Sql]:
    """Bring both sides of a comparison to one kind of value."""
    return _towards(left, right.category), _towards(right, left.category)


def _towards(side: Sql, other: Category) -> Sql:
    if other in (Category.NUMBER, Category.BOOLEAN) and isinstance(side.literal, str):
        return _numeric_literal(side)
    if side.category is Category.DATE and other is Category.DATETIME:
        return concatenate("({} || ' 00:00:00.000Z')", side, category=Category.DATETIME)
    if side.category is Category.STRING and isinstance(side.literal, str) and side.literal:
        if other is Category.DATETIME:
            return _moment_or_itself(side, Category.DATETIME)
        if other is Category.DATE:
            return _moment_or_itself(side, Category.DATE)
    return side


def _moment_or_itself(side: Sql, wanted: Category) -> Sql:
    try:
        moment = moment_literal(str(side.literal))
    except UnsupportedExpressionError:
        return side
    if wanted is Category.DATETIME:
        return _towards(moment, Category.DATETIME)
    return moment


def _numeric_literal(side: Sql) -> Sql:
    text = str(side.literal)
    value: str | float = text
    if text in ("true", "false"):
        value = int(text == "true")
    else:
        try:
            value = int(text) if len(text) <= 18 else float(text)  # noqa: PLR2004 - 64 bits
        except ValueError:
            value = text
    return Sql("?", Category.NUMBER, (value,), literal=value)
