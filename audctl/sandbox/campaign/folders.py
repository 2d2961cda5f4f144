"""The `@fullName` of folders, which the server derives: `/`, then each ancestor's label, each with a slash after it.

Clients find a folder by this path, as in `/Profiles and Targets/Lists/`.
"""

import sqlite3

from audctl.sandbox.campaign.faults import bad_document

_MAX_FOLDER_DEPTH = 100


def refresh_full_names(conn: sqlite3.Connection, folder_id: int, part: str) -> None:
    """Recompute the path of a folder and of everything under it; `part` is the column that names each step.

    Raises the fault of a folder that would be its own ancestor.
    """
    prefix = _path_of_parent(conn, folder_id)
    pending = [(folder_id, prefix, 0)]
    while pending:
        current, prefix, depth = pending.pop()
        if depth > _MAX_FOLDER_DEPTH:
            raise bad_document("A folder cannot be placed under itself.")
        row = conn.execute("SELECT name, label FROM xtk_folder WHERE id = ?", (current,)).fetchone()
        step = row["name"] if part == "name" else (row["label"] or row["name"])
        full_name = f"{prefix}{step}/"
        conn.execute("UPDATE xtk_folder SET fullName = ? WHERE id = ?", (full_name, current))
        pending.extend(
            (child["id"], full_name, depth + 1)
            for child in conn.execute(
                'SELECT id FROM xtk_folder WHERE "parent-id" = ?', (current,)
            ).fetchall()
        )


def _path_of_parent(conn: sqlite3.Connection, folder_id: int) -> str:
    ancestor = folder_id
    prefix = None
    for _ in range(_MAX_FOLDER_DEPTH):
        row = conn.execute(
            'SELECT p.id, p.fullName FROM xtk_folder f JOIN xtk_folder p ON p.id = f."parent-id"'
            " WHERE f.id = ?",
            (ancestor,),
        ).fetchone()
        if row is None:
            return "/" if prefix is None else prefix
        if row["id"] == folder_id:
            break
        if prefix is None:
            prefix = str(row["fullName"])
        ancestor = row["id"]
    raise bad_document("A folder cannot be placed under itself.")
