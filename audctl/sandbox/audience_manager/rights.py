"""Rights of users who are no administrators: through groups, per object or as wildcards over a kind.

Wildcards and permissions are those of the documentation's pages on users and groups. A group's rights on a data
source reach the traits and segments in it.
"""

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from audctl.sandbox.audience_manager.call import Call, Caller, as_json
from audctl.sandbox.audience_manager.errors import ApiError
from audctl.sandbox.audience_manager.kinds import (
    ADMINISTRATOR,
    DATA_SOURCE,
    EVERYONE,
    TRAIT,
    Kind,
)
from audctl.sandbox.ims import User

if TYPE_CHECKING:  # looking a record up checks rights, so records import this module
    from audctl.sandbox.audience_manager.records import Record

RESTRICTED_GROUP_ID = 501
RESTRICTED_GROUP_NAME = "Newsletter team"
RESTRICTED_USER_ID = 21
RESTRICTED_WILDCARDS = ("VIEW_DERIVED_SIGNALS", "VIEW_TAGS")
"""What the restricted user may do everywhere, in a new account; rights on objects come with seeds or are given."""
_TRAIT_VERBS = {"WRITE": "EDIT"}


def create_groups(conn: sqlite3.Connection) -> None:
    """Make the group of the restricted user in a new account."""
    conn.execute(
        "INSERT INTO aam_group VALUES (?, ?)", (RESTRICTED_GROUP_ID, RESTRICTED_GROUP_NAME)
    )
    conn.execute(
        "INSERT INTO aam_group_user VALUES (?, ?)", (RESTRICTED_GROUP_ID, RESTRICTED_USER_ID)
    )
    set_wildcards(conn, RESTRICTED_GROUP_ID, RESTRICTED_WILDCARDS)


def set_wildcards(conn: sqlite3.Connection, group_id: int, wildcards: Iterable[str]) -> None:
    """Replace a group's wildcard rights."""
    conn.execute("DELETE FROM aam_group_wildcard WHERE group_id = ?", (group_id,))
    conn.executemany(
        "INSERT INTO aam_group_wildcard VALUES (?, ?)",
        ((group_id, wildcard) for wildcard in sorted(set(wildcards))),
    )


def grant(
    conn: sqlite3.Connection, group_id: int, kind: Kind, object_id: int, permissions: Iterable[str]
) -> None:
    """Give a group rights on one object."""
    conn.executemany(
        "INSERT OR IGNORE INTO aam_group_right (kind, object_id, group_id, permission)"
        " VALUES (?, ?, ?, ?)",
        ((kind.noun, object_id, group_id, permission) for permission in permissions),
    )


def caller_of(conn: sqlite3.Connection, user: User) -> Caller:
    """Look up what a user may do."""
    if user.admin:
        return Caller(user.user_id, admin=True)
    rows = conn.execute(
        "SELECT u.group_id, w.wildcard FROM aam_group_user AS u"
        " LEFT JOIN aam_group_wildcard AS w ON w.group_id = u.group_id WHERE u.user_id = ?",
        (user.user_id,),
    ).fetchall()
    return Caller(
        user.user_id,
        admin=False,
        groups=tuple(sorted({row[0] for row in rows})),
        wildcards=frozenset(row[1] for row in rows if row[1] is not None),
    )


def may_everywhere(call: Call, kind: Kind, permission: str) -> bool:
    """Tell whether the caller has a permission on every object of a kind."""
    if call.caller.admin:
        return True
    needed = kind.rights.get(permission, ADMINISTRATOR)
    return needed == EVERYONE or needed in call.caller.wildcards


def may(call: Call, kind: Kind, permission: str, record: "Record") -> bool:
    """Tell whether the caller has a permission on one object."""
    if may_everywhere(call, kind, permission):
        return True
    if kind.rights.get(permission, ADMINISTRATOR) == ADMINISTRATOR:
        return False
    source_id = record.document.get("dataSourceId") if kind.in_data_source else None
    found = call.conn.execute(
        "SELECT 1 FROM aam_group_right WHERE permission = ?"
        " AND group_id IN (SELECT value FROM json_each(?))"
        " AND ((kind = ? AND object_id = ?) OR (kind = ? AND object_id = ?)) LIMIT 1",
        (
            permission,
            as_json(call.caller.groups),
            kind.noun,
            record.id,
            DATA_SOURCE.noun,
            source_id,
        ),
    ).fetchone()
    return found is not None


