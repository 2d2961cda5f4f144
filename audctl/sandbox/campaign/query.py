"""`queryDef` documents: parsed, compiled to one SELECT, run, and answered as text."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from audctl.sandbox.campaign.clauses import (
    compile_nodes,
    compile_order,
    compile_where,
    expression_of,
    schema_of_query,
)
from audctl.sandbox.campaign.database import fetch_rows
from audctl.sandbox.campaign.expression_sql import Source, compile_expression
from audctl.sandbox.campaign.faults import CampaignFault, bad_query
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.row_template import Shape
from audctl.sandbox.campaign.schema import Category, Schema
from audctl.sandbox.campaign.selection import Selection, select_node
from audctl.sandbox.campaign.sql import Sql
from audctl.sandbox.campaign.values import Stored
from audctl.sandbox.campaign.xml import child, children, is_true, serialize, without_namespaces

_OPERATIONS = frozenset({"get", "getIfExists", "select", "count"})


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT ready to run."""

    text: str
    parameters: tuple[Stored, ...]


def execute_query(conn: sqlite3.Connection, query: etree._Element, now: str, quirks: Quirks) -> str:
    """Answer a query as XML text; raises CampaignFault when it cannot be understood or `get` finds nothing."""
    schema = schema_of_query(query)
    operation = query.get("operation") or "select"
    if operation not in _OPERATIONS:
        raise bad_query(f"Unknown operation '{operation[:40]}'.")
    source = Source(schema, now)
    if operation == "count":
        return _count(conn, query, source)
    selection = Selection(source.root, Shape(schema.element), quirks)
    select = child(query, "select")
    for node in () if select is None else children(select, "node"):
        select_node(node, selection)
    statement = _statement(query, source, selection, single=operation != "select", quirks=quirks)
    template = selection.render()
    rows = fetch_rows(conn, statement.text, statement.parameters)
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
    where = compile_where(query, source)
    text = f"SELECT count(*) FROM {source.clause()}"  # noqa: S608 - names come from schema documents
    if where is not None:
        text += f" WHERE {where.text}"
    rows = fetch_rows(conn, text, () if where is None else where.parameters)
    (count,) = next(iter(rows))
    return f'<{source.schema.element} count="{count}"/>'


def _statement(
    query: etree._Element, source: Source, selection: Selection, *, single: bool, quirks: Quirks
) -> Statement:
    where = compile_where(query, source)
    groups = compile_nodes(query, "groupBy", source)
    groups += _grouped_nodes(query, source)
    having = compile_where(query, source, "having")
    order = compile_order(query, source)
    columns = selection.columns or [Sql("1", Category.NUMBER)]
    distinct = "DISTINCT " if is_true(query.get("distinct")) else ""
    clauses: list[tuple[str, list[Sql]]] = [
        (f"SELECT {distinct}", columns),
        (f" FROM {source.clause()}", []),
        (" WHERE ", [where] if where is not None else []),
        (" GROUP BY ", groups),
        (" HAVING ", [having] if having is not None else []),
        (" ORDER BY ", order),
    ]
    text = ""
    parameters: list[Stored] = []
    for keyword, parts in clauses:
        if parts or keyword.startswith(" FROM"):
            text += keyword + ", ".join(part.text for part in parts)
            parameters.extend(value for part in parts for value in part.parameters)
    limit = 1 if single else _whole_number(query, "lineCount", quirks.default_line_count)
    offset = _whole_number(query, "startLine", 0)
    return Statement(f"{text} LIMIT ? OFFSET ?", (*parameters, limit, offset))


def _whole_number(query: etree._Element, name: str, default: int) -> int:
    text = (query.get(name) or "").strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise bad_query(f"'{text[:40]}' is not a valid {name}.")
    # A line count of 0 is how some clients spell "not given".
    return int(text) or default


def _grouped_nodes(query: etree._Element, source: Source) -> list[Sql]:
    select = child(query, "select")
    if select is None:
        return []
    return [
        compile_expression(expression_of(node), source.root)
        for node in children(select, "node")
        if is_true(node.get("groupBy"))
    ]


def select_all(query: etree._Element) -> str:
    """Give the query back with every field of its schema selected."""
    filled = without_namespaces(query)
    for old in filled.findall("select"):
        filled.remove(old)
    select = etree.Element("select")
    for expression in every_field(schema_of_query(query)):
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
