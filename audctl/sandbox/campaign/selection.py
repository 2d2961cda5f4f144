"""What a query selects: columns of the SELECT, and the shape of the XML that its rows fill."""

import re
from dataclasses import dataclass, field

from lxml import etree

from audctl.sandbox.campaign.clauses import compile_order, compile_where, expression_of
from audctl.sandbox.campaign.conditions import correlate, inner_source
from audctl.sandbox.campaign.expression_grammar import Path
from audctl.sandbox.campaign.expression_sql import (
    Destination,
    Place,
    column_of,
    compile_expression,
    find_destination,
)
from audctl.sandbox.campaign.faults import bad_query
from audctl.sandbox.campaign.quirks import Quirks
from audctl.sandbox.campaign.row_template import (
    ENCODERS,
    Encoder,
    Shape,
    Template,
    collection_encoder,
    element_encoder,
    encode_number,
    encode_text,
    enumeration_encoder,
)
from audctl.sandbox.campaign.schema import DATA_COLUMN, Category, Link
from audctl.sandbox.campaign.sql import Sql
from audctl.sandbox.campaign.xml import children, is_true

_PLAIN_PATH = re.compile(r"^(?:[A-Za-z_][\w-]*/)*@?[A-Za-z_][\w-]*$", re.ASCII)
_ALIAS = re.compile(r"^(?:[A-Za-z_][\w.-]*/)*@?[A-Za-z_][\w.-]*$", re.ASCII)
_MAX_NESTED_SELECTS = 4


@dataclass(slots=True)
class Selection:
    """The select list under construction, and the shape it will fill."""

    place: Place
    shape: Shape
    quirks: Quirks
    columns: list[Sql] = field(default_factory=list)

    def add(self, column: Sql) -> int:
        """Add a column and give its position."""
        self.columns.append(column)
        return len(self.columns) - 1

    def render(self) -> Template:
        """Freeze the shape once every node has been selected."""
        return self.shape.render(omit_empty=self.quirks.null_strings == "absent")


def select_node(node: etree._Element, selection: Selection, depth: int = 0) -> None:
    """Add one `select/node` to the selection."""
    expression = expression_of(node)
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


def _select_computed(expression: str, alias: str, selection: Selection) -> None:
    column = compile_expression(expression, selection.place)
    index = selection.add(column)
    _put(selection.shape, alias or f"@_expr{index}", (index, ENCODERS[column.category]))


def _select_field(
    node: etree._Element, destination: Destination, target: str, selection: Selection
) -> None:
    column = column_of(destination)
    index = selection.add(column)
    _put(selection.shape, target, (index, ENCODERS[column.category]))
    found = destination.field
    if is_true(node.get("analyze")) and found is not None and found.enumeration and "@" in target:
        values = destination.place.schema.enumerations[found.enumeration]
        _put(selection.shape, f"{target}Name", (index, enumeration_encoder(values, 0)))
        _put(selection.shape, f"{target}Label", (index, enumeration_encoder(values, 1)))


def _select_link(destination: Destination, link: Link, target: str, selection: Selection) -> None:
    place = destination.place.follow(link)
    key = selection.add(column_of(find_destination(Path(link.destination), place, target)))
    _put(selection.shape, f"{target}/{link.destination}", (key, encode_number))
    if place.schema.compute_string is not None:
        text = selection.add(compile_expression(place.schema.compute_string, place))
        _put(selection.shape, f"{target}/@_cs", (text, encode_text))


def _select_xml(destination: Destination, target: str, selection: Selection) -> None:
    index = selection.add(column_of(destination))
    shape = selection.shape
    for step in target.split("/"):
        shape = shape.child(step)
    if destination.xml_element is not None:
        shape.replaced = (index, element_encoder(destination.xml_element))
    elif selection.quirks.memo_data == "expanded" and target == DATA_COLUMN:
        shape.replaced = (index, ENCODERS[Category.XML])
    elif selection.quirks.memo_data == "text" and target == DATA_COLUMN:
        shape.content = (index, encode_text)
    else:
        shape.content = (index, ENCODERS[Category.XML])


def _select_collection(
    node: etree._Element,
    destination: Destination,
    target: str,
    selection: Selection,
    depth: int,
) -> None:
    link = destination.link
    if link is None or depth >= _MAX_NESTED_SELECTS:
        raise bad_query("Collections are nested too deeply.")
    outer = destination.place
    inner = inner_source(link, outer)
    name = target.rpartition("/")[2].lstrip("@")
    nested = Selection(inner.root, Shape(name), selection.quirks)
    for inner_node in children(node, "node"):
        select_node(inner_node, nested, depth + 1)
    where = compile_where(node, inner)
    order = compile_order(node, inner)
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
    shape.replaced = (index, collection_encoder(nested.render()))


def _put(shape: Shape, target: str, slot: tuple[int, Encoder]) -> None:
    steps = target.split("/")
    for step in steps[:-1]:
        shape = shape.child(step)
    if steps[-1].startswith("@"):
        shape.attributes[steps[-1][1:]] = slot
    else:
        shape.child(steps[-1]).content = slot
