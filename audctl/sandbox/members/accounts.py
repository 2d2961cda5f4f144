"""Campaign's external accounts, as far as files are concerned."""

import sqlite3

from audctl.sandbox.members.buckets import Bucket, BucketError, open_bucket, parse_server

IMPORT_ACCOUNT = "importSharedAudience"
EXPORT_ACCOUNT = "exportSharedAudience"
_NEEDED = (
    ("server", "AWS S3 account server"),
    ("account", "access key id"),
    ("password", "secret access key"),
    ("awsRegion", "AWS region"),
)


def usable_bucket(conn: sqlite3.Connection, name: str) -> Bucket:
    """Open an account's bucket as Campaign does.

    Raises BucketError when the account is missing, not enabled, or not filled in.
    """
    row = _account(conn, name)
    if not row["active"]:
        raise BucketError(f"the external account '{name}' is not enabled")
    missing = [label for column, label in _NEEDED if not row[column]]
    if missing:
        raise BucketError(f"the external account '{name}' lacks: {', '.join(missing)}")
    return _open(conn, row)


def provisioned_bucket(conn: sqlite3.Connection, name: str) -> Bucket:
    """Open an account's bucket as Audience Manager does, which was told the address and has its own key.

    Raises BucketError when there is no address.
    """
    return _open(conn, _account(conn, name))


def _account(conn: sqlite3.Connection, name: str) -> sqlite3.Row:
    row = conn.execute(
        "SELECT active, server, account, password, awsRegion FROM nms_extAccount WHERE name = ?",
        (name,),
    ).fetchone()
    if not isinstance(row, sqlite3.Row):
        raise BucketError(f"there is no external account '{name}'")
    return row


def _open(conn: sqlite3.Connection, row: sqlite3.Row) -> Bucket:
    location = parse_server(row["server"] or "")
    return open_bucket(conn, location, row["account"] or "sandbox", row["awsRegion"] or "")
