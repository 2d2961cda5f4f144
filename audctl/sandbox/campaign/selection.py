"""What a query selects: columns of the SELECT, and the shape of the XML that its rows fill."""

import re
from dataclasses import dataclass, field, replace

from lxml import etree

from audctl.sandbox.campaign.clauses import (
    Clauses,
    compile_order,
    compile_where,
    expression_of,
    select_text,
)
from audctl.sandbox.campaign.expression_grammar import Path
from audctl.sandbox.campaign.expression_sql import column_of, compile_expression
from audctl.sandbox.campaign.faults import bad_query
from audctl.sandbox.campaign.places import Destination, Place, correlate, find_destination
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
from audctl.sandbox.campaign.schema import DATA_COLUMN, Category, Field, Link
from audctl.sandbox.campaign.sql import Sql, join_conditions
from audctl.sandbox.campaign.xml import child, children, is_true

_PLAIN_PATH = re.compile(r"^(?:(?:[A-Za-z_][\w-]*|\.\.)/)*@?[A-Za-z_][\w-]*$", re.ASCII)
_ALIAS = re.compile(r"^(?:[A-Za-z_][\w.-]*/)*@?[A-Za-z_][\w.-]*$", re.ASCII)
_MAX_NESTED_SELECTS = 4
_NAMES = ("@internalName", "@name")
"""Attributes that name a row, first choice first."""


@dataclass(slots=True)
class Selection:
    """The select list under construction, and the shape it will fill."""

    place: Place
    shape: Shape
    quirks: Quirks
    columns: list[Sql] = field(default_factory=list)
    plain_memo: bool = False
    """True when the query asks not to expand memos, whatever the switch says."""

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
    # A value from above stands in the row itself: no element is called "..".
    target = alias or bare.rpartition("../")[2]
    if destination.link is not None or _is_xml(destination):
        target = target.replace("@", "")  # an element goes there, whatever the alias says
    if destination.link is not None:
        if destination.link.unbound:
            _select_collection(node, destination, target, selection, depth)
        else:
            _select_link(node, destination, destination.link, target, selection)
    elif _is_xml(destination):
        _select_xml(destination, target, selection)
    else:
        _select_field(node, destination, target, selection)


def _is_xml(destination: Destination) -> bool:
    return destination.field is not None and destination.field.category is Category.XML


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
    if found is None or not is_true(node.get("analyze")) or "@" not in target:
        return
    if found.enumeration:
        values = destination.place.schema.enumerations[found.enumeration]
        _put(selection.shape, f"{target}Name", (index, enumeration_encoder(values, 0)))
        _put(selection.shape, f"{target}Label", (index, enumeration_encoder(values, 1)))
    else:
        _explain_foreign_key(destination.place, found, target, selection)


def _explain_foreign_key(place: Place, found: Field, target: str, selection: Selection) -> None:
    """Name and label what a foreign key refers to, as `analyze` asks."""
    link = next(
        (
            each
            for each in place.schema.links.values()
            if each.source == found.xpath and not each.unbound
        ),
        None,
    )
    if link is None:
        return
    other = place.follow(link)
    names = [Path(xpath) for xpath in _NAMES if xpath in other.schema.fields]
    if names:
        name = column_of(find_destination(names[0], other, target))
        _put(selection.shape, f"{target}Name", (selection.add(name), encode_text))
    if other.schema.compute_string:
        label = compile_expression(other.schema.compute_string, other)
        _put(selection.shape, f"{target}Label", (selection.add(label), encode_text))


def _select_link(
    node: etree._Element, destination: Destination, link: Link, target: str, selection: Selection
) -> None:
    place = destination.place.follow(link)
    key = selection.add(column_of(find_destination(Path(link.destination), place, target)))
    _put(selection.shape, f"{target}/{link.destination}", (key, encode_number))
    if place.schema.compute_string and not is_true(node.get("noComputeString")):
        text = selection.add(compile_expression(place.schema.compute_string, place))
        _put(selection.shape, f"{target}/@_cs", (text, encode_text))


def _select_xml(destination: Destination, target: str, selection: Selection) -> None:
    index = selection.add(column_of(destination))
    memo = "child" if selection.plain_memo else selection.quirks.memo_data
    shape = selection.shape
    for step in target.split("/"):
        shape = shape.child(step)
    if destination.xml_element is not None:
        shape.replaced = (index, element_encoder(destination.xml_element, shape.name))
    elif memo == "expanded" and target == DATA_COLUMN:
        shape.replaced = (index, ENCODERS[Category.XML])
    elif memo == "text" and target == DATA_COLUMN:
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
    inner = outer.source.behind(link, outer)
    nested = Selection(inner.root, Shape(target.rpartition("/")[2]), selection.quirks)
    for inner_node in children(node, "node"):
        select_node(inner_node, nested, depth + 1)
    own = Sql(correlate(link, outer, inner), Category.BOOLEAN)
    where = compile_where(node, inner.root)
    order_by = child(node, "orderBy")
    clauses = Clauses(
        where=own if where is None else join_conditions("AND", [own, where]),
        order=[]
        if order_by is None
        else compile_order(list(children(order_by, "node")), inner.root),
    )
    columns = nested.columns or [Sql("1", Category.NUMBER)]
    named = [
        replace(column, text=f"{column.text} AS c{index}") for index, column in enumerate(columns)
    ]
    rows = select_text(named, inner, clauses)
    names = ", ".join(f"c{index}" for index in range(len(columns)))
    text = (
        f"(SELECT json_group_array(json_array({names}))"  # noqa: S608 - names made above
        f" FROM ({rows.text} LIMIT {selection.quirks.default_line_count}))"
    )
    index = selection.add(Sql(text, Category.STRING, rows.parameters))
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
