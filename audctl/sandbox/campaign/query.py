"""`queryDef` documents: parsed, compiled to one SELECT, run, and answered as text."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.conditions import (
    compile_conditions,
    correlate,
    inner_source,
)
from audctl.sandbox.campaign.database import fetch_rows
from audctl.sandbox.campaign.expression_grammar import Path
from audctl.sandbox.campaign.expression_sql import (
    Destination,
    Place,
    Source,
    column_of,
    compile_expression,
    find_destination,
)
from audctl.sandbox.campaign.faults import CampaignFault, bad_query
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.row_template import (
    ENCODERS,
    Encoder,
    Shape,
    collection_encoder,
    element_encoder,
    encode_number,
    encode_text,
    enumeration_encoder,
)
from audctl.sandbox.campaign.schema import DATA_COLUMN, Category, Link, Schema
from audctl.sandbox.campaign.sql import Sql
from audctl.sandbox.campaign.values import Stored
from audctl.sandbox.campaign.xml import child, children, is_true, serialize, without_namespaces

_OPERATIONS = frozenset({"get", "getIfExists", "select", "count"})
_PLAIN_PATH = re.compile(r"^(?:[A-Za-z_][\w-]*/)*@?[A-Za-z_][\w-]*$", re.ASCII)
_ALIAS = re.compile(r"^(?:[A-Za-z_][\w.-]*/)*@?[A-Za-z_][\w.-]*$", re.ASCII)
_MAX_NESTED_SELECTS = 4


@dataclass(slots=True)
class _Selection:
    """The select list under construction, and the shape it will fill."""

    place: Place
    shape: Shape
    quirks: Quirks
    columns: list[Sql] = field(default_factory=list)

    def add(self, column: Sql) -> int:
        self.columns.append(column)
        return len(self.columns) - 1


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT ready to run."""

    text: str
    parameters: tuple[Stored, ...]


def execute_query(conn: sqlite3.Connection, query: etree._Element, now: str, quirks: Quirks) -> str:
    """Answer a query as XML text; raises CampaignFault when it cannot be understood or `get` finds nothing."""
    schema = _schema_of(query)
    operation = query.get("operation") or "select"
    if operation not in _OPERATIONS:
        raise bad_query(f"Unknown operation '{operation[:40]}'.")
    source = Source(schema, now)
    if operation == "count":
        return _count(conn, query, source)
    selection = _Selection(source.root, Shape(schema.element), quirks)
    select = child(query, "select")
    for node in () if select is None else children(select, "node"):
        _select_node(node, selection)
    statement = _statement(query, source, selection, single=operation != "select", quirks=quirks)
    template = selection.shape.render()
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


def _schema_of(query: etree._Element) -> Schema:
    schema_id = query.get("schema")
    if not schema_id:
        raise bad_query("The query names no schema.")
    return stored_schema(schema_id)


def _count(conn: sqlite3.Connection, query: etree._Element, source: Source) -> str:
    where = _where(query, source)
    text = f"SELECT count(*) FROM {source.clause()}"  # noqa: S608 - names come from schema documents
    if where is not None:
        text += f" WHERE {where.text}"
    rows = fetch_rows(conn, text, () if where is None else where.parameters)
    (count,) = next(iter(rows))
    return f'<{source.schema.element} count="{count}"/>'


def _where(query: etree._Element, source: Source) -> Sql | None:
    where = child(query, "where")
    return None if where is None else compile_conditions(where, source.root, compile_sub_query)


def _statement(
    query: etree._Element, source: Source, selection: _Selection, *, single: bool, quirks: Quirks
) -> Statement:
    where = _where(query, source)
    groups = _nodes(query, "groupBy", source)
    groups += _grouped_nodes(query, source)
    having_element = child(query, "having")
    having = (
        None
        if having_element is None
        else compile_conditions(having_element, source.root, compile_sub_query)
    )
    order = _order(query, source)
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


def _nodes(query: etree._Element, name: str, source: Source) -> list[Sql]:
    element = child(query, name)
    if element is None:
        return []
    return [
        compile_expression(_expression(node), source.root) for node in children(element, "node")
    ]


def _grouped_nodes(query: etree._Element, source: Source) -> list[Sql]:
    select = child(query, "select")
    if select is None:
        return []
    return [
        compile_expression(_expression(node), source.root)
        for node in children(select, "node")
        if is_true(node.get("groupBy"))
    ]


def _order(query: etree._Element, source: Source) -> list[Sql]:
    element = child(query, "orderBy")
    if element is None:
        return []
    order: list[Sql] = []
    for node in children(element, "node"):
        compiled = compile_expression(_expression(node), source.root)
        if compiled.literal is not None:
            continue
        direction = " DESC" if is_true(node.get("sortDesc")) else ""
        order.append(replace(compiled, text=compiled.text + direction))
    return order


def _expression(node: etree._Element) -> str:
    expression = (node.get("expr") or "").strip()
    if not expression:
        raise bad_query("A node has no expression.")
    if node.get("sql") is not None:
        raise bad_query("Expressions in SQL are not allowed for this operator.")
    return expression


