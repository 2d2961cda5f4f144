"""`queryDef` documents: parsed, compiled to one SELECT, run, and answered as text."""

import sqlite3
from collections.abc import Iterator

from lxml import etree

from audctl.sandbox.campaign.catalog import catalog_of
from audctl.sandbox.campaign.clauses import (
    Clauses,
    compile_where,
    expression_of,
    line_limit,
    read_clauses,
    schema_of_query,
    select_text,
)
from audctl.sandbox.campaign.database import fetch_rows
from audctl.sandbox.campaign.expression_sql import compile_expression
from audctl.sandbox.campaign.faults import CampaignFault, bad_query
from audctl.sandbox.campaign.places import Source
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.row_template import Shape
from audctl.sandbox.campaign.schema import Category, Schema
from audctl.sandbox.campaign.selection import Selection, select_node
from audctl.sandbox.campaign.sql import Sql
from audctl.sandbox.campaign.xml import child, children, is_true, serialize, without_namespaces

_OPERATIONS = frozenset({"get", "getIfExists", "select", "count"})


def execute_query(conn: sqlite3.Connection, query: etree._Element, now: str, quirks: Quirks) -> str:
    """Answer a query as XML text; raises CampaignFault when it cannot be understood or `get` finds nothing."""
    operation = query.get("operation") or "select"
    if operation not in _OPERATIONS:
        raise bad_query(f"Unknown operation '{operation[:40]}'.")
    catalog = catalog_of(quirks)
    schema = schema_of_query(catalog, conn, query)
    source = Source(schema, now, conn=conn, catalog=catalog)
    if operation == "count":
        return _count(conn, query, source)
    selection = Selection(source.root, Shape(schema.element), quirks)
    selection.plain_memo = is_true(query.get("unExpandMemoData"))
    select = child(query, "select")
    for node in () if select is None else children(select, "node"):
        select_node(node, selection)
    clauses = read_clauses(query, source.root)
    columns = selection.columns or [Sql("1", Category.NUMBER)]
    statement = select_text(columns, source, clauses)
    lines = (
        line_limit(query, "lineCount", quirks.default_line_count) if operation == "select" else 1
    )
    bounds = (lines, line_limit(query, "startLine", 0))
    template = selection.render()
    rows = fetch_rows(conn, f"{statement.text} LIMIT ? OFFSET ?", (*statement.parameters, *bounds))
    if operation == "select":
        body = "".join(map(template.fill, rows))
        return f"<{schema.element}-collection>{body}</{schema.element}-collection>"
    first = next(iter(rows), None)
    if first is not None:
        return template.fill(first)
    if operation == "get":
        raise CampaignFault(f"The document of type '{schema.label} ({schema.id})' was not found.")
    return f"<{schema.element}/>"


def _count(conn: sqlite3.Connection, query: etree._Element, source: Source) -> str:
    """Count rows; grouped or distinct ones are counted as they would be selected."""
    clauses = read_clauses(query, source.root)
    if clauses.groups or clauses.distinct or clauses.having:
        select = child(query, "select")
        nodes = [] if select is None else list(children(select, "node"))
        columns = [compile_expression(expression_of(node), source.root) for node in nodes]
        inner = select_text(columns or [Sql("1", Category.NUMBER)], source, clauses)
        statement = Sql(f"SELECT count(*) FROM ({inner.text})", Category.NUMBER, inner.parameters)  # noqa: S608
    else:
        plain = Source(source.schema, source.now, conn=conn, catalog=source.catalog)
        where = compile_where(query, plain.root)
        total = Sql("count(*)", Category.NUMBER, aggregate=True)
        statement = select_text([total], plain, Clauses(where=where))
    (count,) = next(iter(fetch_rows(conn, statement.text, statement.parameters)))
    return f'<{source.schema.element} count="{count}"/>'


def select_all(conn: sqlite3.Connection, query: etree._Element, quirks: Quirks) -> str:
    """Give the query back with every field of its schema selected."""
    filled = without_namespaces(query)
    for old in filled.findall("select"):
        filled.remove(old)
    select = etree.Element("select")
    for expression in every_field(schema_of_query(catalog_of(quirks), conn, query)):
        etree.SubElement(select, "node", expr=expression)
    filled.insert(0, select)
    filled.set("xtkschema", "xtk:queryDef")
    return serialize(filled)


def every_field(schema: Schema) -> Iterator[str]:
    """Give an expression for every stored field of `schema`."""
    for found in schema.fields.values():
        if found.expression is None:
            plain = "@" not in found.xpath or (found.xpath[0] == "@" and "-" not in found.xpath)
            yield found.xpath if plain else f"[{found.xpath}]"
