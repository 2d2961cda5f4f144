"""Reads: queryDef documents, and whole tables in pages that cannot lose a row unnoticed.

Pages go by key (above the last one seen), because offsets shift under concurrent writes. The end is not
believed because a page is short, since a server may cap pages: a count must agree.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from audctl.errors import InvalidAnswerError
from audctl.providers.campaign import soap
from audctl.providers.campaign.documents import append, children_of, element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml import etree

    from audctl.providers.campaign.client import CampaignClient

_URN = "xtk:queryDef"
_METHOD = "ExecuteQuery"
_OPERATION = f"{_URN}#{_METHOD}"


class Node(NamedTuple):
    """One selected value."""

    expr: str
    alias: str = ""
    """Where the answer puts it; empty: where the expression points. Aliases keep linked values on the row itself."""


ID = Node("@id")


def xtk_text(value: str) -> str:
    """Return a string literal: backslashes doubled first, then quotes escaped."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def equals(xpath: str, value: str) -> str:
    """Return the condition that a string attribute has this value."""
    return f"{xpath} = {xtk_text(value)}"


def query_document(  # noqa: PLR0913 - the parts of a query
    schema: str,
    operation: str,
    nodes: Sequence[Node],
    where: Sequence[str],
    *,
    line_count: int | None = None,
    order: Node | None = None,
) -> etree._Element:
    """Build a queryDef; ``where`` are conditions that must all hold."""
    attributes = {"xtkschema": _URN, "schema": schema, "operation": operation}
    if line_count is not None:
        attributes |= {"lineCount": str(line_count), "startLine": "0"}
    root = element("queryDef", attributes)
    select = append(root, "select")
    for node in nodes:
        append(
            select,
            "node",
            {"expr": node.expr, "alias": node.alias} if node.alias else {"expr": node.expr},
        )
    if where:
        root.append(where_element(where))
    if order is not None:
        append(append(root, "orderBy"), "node", {"expr": order.expr})
    return root


def where_element(conditions: Sequence[str]) -> etree._Element:
    """Build a ``where`` whose conditions must all hold."""
    where = element("where")
    for each in conditions:
        append(where, "condition", {"expr": each, "boolOperator": "AND"})
    return where


def get_first(
    client: CampaignClient, schema: str, nodes: Sequence[Node], where: Sequence[str]
) -> etree._Element | None:
    """Return the one row that fulfils the conditions, None when the system has none.

    ``nodes`` must hold a value that no row lacks (``@id``): a row without attributes is how absence is said.
    """
    row = _execute(client, query_document(schema, "getIfExists", nodes, where, line_count=1))
    return row if len(row.attrib) or len(row) else None


def count(client: CampaignClient, schema: str, where: Sequence[str] = (), *, key: Node = ID) -> int:
    """Return the number of rows that fulfil the conditions."""
    answer = _execute(client, query_document(schema, "count", (key,), where))
    text = answer.get("count", "")
    if not text.isascii() or not text.isdigit():
        raise InvalidAnswerError(
            f"{_OPERATION}: a count of {schema} without a number", operation=_OPERATION
        )
    return int(text)


def select_grouped(  # noqa: PLR0913 - the parts of a query
    client: CampaignClient,
    schema: str,
    group: Node,
    totals: Sequence[Node],
    where: Sequence[str],
    *,
    most: int,
) -> list[etree._Element]:
    """Return one row for each value of ``group``, with aggregates over its rows; raise when there are over ``most``."""
    # One more than can be: a cut answer must not pass for a whole one.
    query = query_document(schema, "select", (group, *totals), where, line_count=most + 1)
    append(append(query, "groupBy"), "node", {"expr": group.expr})
    rows = children_of(_execute(client, query))
    if len(rows) > most:
        raise InvalidAnswerError(
            f"{_OPERATION}: {len(rows)} groups of {schema}, where there are {most} at most",
            operation=_OPERATION,
        )
    return rows


def select_all(  # noqa: PLR0913 - the parts of a query
    client: CampaignClient,
    schema: str,
    nodes: Sequence[Node],
    where: Sequence[str] = (),
    *,
    page_size: int,
    key: Node = ID,
    after: int | None = None,
) -> Iterator[list[etree._Element]]:
    """Give all rows in pages, ordered by ``key``, without the technical row 0.

    ``key`` is always selected; it must be a whole number, and no two of the rows may share it. ``after`` goes on
    where an earlier reading was cut: with the rows above that key. Raises InvalidAnswerError when a page is not in
    order, or when fewer rows came than the server counts.
    """
    wanted = tuple(dict.fromkeys((key, *nodes)))
    conditions = [*where, f"{key.expr} <> 0"]
    if after is not None:
        conditions.append(f"{key.expr} > {after}")
    last = after
    seen = 0
    in_vain = 0
    while True:
        page_where = conditions if last is after else [*conditions, f"{key.expr} > {last}"]
        query = query_document(
            schema, "select", wanted, page_where, line_count=page_size, order=key
        )
        rows = children_of(_execute(client, query))
        if rows:
            last = _last_key(rows, schema, key, last)
            seen += len(rows)
            yield rows
        if len(rows) < page_size:
            expected = count(client, schema, conditions, key=key)
            if seen >= expected:
                return
            # A row may have come between page and count: ask once more before calling it a lost one.
            in_vain = 0 if rows else in_vain + 1
            if in_vain > 1:
                raise InvalidAnswerError(
                    f"{_OPERATION}: {schema} has {expected} rows, only {seen} could be read",
                    operation=_OPERATION,
                )


def _execute(client: CampaignClient, definition: etree._Element) -> etree._Element:
    outputs = client.call(_URN, _METHOD, soap.document("entity", definition))
    root = soap.output_document(outputs, 0, _OPERATION)
    if root is None:
        raise InvalidAnswerError(
            f"{_OPERATION}: an answer without a document", operation=_OPERATION
        )
    return root


def key_of(row: etree._Element, key: Node) -> int:
    """Return a row's key; raise InvalidAnswerError when it has none that is a whole number."""
    text = row.get((key.alias or key.expr).strip("[]").removeprefix("@"), "")
    try:
        return int(text)
    except ValueError:
        raise InvalidAnswerError(
            f"{_OPERATION}: a row without its {key.expr}", operation=_OPERATION
        ) from None


def _last_key(rows: Sequence[etree._Element], schema: str, key: Node, last: int | None) -> int:
    """Check that keys grow from row to row, and return the last one."""
    keys = [key_of(row, key) for row in rows]
    if last is not None:
        keys.insert(0, last)
    if any(second <= first for first, second in pairwise(keys)):
        raise InvalidAnswerError(
            f"{_OPERATION}: rows of {schema} are not ordered by {key.expr}", operation=_OPERATION
        )
    return keys[-1]
