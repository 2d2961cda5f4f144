"""List calls: filters, search, order and paging, answered from stored text without building objects."""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json, parse_id
from audctl.sandbox.audience_manager.errors import invalid
from audctl.sandbox.audience_manager.fields import Form
from audctl.sandbox.audience_manager.kinds import Kind
from audctl.sandbox.audience_manager.operation import Operation, Parameter, flag
from audctl.sandbox.audience_manager.shapes import Schema, paged

_LARGEST_OFFSET = 2**62
PERMISSIONS = ("READ", "WRITE", "CREATE", "DELETE")
"""What a list may be narrowed by."""


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

    def add_members(self, members: Mapping[str, str]) -> None:
        """Add members to every row, the JSON of each given by an SQL expression."""
        if members:
            pairs = ", ".join(f"'$.{name}', {sql}" for name, sql in members.items())
            self.row = f"json_set({self.row}, {pairs})"

    @property
    def clause(self) -> str:
        """Give the WHERE clause."""
        return f" WHERE {' AND '.join(self.conditions)}" if self.conditions else ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page a caller asked for; its size is already within the limit."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """How one kind is listed: the parameters say which rows and members, `sortable` by what."""

    kind: Kind
    sortable: Collection[str]
    parameters: tuple[Parameter, ...] = ()
    searched: tuple[str, ...] = ("name", "description", "integrationCode")
    """Members that `search` looks at, beside the id."""
    row: Callable[[Call], str] = lambda _call: "document"
    """SQL expression of a row before the parameters change it."""

    def all_parameters(self) -> tuple[Parameter, ...]:
        """Give the list's own parameters and those that every list has."""
        return (*self.parameters, *self._common())

    def select(self, call: Call) -> Selection:
        """Select what the caller may read and asks for."""
        selection = Selection(self.kind.table, self.row(call))
        restrict(call, self.kind, selection, "READ")
        for parameter in self.all_parameters():
            if parameter.apply is not None:
                parameter.apply(call, selection)
        return selection

    def answer(self, call: Call) -> Answer:
        """Handle the list call."""
        return answer_selection(call, self.kind, self.select(call), self.sortable)

    def operation(self, path: str, row: Schema) -> Operation:
        """Describe the list call."""
        return Operation(
            "GET",
            path,
            self.answer,
            f"List {self.kind.noun}s",
            self.all_parameters(),
            answer=paged(row),
        )

    def _common(self) -> tuple[Parameter, ...]:
        members = ", ".join(self.searched)
        return (
            Parameter("search", f"Text in the id, {members}", apply=self._apply_search),
            Parameter(
                "permissions",
                "Only rows with all of these permissions; READ when absent",
                repeatable=True,
                allowed=PERMISSIONS,
                apply=self._apply_permissions,
            ),
            flag("includePermissions", "Add the caller's permissions", self._include_permissions),
            *order_parameters(self.kind, self.sortable),
        )

    def _apply_search(self, call: Call, selection: Selection) -> None:
        text = call.text("search")
        if not text:
            return
        parts = [f"coalesce(document ->> '$.{name}', '')" for name in self.searched]
        searched = " || char(10) || ".join(["id", *parts])
        if not call.choices.search_case_sensitive:
            # SQLite's own lower() knows ASCII only.
            call.conn.create_function("aam_fold", 1, str.casefold, deterministic=True)
            searched, text = f"aam_fold({searched})", text.casefold()
        selection.where(f"instr({searched}, ?) > 0", text)

    def _apply_permissions(self, call: Call, selection: Selection) -> None:
        for permission in permissions_asked(call, "permissions"):
            restrict(call, self.kind, selection, permission)

    def _include_permissions(self, call: Call, selection: Selection) -> None:
        if call.flag("includePermissions"):
            selection.add_members({"permissions": rights.permissions_sql(call, self.kind)})


def order_parameters(kind: Kind, sortable: Collection[str]) -> tuple[Parameter, ...]:
    """Describe order and paging."""
    return (
        Parameter("sortBy", "Property to sort by", allowed=(kind.id_name, *sorted(sortable))),
        flag("descending", "Sort downwards"),
        Parameter("page", "Page number, from 0; answers in the paged shape", Form.NUMBER),
        Parameter("pageSize", "Rows per page; answers in the paged shape", Form.NUMBER),
    )


def filter_parameter(name: str, column: str, summary: str, form: Form = Form.NUMBER) -> Parameter:
    """Describe a repeatable filter that keeps the rows with one of its values."""

    def apply(call: Call, selection: Selection) -> None:
        values = call.numbers(name) if form is Form.NUMBER else call.query[name]
        selection.where_any(column, values)

    return Parameter(name, summary, form, repeatable=True, apply=apply)


def condition_flag(name: str, condition: str, summary: str) -> Parameter:
    """Describe a boolean that keeps the rows a condition holds for."""

    def apply(call: Call, selection: Selection) -> None:
        if call.flag(name):
            selection.where(condition)

    return flag(name, summary, apply)


def member_flag(name: str, members: Mapping[str, str], summary: str) -> Parameter:
    """Describe a boolean that adds members to every row."""

    def apply(call: Call, selection: Selection) -> None:
        if call.flag(name):
            selection.add_members(members)

    return flag(name, summary, apply)


def apply_code(call: Call, selection: Selection) -> None:
    """Keep rows whose integration code equals the parameter."""
    code = call.text("integrationCode")
    if code is None:
        return
    if call.choices.integration_code_filter_exact:
        selection.where("integration_code = ?", code)
    else:
        selection.where("instr(lower(integration_code), lower(?)) > 0", code)


CODE_FILTER = Parameter("integrationCode", "Exact integration code", apply=apply_code)


def restrict(call: Call, kind: Kind, selection: Selection, permission: str) -> None:
    """Keep rows that the caller has a permission on."""
    found = rights.condition(call, kind, permission)
    if found is not None:
        selection.where(found[0], *found[1])


def permissions_asked(call: Call, name: str) -> list[str]:
    """Read a parameter that names permissions."""
    asked = [value.upper() for value in call.query[name]]
    if not set(asked) <= set(PERMISSIONS):
        raise invalid(f"{name} must be one of {', '.join(PERMISSIONS)}")
    return asked


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


def answer_selection(
    call: Call, kind: Kind, selection: Selection, sortable: Collection[str]
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


def _order(call: Call, kind: Kind, sortable: Collection[str]) -> str:
    direction = "DESC" if call.flag("descending") else "ASC"
    name = call.text("sortBy")
    if name is None or name == kind.id_name:
        return f"id {direction}"
    if name not in sortable:
        raise invalid(f"sortBy must name a property, not {name}")
    return f"document ->> '$.{name}' {direction}, id {direction}"


def _join(rows: sqlite3.Cursor) -> str:
    return f"[{','.join([row[0] for row in rows])}]"
