"""`where` and `having` trees: nested conditions, EXISTS on collections, IN over a sub-query."""

from collections.abc import Callable

from lxml import etree

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.expression_grammar import Path
from audctl.sandbox.campaign.expression_sql import (
    Place,
    Source,
    compile_expression,
    find_destination,
)
from audctl.sandbox.campaign.faults import bad_query
from audctl.sandbox.campaign.schema import Category, Link, quoted
from audctl.sandbox.campaign.sql import Sql, concatenate
from audctl.sandbox.campaign.xml import children, is_true, local_name

MAX_CONDITION_DEPTH = 40

SubQuery = Callable[[etree._Element, Place], Sql]  # noqa: SLF001 - lxml's only name for its type
"""Compiles a `subQuery` element to a one-column SELECT."""


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
        if is_true(condition.get("ignore")):
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
    groups = [_joined(" AND ", group) for group in alternatives if group]
    return _joined(" OR ", groups) if groups else None


def _joined(separator: str, parts: list[Sql]) -> Sql:
    if len(parts) == 1:
        return parts[0]
    pattern = "(" + separator.join(["{}"] * len(parts)) + ")"
    return concatenate(pattern, *parts, category=Category.BOOLEAN)


def _compile_condition(
    condition: etree._Element, place: Place, sub_query: SubQuery, depth: int
) -> Sql | None:
    if condition.get("sql") is not None:
        raise bad_query("Conditions in SQL are not allowed for this operator.")
    operator = " ".join((condition.get("setOperator") or "").upper().split())
    expression = condition.get("expr") or ""
    if operator in ("EXISTS", "NOT EXISTS"):
        return _compile_exists(
            condition, expression, place, sub_query, negated=operator != "EXISTS"
        )
    if operator in ("IN", "NOT IN"):
        inner = next((child for child in condition if local_name(child) == "subQuery"), None)
        if inner is None:
            raise bad_query(f"The set operator '{operator}' needs a subQuery.")
        left = compile_expression(expression, place)
        return concatenate(
            "({} " + operator + " ({}))", left, sub_query(inner, place), category=Category.BOOLEAN
        )
    if operator:
        raise bad_query(f"The set operator '{operator[:40]}' is not supported here.")
    nested = compile_conditions(condition, place, sub_query, depth + 1)
    if not expression.strip():
        return nested
    own = compile_expression(expression, place)
    return own if nested is None else _joined(" AND ", [own, nested])


def _compile_exists(
    condition: etree._Element, expression: str, place: Place, sub_query: SubQuery, *, negated: bool
) -> Sql:
    path = Path(expression.strip().strip("[]"))
    destination = find_destination(path, place, expression)
    if destination.link is None:
        raise bad_query(f"'{expression[:200]}' is not a link, so nothing can exist behind it.")
    inner = inner_source(destination.link, destination.place)
    correlation = correlate(destination.link, destination.place, inner)
    where = compile_conditions(condition, inner.root, sub_query)
    text = f"SELECT 1 FROM {inner.clause()} WHERE {correlation}"  # noqa: S608 - names come from schema documents
    pattern = "(NOT EXISTS ({}))" if negated else "(EXISTS ({}))"
    if where is None:
        return concatenate(pattern, Sql(text, Category.BOOLEAN), category=Category.BOOLEAN)
    body = Sql(f"{text} AND {where.text}", Category.BOOLEAN, where.parameters)
    return concatenate(pattern, body, category=Category.BOOLEAN)


def inner_source(link: Link, outer: Place) -> Source:
    """Open a FROM clause on the rows behind `link`, for use inside the outer query."""
    return Source(stored_schema(link.target), outer.source.now, names=outer.source.names)


def correlate(link: Link, outer: Place, inner: Source) -> str:
    """Tie the rows of `inner` to the outer row they belong to."""
    return (
        f"{inner.alias}.{quoted(link.destination_column)}"
        f" = {outer.alias}.{quoted(link.source_column)}"
    )
