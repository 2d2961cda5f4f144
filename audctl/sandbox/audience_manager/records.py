"""Stored objects: one row each, holding the JSON text that its single call answers with.

A kind's table has at least its id, `document` and `version`; the version counts writes and makes the ETag.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, not_found
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import SEGMENT, Kind
from audctl.sandbox.audience_manager.tables import FIRST_IDS

COMPANY_ID = 900
MOST_BELOW_FIRST_ID = 2
"""Objects of one kind that every account has, with ids below the first one handed out."""


@dataclass(frozen=True, slots=True)
class Record:
    """One stored object."""

    id: int
    document: Document
    version: int
    origin: str
    """Who made it: `user`, or the part of the service that keeps it (see `tables`)."""

    @property
    def etag(self) -> str:
        """Give the entity tag of this version."""
        return f'"{self.id}-{self.version}"'


def create(call: Call, kind: Kind, document: Document) -> Record:
    """Store what a caller makes, under the next free id."""
    record = insert(call.conn, kind, document)
    rights.keep_owner(call, kind, record)
    return record


def stamp_new(fields: Mapping[str, object], call: Call) -> Document:
    """Add the members the server sets on a new object."""
    return {
        "pid": COMPANY_ID,
        **fields,
        "crUID": call.user_id,
        "upUID": call.user_id,
        "createTime": call.now_ms,
        "updateTime": call.now_ms,
    }


def insert(
    conn: sqlite3.Connection, kind: Kind, document: Document, origin: str = "user"
) -> Record:
    """Store a new object under the next free id, which is never used again."""
    return insert_as(conn, kind, _next_id(conn, kind), document, origin)


def insert_as(
    conn: sqlite3.Connection, kind: Kind, fixed_id: int, document: Document, origin: str = "user"
) -> Record:
    """Store a new object under a given id; for objects that every account has, and for seeds."""
    whole = {kind.id_name: fixed_id, **document}
    conn.execute(
        f"INSERT INTO {kind.table} (id, document, origin) VALUES (?, ?, ?)",  # noqa: S608
        (fixed_id, as_json(whole), origin),
    )
    return Record(fixed_id, whole, 1, origin)


def count(
    conn: sqlite3.Connection, kind: Kind, at_least: int, where: str = "", value: object = None
) -> int:
    """Count stored objects, or give 0 when fewer than `at_least` were ever made.

    Counting rows on every create would make filling a large account quadratic; ids are never reused, so the id
    sequence bounds the count from above.
    """
    if _next_id(conn, kind) - FIRST_IDS[kind.table] + MOST_BELOW_FIRST_ID < at_least:
        return 0
    found = conn.execute(
        f"SELECT count(*) FROM {kind.table} {where}",  # noqa: S608
        () if not where else (value,),
    ).fetchone()
    return int(found[0])


def _next_id(conn: sqlite3.Connection, kind: Kind) -> int:
    row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (kind.table,)).fetchone()
    next_id = int(row[0]) + 1
    while (
        find(conn, kind, next_id) is not None
    ):  # a fixed id above the sequence, such as a global data source
        next_id += 1
    return next_id


def find(conn: sqlite3.Connection, kind: Kind, object_id: int) -> Record | None:
    """Look an object up by id."""
    row = conn.execute(
        f"SELECT id, document, version, origin FROM {kind.table} WHERE id = ?",  # noqa: S608
        (object_id,),
    ).fetchone()
    return None if row is None else Record(row[0], json.loads(row[1]), row[2], row[3])


def addressed(call: Call, kind: Kind, name: str, permission: str = "READ") -> Record:
    """Look up the object that a path parameter addresses, by id or by `ic:` code.

    Of several objects with one code the oldest answers. Raises ApiError 404 when there is none, 403 when the caller
    has not the permission on it.
    """
    key = call.path[name]
    if kind.by_code and key.startswith("ic:"):
        row = call.conn.execute(
            f"SELECT min(id) FROM {kind.table} WHERE integration_code = ?",  # noqa: S608
            (key[3:],),
        ).fetchone()
        object_id = row[0]
    else:
        object_id = call.id(name, kind.noun)
    record = None if object_id is None else find(call.conn, kind, object_id)
    if record is None:
        raise not_found(kind.noun, key)
    rights.require(call, kind, permission, record)
    return record


def save(call: Call, kind: Kind, record: Record, fields: Mapping[str, object]) -> Record:
    """Write changed fields over a stored object and stamp who did it and when."""
    document: Document = {
        **record.document,
        **fields,
        "upUID": call.user_id,
        "updateTime": call.now_ms,
    }
    call.conn.execute(
        f"UPDATE {kind.table} SET document = ?, version = version + 1 WHERE id = ?",  # noqa: S608
        (as_json(document), record.id),
    )
    return Record(record.id, document, record.version + 1, record.origin)


def remove(conn: sqlite3.Connection, kind: Kind, object_id: int) -> None:
    """Delete one object and every right on it."""
    conn.execute(f"DELETE FROM {kind.table} WHERE id = ?", (object_id,))  # noqa: S608
    rights.forget(conn, kind, object_id)


def check_precondition(call: Call, record: Record) -> None:
    """Refuse a write whose `If-Match` names another version."""
    if call.if_match is None:
        return
    tags = {tag.strip() for tag in call.if_match.split(",")}
    if "*" not in tags and record.etag not in tags:
        raise ApiError(
            call.choices.precondition_failed_status,
            "PRECONDITION_FAILED",
            "the object has changed since it was read",
        )


def check_writable(call: Call, kind: Kind, record: Record) -> None:
    """Refuse to change what another company or product owns."""
    if record.document["pid"] != COMPANY_ID or record.origin == "analytics":
        raise ApiError(
            call.choices.read_only_object_status,
            "ACCESS_DENIED",
            f"{kind.noun} {record.id} is read-only",
        )


def answer_one(
    call: Call,
    kind: Kind,
    record: Record,
    status: int = 200,
    extras: Mapping[str, object] | None = None,
) -> Answer:
    """Answer with a whole object and its entity tag."""
    text = as_json({**record.document, **(extras or {})})
    return Answer(status, text, entity_tag(call, kind, record))


def entity_tag(call: Call, kind: Kind, record: Record) -> dict[str, str]:
    """Give the ETag header of an object, where its kind has one."""
    if call.choices.etags_on_every_kind or kind is SEGMENT:
        return {"ETag": record.etag}
    return {}
