"""What a sandbox holds, counted and listed from its tables; nothing secret is ever read."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audctl.sandbox.campaign.catalog import all_schemas

SHOWN_ROWS = 200
"""Rows of each kind that are listed; the counts tell the rest."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where one kind of object is kept, and what is shown of it."""

    title: str
    table: str
    columns: Mapping[str, str]
    """Heading to SQL expression."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object, counted, with its first rows."""

    title: str
    count: int
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a sandbox holds."""

    people: Mapping[str, int]
    """Counts of people and of what is known of them."""
    audience_manager: tuple[Kind, ...]
    campaign: tuple[Kind, ...]


_CODE = "document ->> '$.integrationCode'"
_ID_AND_NAME = {"id": "id", "name": "name"}
_AUDIENCE_MANAGER = (
    _Shelf(
        "Data sources",
        "aam_data_source",
        {**_ID_AND_NAME, "integration code": _CODE, "id type": "document ->> '$.idType'"},
    ),
    _Shelf(
        "Traits",
        "aam_trait",
        {
            **_ID_AND_NAME,
            "integration code": _CODE,
            "type": "trait_type",
            "data source": "data_source_id",
            "population": "population",
        },
    ),
    _Shelf(
        "Segments",
        "aam_segment",
        {
            **_ID_AND_NAME,
            "integration code": _CODE,
            "status": "document ->> '$.status'",
            "data source": "data_source_id",
            "population": "population",
        },
    ),
    _Shelf("Trait folders", "aam_trait_folder", {**_ID_AND_NAME, "parent": "parent_id"}),
    _Shelf("Segment folders", "aam_segment_folder", {**_ID_AND_NAME, "parent": "parent_id"}),
    _Shelf("Destinations", "aam_destination", {**_ID_AND_NAME, "type": "destination_type"}),
    _Shelf(
        "Mappings",
        "aam_mapping",
        {
            "id": "id",
            "destination": "destination_id",
            "segment": "segment_id",
            "alias": "document ->> '$.traitAlias'",
            "from": "document ->> '$.startDate'",
        },
    ),
)
_CAMPAIGN: Mapping[str, Mapping[str, str]] = {
    "nms:group": {
        "id": '"id"',
        "name": '"name"',
        "label": '"label"',
        "shared audience": '"sharedAudience"',
        "members": '(SELECT count(*) FROM "nms_rcpGrpRel" AS m WHERE m."group-id" = "nms_group"."id")',
    },
    "xtk:workflow": {
        "id": '"id"',
        "name": '"internalName"',
        "label": '"label"',
        "state": '"state"',
        "failed": '"failed"',
    },
    "nms:amcDataSource": {
        "id": '"id"',
        "name": '"name"',
        "label": '"label"',
        "Audience Manager": '"aamDataSourceId"',
        "key": '"reconciliationKey"',
    },
    "nms:extAccount": {
        "id": '"id"',
        "name": '"name"',
        "label": '"label"',
        "active": '"active"',
        "server": '"server"',
    },
    "xtk:folder": {"id": '"id"', "name": '"name"', "path": '"fullName"'},
    "xtk:operator": {"id": '"id"', "name": '"name"', "label": '"label"'},
    "xtk:option": {"id": '"id"', "name": '"name"'},
}
"""What is shown of the rows of a schema; of any other only the count. Never a password, an option's value, a person."""
_PEOPLE_SCHEMAS = ("nms:recipient", "nms:rcpGrpRel", "nms:trackingLogRcp", "nms:visitor")
_FIXED_SCHEMAS = ("xtk:schema", "xtk:srcSchema")
"""The same in every sandbox."""
_IDENTITIES: Mapping[str, tuple[str, str]] = {
    "Audience Manager: visitor ids": ("aam_identity", "data_source_id = 0"),
    "Audience Manager: declared ids": ("aam_identity", "data_source_id > 0"),
    "Audience Manager: declared ids seen on devices": ("aam_identity_link", ""),
    "Audience Manager: trait qualifications": ("aam_qualification", ""),
}


def read_contents(conn: sqlite3.Connection, rows: int = SHOWN_ROWS) -> Contents:
    """Count everything, and list up to `rows` objects of each kind, the newest first."""
    schemas = {name: each for name, each in all_schemas().items() if each.sql_table is not None}
    there = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    people = {
        f"Campaign: {schemas[name].label.lower()}": _count(conn, schemas[name].table)
        for name in _PEOPLE_SCHEMAS
        if name in schemas
    }
    people |= {
        title: _count(conn, table, where)
        for title, (table, where) in _IDENTITIES.items()
        if table in there
    }
    shelves = [
        _Shelf(each.label, each.table, _CAMPAIGN.get(name, {}))
        for name, each in schemas.items()
        if name not in (*_PEOPLE_SCHEMAS, *_FIXED_SCHEMAS)
    ]
    return Contents(
        people,
        tuple(_read(conn, shelf, rows) for shelf in _AUDIENCE_MANAGER if shelf.table in there),
        tuple(_read(conn, shelf, rows) for shelf in sorted(shelves, key=lambda each: each.title)),
    )


def _read(conn: sqlite3.Connection, shelf: _Shelf, rows: int) -> Kind:
    count = _count(conn, shelf.table)
    if not shelf.columns or not rows:
        return Kind(shelf.title, count)
    columns = ", ".join(shelf.columns.values())
    found: Sequence[sqlite3.Row] = conn.execute(
        f'SELECT {columns} FROM "{shelf.table}" ORDER BY "id" DESC LIMIT ?',  # noqa: S608 - own names
        (rows,),
    ).fetchall()
    return Kind(shelf.title, count, tuple(shelf.columns), tuple(tuple(row) for row in found))


def _count(conn: sqlite3.Connection, table: str, where: str = "") -> int:
    condition = f" WHERE {where}" if where else ""
    (count,) = conn.execute(f'SELECT count(*) FROM "{table}"{condition}').fetchone()  # noqa: S608 - own names
    return int(count)
