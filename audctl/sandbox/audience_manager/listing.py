"""List calls: filters, search, order and paging, answered from stored text without building objects."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from audctl.sandbox.audience_manager.dispatch import Answer, Call, as_json, parse_id
from audctl.sandbox.audience_manager.errors import invalid
from audctl.sandbox.audience_manager.records import COMPANY_ID, Kind

_LARGEST_OFFSET = 2**62


@dataclass(slots=True)
class Selection:
    """Rows of one table that a list call asks for."""

    table: str
    row: str = "document"
    """SQL expression that gives a row's JSON text."""
    conditions: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def where(self, condition: str, *values: object) -> None:
        """Add one SQL condition; all must hold."""
        self.conditions.append(condition)
        self.values.extend(values)

    def where_any(self, column: str, values: Sequence[object]) -> None:
        """Keep rows whose column equals one of `values`; no values means no restriction."""
        if values:
            self.where(f"{column} IN (SELECT value FROM json_each(?))", as_json(values))  # noqa: S608

    def leave_out(self, *members: str) -> None:
        """Drop members from every row."""
        if members:
            paths = ", ".join(f"'$.{member}'" for member in members)
            self.row = f"json_remove({self.row}, {paths})"

    def add_member(self, name: str, sql: str) -> None:
        """Add a member to every row, its JSON given by an SQL expression."""
        self.row = f"json_set({self.row}, '$.{name}', {sql})"

    @property
    def clause(self) -> str:
        """Give the WHERE clause."""
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page a caller asked for; its size is already within the limit."""

    number: int
    size: int


def requested_page(call: Call) -> Page | None:
    """Read `page` and `pageSize`; None when the caller wants everything."""
    number, size = call.text("page"), call.text("pageSize")
    if number is None and size is None:
        return None
    page = parse_id(number) if number is not None else 0
    rows = parse_id(size) if size is not None else call.choices.default_page_size
    if page is None or rows is None or rows == 0:
        raise invalid("page and pageSize must be whole numbers, pageSize at least 1")
    return Page(page, min(rows, call.choices.max_page_size))


def apply_search(call: Call, selection: Selection) -> None:
    """Keep rows whose id, name, description or integration code contains the text, in any case."""
    text = call.text("search")
    if text:
        selection.where(
            "instr(lower(id || char(10) || coalesce(name, '') || char(10) ||"
            " coalesce(document ->> '$.description', '') || char(10) ||"
            " coalesce(document ->> '$.integrationCode', '')), lower(?)) > 0",
            text,
        )


def apply_code(call: Call, selection: Selection) -> None:
    """Keep rows whose integration code equals the parameter."""
    code = call.text("integrationCode")
    if code is not None:
        selection.where("integration_code = ?", code)


def apply_permissions(call: Call, selection: Selection, rights: str) -> None:
    """Add what the caller may do with each row; `rights` is a JSON list."""
    if call.flag("includePermissions"):
        selection.add_member("permissions", f"json('{rights}')")


def answer_selection(
    call: Call, kind: Kind, selection: Selection, sortable: Iterable[str]
) -> Answer:
    """Answer with the selected rows, bare or in a page."""
    order = _order(call, kind, sortable)
    page = requested_page(call)
    query = f"SELECT {selection.row} FROM {selection.table}{selection.clause} ORDER BY {order}"  # noqa: S608
    if page is None:
        return Answer(200, _join(call.conn.execute(query, selection.values)))
    offset = min(page.number * page.size, _LARGEST_OFFSET)
    rows = _join(
        call.conn.execute(f"{query} LIMIT ? OFFSET ?", [*selection.values, page.size, offset])
    )
    (total,) = call.conn.execute(
        f"SELECT count(*) FROM {selection.table}{selection.clause}",  # noqa: S608
        selection.values,
    ).fetchone()
    return Answer(200, wrap_page(rows, total, page))


def wrap_page(rows: str, total: int, page: Page) -> str:
    """Put a JSON list of rows into the paged shape."""
    return f'{{"total":{total},"page":{page.number},"pageSize":{page.size},"list":{rows}}}'


def _order(call: Call, kind: Kind, sortable: Iterable[str]) -> str:
    direction = "DESC" if call.flag("descending") else "ASC"
    name = call.text("sortBy")
    if name is None or name == kind.id_name:
        return f"id {direction}"
    if name not in sortable:
        raise invalid(f"sortBy must name a property, not {name}")
    return f"document ->> '$.{name}' {direction}, id {direction}"


def _join(rows: Iterable[sqlite3.Row]) -> str:
    return f"[{','.join([row[0] for row in rows])}]"


def own(selection: Selection) -> None:
    """Keep the company's own objects."""
    selection.where("pid = ?", COMPANY_ID)
