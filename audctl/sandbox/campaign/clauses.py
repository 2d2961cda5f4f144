"""Parts of a `queryDef` that become clauses of a SELECT."""

from dataclasses import replace

from lxml import etree

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.conditions import compile_conditions
from audctl.sandbox.campaign.expression_sql import Place, Source, compile_expression
from audctl.sandbox.campaign.faults import bad_query
from audctl.sandbox.campaign.schema import Category, Schema
from audctl.sandbox.campaign.sql import Sql
from audctl.sandbox.campaign.xml import child, children, is_true


def schema_of_query(query: etree._Element) -> Schema:
    """Find the schema that a query is about."""
    schema_id = query.get("schema")
    if not schema_id:
        raise bad_query("The query names no schema.")
    return stored_schema(schema_id)


def expression_of(node: etree._Element) -> str:
    """Read a node's expression; raises a fault when it has none, or brings SQL."""
    expression = (node.get("expr") or "").strip()
    if not expression:
        raise bad_query("A node has no expression.")
    if node.get("sql") is not None:
        raise bad_query("Expressions in SQL are not allowed for this operator.")
    return expression


def compile_where(query: etree._Element, source: Source, name: str = "where") -> Sql | None:
    """Compile the conditions of `where`, or of `having`; None when there are none."""
    where = child(query, name)
    return None if where is None else compile_conditions(where, source.root, compile_sub_query)


def compile_nodes(query: etree._Element, name: str, source: Source) -> list[Sql]:
    """Compile the nodes of a clause such as `groupBy`."""
    element = child(query, name)
    if element is None:
        return []
    return [
        compile_expression(expression_of(node), source.root) for node in children(element, "node")
    ]


def compile_order(query: etree._Element, source: Source) -> list[Sql]:
    """Compile `orderBy`; literals order nothing and are left out."""
    element = child(query, "orderBy")
    if element is None:
        return []
    order: list[Sql] = []
    for node in children(element, "node"):
        compiled = compile_expression(expression_of(node), source.root)
        if compiled.literal is not None:
            continue
        direction = " DESC" if is_true(node.get("sortDesc")) else ""
        order.append(replace(compiled, text=compiled.text + direction))
    return order


def compile_sub_query(element: etree._Element, outer: Place) -> Sql:
    """Compile a `subQuery` element to a one-column SELECT that may stand inside the query at `outer`."""
    schema = schema_of_query(element)
    source = Source(schema, outer.source.now, names=outer.source.names)
    select = child(element, "select")
    nodes = [] if select is None else list(children(select, "node"))
    if len(nodes) != 1:
        raise bad_query("A subQuery selects exactly one node.")
    column = compile_expression(expression_of(nodes[0]), source.root)
    where = compile_where(element, source)
    text = f"SELECT {column.text} FROM {source.clause()}"  # noqa: S608 - names come from schema documents
    if where is not None:
        text += f" WHERE {where.text}"
    parameters = column.parameters + (() if where is None else where.parameters)
    return Sql(text, Category.NUMBER, parameters)
