"""`where` and `having` trees: nested conditions, set operators on collections and over sub-queries."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from audctl.sandbox.campaign.expression_grammar import (
    Expression,
    ExpressionSyntaxError,
    Number,
    Operation,
    Path,
    parse_expression,
)
from audctl.sandbox.campaign.expression_sql import (
    column_of,
    compile_expression,
    compile_operation,
    compile_tree,
)
from audctl.sandbox.campaign.faults import bad_expression, bad_query
from audctl.sandbox.campaign.places import Collection, Place, find_destination, open_collection
from audctl.sandbox.campaign.schema import Category
from audctl.sandbox.campaign.sql import Sql, concatenate, join_conditions
from audctl.sandbox.campaign.xml import child, children, is_true

MAX_CONDITION_DEPTH = 40

SubQuery = Callable[[etree._Element, Place], Sql]  # noqa: SLF001 - lxml's only name for its type
"""Compiles a `subQuery` element to a one-column SELECT."""

_AGGREGATES = {"COUNT": "count", "SUM": "sum", "AVG": "avg", "MIN": "min", "MAX": "max"}
_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_SWITCHES = {"": True, "true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class _Comparison:
    """An aggregate over a collection, compared with a value."""

    aggregate: str
    path: Path
    operator: str
    other: Expression
    expression: str
    """The whole text, for messages."""


def compile_conditions(
    element: etree._Element, place: Place, sub_query: SubQuery, depth: int = 0
) -> Sql | None:
    """Compile the `condition` children of `element`; None when there are none.

    A condition's `boolOperator` joins it to the next sibling, and AND binds closer than OR.
    """
    if depth > MAX_CONDITION_DEPTH:
        raise bad_query("Conditions are nested too deeply.")
    alternatives: list[list[Sql]] = [[]]
    for condition in children(element, "condition"):
        if is_true(condition.get("ignore")) or not _is_enabled(condition):
            continue
        compiled = _compile_condition(condition, place, sub_query, depth)
        if compiled is None:
            continue
        alternatives[-1].append(compiled)
        operator = condition.get("boolOperator") or condition.get("bool-operator") or "AND"
        if operator.upper() == "OR":
            alternatives.append([])
        elif operator.upper() != "AND":
            raise bad_query(f"Unknown boolean operator '{operator[:40]}'.")
    groups = [join_conditions("AND", group) for group in alternatives if group]
    return join_conditions("OR", groups) if groups else None


def _is_enabled(condition: etree._Element) -> bool:
    text = (condition.get("enabledIf") or "").strip().lower()
    enabled = _SWITCHES.get(text)
    if enabled is None:
        raise bad_query("enabledIf refers to a context, which a query over SOAP does not have.")
    return enabled


def _compile_condition(
    condition: etree._Element, place: Place, sub_query: SubQuery, depth: int
) -> Sql | None:
    if condition.get("sql") is not None:
        raise bad_query("Conditions in SQL are not allowed for this operator.")
    operator = " ".join((condition.get("setOperator") or "").upper().split())
    expression = (condition.get("expr") or "").strip()
    if operator in ("EXISTS", "NOT EXISTS", "IN", "NOT IN"):
        inner = child(condition, "subQuery")
        if inner is not None:
            return _compile_sub_query(operator, expression, inner, place, sub_query)
        if operator in ("IN", "NOT IN"):
            raise bad_query(f"The set operator '{operator}' needs a subQuery.")
        rows = open_collection(Path(expression.strip("[] ")), place, expression)
        body = _select(condition, rows, "1", sub_query, depth)
        return concatenate("(" + operator + " ({}))", body, category=Category.BOOLEAN)
    if operator in _AGGREGATES:
        comparison = _read_aggregate(operator, expression, place)
        return _compile_aggregate(condition, comparison, place, sub_query, depth)
    if operator:
        raise bad_query(f"Unknown set operator '{operator[:40]}'.")
    nested = compile_conditions(condition, place, sub_query, depth + 1)
    if not expression:
        return nested
    own = compile_expression(expression, place)
    return own if nested is None else join_conditions("AND", [own, nested])


def _compile_sub_query(
    operator: str, expression: str, inner: etree._Element, place: Place, sub_query: SubQuery
) -> Sql:
    selected = sub_query(inner, place)
    if operator.endswith("EXISTS"):
        return concatenate("(" + operator + " ({}))", selected, category=Category.BOOLEAN)
    left = compile_expression(expression, place)
    return concatenate("({} " + operator + " ({}))", left, selected, category=Category.BOOLEAN)


def _read_aggregate(operator: str, expression: str, place: Place) -> _Comparison:
    """Read `rcpGrpRel >= 2`: the path stands for the aggregate over its rows.

    A bare path asks whether the aggregate is other than zero.
    """
    try:
        parsed = parse_expression(expression)
    except ExpressionSyntaxError as error:
        raise bad_expression(expression[:500], place.schema.id, str(error)) from error
    match parsed:
        case Path():
            return _Comparison(operator, parsed, "<>", Number(0), expression)
        case Operation(comparison, (Path() as path, other)) if comparison in _COMPARISONS:
            return _Comparison(operator, path, comparison, other, expression)
    raise bad_query(f"The set operator '{operator}' compares a collection with a value.")


def _compile_aggregate(
    condition: etree._Element,
    comparison: _Comparison,
    place: Place,
    sub_query: SubQuery,
    depth: int,
) -> Sql:
    """Compile an aggregate over a collection; the inner conditions choose the rows."""
    operator, expression = comparison.aggregate, comparison.expression
    rows = open_collection(comparison.path, place, expression)
    column = "*"
    category = Category.NUMBER
    if rows.value is not None:
        value = column_of(find_destination(Path(rows.value), rows.place, expression))
        column, category = value.text, value.category if operator in ("MIN", "MAX") else category
    elif operator != "COUNT":
        raise bad_query(f"The set operator '{operator}' needs a value of the collection.")
    function = f"{_AGGREGATES[operator]}({column})"
    if operator == "SUM":
        function = f"ifnull({function}, 0)"
    body = _select(condition, rows, function, sub_query, depth)
    total = concatenate("({})", body, category=category)
    right = compile_tree(comparison.other, place, expression)
    return compile_operation(comparison.operator, [total, right])


def _select(
    condition: etree._Element, rows: Collection, what: str, sub_query: SubQuery, depth: int
) -> Sql:
    where = compile_conditions(condition, rows.place, sub_query, depth + 1)
    text = f"SELECT {what} FROM {rows.source.clause()} WHERE {rows.condition}"  # noqa: S608 - names come from schema documents
    if where is None:
        return Sql(text, Category.BOOLEAN)
    return Sql(f"{text} AND {where.text}", Category.BOOLEAN, where.parameters)