def _select_node(node: etree._Element, selection: _Selection, depth: int = 0) -> None:
    expression = _expression(node)
    alias = (node.get("alias") or "").strip()
    if alias and not _ALIAS.match(alias):
        raise bad_query(f"'{alias[:80]}' is not a valid alias.")
    bare = expression[1:-1].strip() if expression.startswith("[") else expression
    if not _PLAIN_PATH.match(bare) or (bare != expression and not expression.endswith("]")):
        _select_computed(expression, alias, selection)
        return
    if bare == expression and "-" in bare:
        _select_computed(expression, alias, selection)
        return
    destination = find_destination(Path(bare), selection.place, expression)
    target = alias or bare
    if destination.link is not None:
        if destination.link.unbound:
            _select_collection(node, destination, target, selection, depth)
        else:
            _select_link(destination, destination.link, target, selection)
    elif destination.field is not None and destination.field.category is Category.XML:
        _select_xml(destination, target, selection)
    else:
        _select_field(node, destination, target, selection)


def _select_computed(expression: str, alias: str, selection: _Selection) -> None:
    column = compile_expression(expression, selection.place)
    index = selection.add(column)
    _put(selection.shape, alias or f"@_expr{index}", (index, ENCODERS[column.category]))


def _select_field(
    node: etree._Element, destination: Destination, target: str, selection: _Selection
) -> None:
    column = column_of(destination)
    index = selection.add(column)
    _put(selection.shape, target, (index, ENCODERS[column.category]))
    found = destination.field
    if is_true(node.get("analyze")) and found is not None and found.enumeration and "@" in target:
        values = destination.place.schema.enumerations[found.enumeration]
        _put(selection.shape, f"{target}Name", (index, enumeration_encoder(values, 0)))
        _put(selection.shape, f"{target}Label", (index, enumeration_encoder(values, 1)))


def _select_link(destination: Destination, link: Link, target: str, selection: _Selection) -> None:
    place = destination.place.follow(link)
    key = selection.add(column_of(find_destination(Path(link.destination), place, target)))
    _put(selection.shape, f"{target}/{link.destination}", (key, encode_number))
    if place.schema.compute_string is not None:
        text = selection.add(compile_expression(place.schema.compute_string, place))
        _put(selection.shape, f"{target}/@_cs", (text, encode_text))


def _select_xml(destination: Destination, target: str, selection: _Selection) -> None:
    index = selection.add(column_of(destination))
    shape = selection.shape
    for step in target.split("/"):
        shape = shape.child(step)
    if destination.xml_element is not None:
        shape.replaced = (index, element_encoder(destination.xml_element))
    elif selection.quirks.memo_data == "expanded" and target == DATA_COLUMN:
        shape.replaced = (index, ENCODERS[Category.XML])
    else:
        shape.content = (index, ENCODERS[Category.XML])


def _select_collection(
    node: etree._Element,
    destination: Destination,
    target: str,
    selection: _Selection,
    depth: int,
) -> None:
    link = destination.link
    if link is None or depth >= _MAX_NESTED_SELECTS:
        raise bad_query("Collections are nested too deeply.")
    outer = destination.place
    inner = inner_source(link, outer)
    name = target.rpartition("/")[2].lstrip("@")
    nested = _Selection(inner.root, Shape(name), selection.quirks)
    for inner_node in children(node, "node"):
        _select_node(inner_node, nested, depth + 1)
    where = _where(node, inner)
    order = _order(node, inner)
    columns = nested.columns or [Sql("1", Category.NUMBER)]
    listed = ", ".join(f"{column.text} AS c{index}" for index, column in enumerate(columns))
    condition = correlate(link, outer, inner)
    if where is not None:
        condition += f" AND {where.text}"
    ordering = " ORDER BY " + ", ".join(part.text for part in order) if order else ""
    names = ", ".join(f"c{index}" for index in range(len(columns)))
    text = (
        f"(SELECT json_group_array(json_array({names})) FROM (SELECT {listed} FROM {inner.clause()}"  # noqa: S608
        f" WHERE {condition}{ordering} LIMIT {selection.quirks.default_line_count}))"
    )
    parts = [*columns, *([where] if where is not None else []), *order]
    parameters = tuple(value for part in parts for value in part.parameters)
    index = selection.add(Sql(text, Category.STRING, parameters))
    shape = selection.shape
    for step in target.split("/"):
        shape = shape.child(step)
    shape.replaced = (index, collection_encoder(nested.shape.render()))


def _put(shape: Shape, target: str, slot: tuple[int, Encoder]) -> None:
    steps = target.split("/")
    for step in steps[:-1]:
        shape = shape.child(step)
    if steps[-1].startswith("@"):
        shape.attributes[steps[-1][1:]] = slot
    else:
        shape.child(steps[-1]).content = slot


def compile_sub_query(element: etree._Element, outer: Place) -> Sql:
    """Compile a `subQuery` element to a one-column SELECT that may stand inside the query at `outer`."""
    schema = _schema_of(element)
    source = Source(schema, outer.source.now, names=outer.source.names)
    select = child(element, "select")
    nodes = [] if select is None else list(children(select, "node"))
    if len(nodes) != 1:
        raise bad_query("A subQuery selects exactly one node.")
    column = compile_expression(_expression(nodes[0]), source.root)
    where = _where(element, source)
    text = f"SELECT {column.text} FROM {source.clause()}"  # noqa: S608 - names come from schema documents
    if where is not None:
        text += f" WHERE {where.text}"
    parameters = column.parameters + (() if where is None else where.parameters)
    return Sql(text, Category.NUMBER, parameters)


def select_all(query: etree._Element) -> str:
    """Give the query back with every field of its schema selected."""
    filled = without_namespaces(query)
    for old in filled.findall("select"):
        filled.remove(old)
    select = etree.Element("select")
    for expression in every_field(_schema_of(query)):
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
