"""Parts of a `queryDef` that become clauses of a SELECT, and the SELECT made of them."""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lxml import etree

from audctl.sandbox.campaign.catalog import Catalog
from audctl.sandbox.campaign.conditions import compile_conditions
from audctl.sandbox.campaign.expression_sql import compile_expression
from audctl.sandbox.campaign.faults import bad_query, database_error
from audctl.sandbox.campaign.own_tables import find_stored
from audctl.sandbox.campaign.places import Place, Source
from audctl.sandbox.campaign.schema import Category, Schema
from audctl.sandbox.campaign.sql import Sql
from audctl.sandbox.campaign.xml import child, children, is_true

_LINES = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(slots=True)
class Clauses:
    """What restricts, groups and orders the rows of one SELECT."""

    where: Sql | None = None
    groups: Sequence[Sql] = ()
    having: Sql | None = None
    order: Sequence[Sql] = ()
    distinct: bool = False


def schema_of_query(
    catalog: Catalog, conn: sqlite3.Connection | None, query: etree._Element
) -> Schema:
    """Find the schema that a query is about."""
    schema_id = query.get("schema")
    if not schema_id:
        raise bad_query("The query names no schema.")
    return find_stored(catalog, conn, schema_id)


def expression_of(node: etree._Element) -> str:
    """Read a node's expression; raises a fault when it has none, or brings SQL."""
    expression = (node.get("expr") or "").strip()
    if not expression:
        raise bad_query("A node has no expression.")
    if node.get("sql") is not None:
        raise bad_query("Expressions in SQL are not allowed for this operator.")
    return expression


def read_clauses(query: etree._Element, place: Place) -> Clauses:
    """Compile `where`, `groupBy`, `having`, `orderBy` and what nodes of `select` say of them."""
    select = child(query, "select")
    nodes = [] if select is None else list(children(select, "node"))
    grouped = [node for node in nodes if is_true(node.get("groupBy"))]
    ordered = [node for node in nodes if is_true(node.get("sort"))]
    return Clauses(
        where=compile_where(query, place),
        groups=[
            compile_expression(expression_of(node), place)
            for node in [*_nodes(query, "groupBy"), *grouped]
        ],
        having=compile_where(query, place, "having"),
        order=compile_order([*_nodes(query, "orderBy"), *ordered], place),
        distinct=is_true(query.get("distinct")),
    )


def compile_where(query: etree._Element, place: Place, name: str = "where") -> Sql | None:
    """Compile the conditions of `where`, or of `having`; None when there are none."""
    where = child(query, name)
    return None if where is None else compile_conditions(where, place, compile_sub_query)


def compile_order(nodes: Sequence[etree._Element], place: Place) -> list[Sql]:
    """Compile what rows are ordered by; literals order nothing and are left out."""
    order: list[Sql] = []
    for node in nodes:
        compiled = compile_expression(expression_of(node), place)
        if compiled.literal is not None:
            continue
        direction = " DESC" if is_true(node.get("sortDesc")) else ""
        order.append(replace(compiled, text=compiled.text + direction))
    return order


def select_text(columns: Sequence[Sql], source: Source, clauses: Clauses) -> Sql:
    """Write a SELECT; raises the database's fault when a column is neither grouped by nor aggregated."""
    _check_grouping(columns, clauses)
    pieces: list[tuple[str, Sequence[Sql]]] = [
        ("SELECT DISTINCT " if clauses.distinct else "SELECT ", columns),
        (f" FROM {source.clause()}", ()),
        (" WHERE ", () if clauses.where is None else (clauses.where,)),
        (" GROUP BY ", clauses.groups),
        (" HAVING ", () if clauses.having is None else (clauses.having,)),
        (" ORDER BY ", clauses.order),
    ]
    text = ""
    for keyword, parts in pieces:
        if parts or keyword.startswith(" FROM"):
            text += keyword + ", ".join(part.text for part in parts)
    bound = tuple(value for _, parts in pieces for part in parts for value in part.parameters)
    return Sql(text, Category.NUMBER, bound)


def _check_grouping(columns: Sequence[Sql], clauses: Clauses) -> None:
    conditions = [] if clauses.having is None else [clauses.having]
    ordered = [replace(part, text=part.text.removesuffix(" DESC")) for part in clauses.order]
    read = [*columns, *conditions, *ordered]
    if not clauses.groups and not any(part.aggregate for part in read):
        if conditions:
            raise database_error("a HAVING clause needs a GROUP BY clause or an aggregate function")
        return
    texts = {(group.text, group.parameters) for group in clauses.groups}
    grouped = frozenset().union(*(group.columns for group in clauses.groups if _is_column(group)))
    for part in read:
        if (part.text, part.parameters) not in texts and not part.columns <= grouped:
            raise database_error(
                "a selected or ordered column must appear in the GROUP BY clause"
                " or be used in an aggregate function"
            )


def _is_column(group: Sql) -> bool:
    return not group.parameters and len(group.columns) == 1 and group.category is not Category.XML


def line_limit(query: etree._Element, name: str, default: int) -> int:
    """Read `lineCount` or `startLine`; 0 is how some clients spell "not given"."""
    text = (query.get(name) or "").strip()
    if not text:
        return default
    if not _LINES.fullmatch(text):
        raise bad_query(f"'{text[:40]}' is not a valid {name}.")
    return int(text) or default


def compile_sub_query(element: etree._Element, outer: Place) -> Sql:
    """Compile a `subQuery` element to a one-column SELECT that may stand inside the query at `outer`."""
    around = outer.source
    source = around.inside(schema_of_query(around.catalog, around.conn, element), outer)
    select = child(element, "select")
    nodes = [] if select is None else list(children(select, "node"))
    if len(nodes) != 1:
        raise bad_query("A subQuery selects exactly one node.")
    column = compile_expression(expression_of(nodes[0]), source.root)
    clauses = read_clauses(element, source.root)
    selected = select_text([column], source, clauses)
    lines = line_limit(element, "lineCount", -1)
    start = line_limit(element, "startLine", 0)
    if lines >= 0 or start:
        return replace(
            selected,
            text=f"{selected.text} LIMIT ? OFFSET ?",
            parameters=(*selected.parameters, lines, start),
        )
    return selected


def _nodes(query: etree._Element, name: str) -> list[etree._Element]:
    element = child(query, name)
    return [] if element is None else list(children(element, "node"))