def require(call: Call, kind: Kind, permission: str, record: "Record") -> None:
    """Refuse what the caller may not do with one object."""
    if not may(call, kind, permission, record):
        raise denied(kind, permission, record.id)


def require_creation(call: Call, kind: Kind, source: "Record | None" = None) -> None:
    """Refuse a create; without `source` only when there is nowhere at all the caller could make one."""
    if may_everywhere(call, kind, "CREATE"):
        return
    if kind.in_data_source:
        allowed = call.conn.execute(
            "SELECT 1 FROM aam_group_right WHERE permission = 'CREATE' AND kind = ?"
            " AND group_id IN (SELECT value FROM json_each(?)) AND (? IS NULL OR object_id = ?)",
            (
                DATA_SOURCE.noun,
                as_json(call.caller.groups),
                *(2 * [None if source is None else source.id]),
            ),
        ).fetchone()
        if allowed is not None:
            return
    raise denied(kind, "CREATE", None if source is None else source.id)


def denied(kind: Kind, permission: str, object_id: int | None) -> ApiError:
    """Make the refusal of a missing right."""
    code = "ACCESS_DENIED"
    if kind is TRAIT and permission in {"READ", "WRITE", "CREATE", "DELETE"}:
        verb = _TRAIT_VERBS.get(permission, permission)
        code = f"ACCESS_DENIED_NO_{verb}_TRAIT_PERMISSION_WITH_DATA_PROVIDER"
    place = "" if object_id is None else f" {object_id}"
    return ApiError(403, code, f"no {permission} permission for {kind.noun}{place}")


def keep_owner(call: Call, kind: Kind, record: "Record") -> None:
    """Give the groups of a creator who is no administrator all rights on what was made."""
    if call.caller.admin or not call.choices.creator_gets_rights:
        return
    for group_id in call.caller.groups:
        grant(call.conn, group_id, kind, record.id, kind.rights)


def forget(conn: sqlite3.Connection, kind: Kind, object_id: int) -> None:
    """Drop every right on a deleted object."""
    conn.execute(
        "DELETE FROM aam_group_right WHERE kind = ? AND object_id = ?", (kind.noun, object_id)
    )


def condition(call: Call, kind: Kind, permission: str) -> tuple[str, list[object]] | None:
    """Give the SQL condition on a kind's rows that the caller has a permission on; None when on all."""
    if may_everywhere(call, kind, permission):
        return None
    if kind.rights.get(permission, ADMINISTRATOR) == ADMINISTRATOR:
        return "0", []
    groups = as_json(call.caller.groups)
    select = (
        "SELECT object_id FROM aam_group_right WHERE kind = ? AND permission = ?"
        " AND group_id IN (SELECT value FROM json_each(?))"
    )
    sql, values = f"{kind.table}.id IN ({select})", [kind.noun, permission, groups]
    if kind.in_data_source:
        sql = f"({sql} OR {kind.table}.data_source_id IN ({select}))"
        values += [DATA_SOURCE.noun, permission, groups]
    return sql, list(values)


def permissions_sql(call: Call, kind: Kind) -> str:
    """Give the SQL expression of what the caller may do with each row, as a JSON list."""
    everywhere = [name for name in kind.rights if may_everywhere(call, kind, name)]
    given = as_json(everywhere).replace("'", "")
    if call.caller.admin or ADMINISTRATOR in kind.rights.values():
        return f"json('{given}')"
    groups = as_json(call.caller.groups)
    owner = (
        f" OR (kind = '{DATA_SOURCE.noun}' AND object_id = {kind.table}.data_source_id)"
        if kind.in_data_source
        else ""
    )
    known = as_json(list(kind.rights))
    return (
        "json((SELECT json_group_array(name) FROM"  # noqa: S608 - own names and numbers
        f" (SELECT value AS name FROM json_each('{given}') UNION"
        f" SELECT permission FROM aam_group_right WHERE ((kind = '{kind.noun}'"
        f" AND object_id = {kind.table}.id){owner})"
        f" AND group_id IN (SELECT value FROM json_each('{groups}'))"
        f" AND permission IN (SELECT value FROM json_each('{known}')))))"
    )
