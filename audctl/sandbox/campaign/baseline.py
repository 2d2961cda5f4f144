"""What every instance is born with.

Operators, options, the folder tree, and what the package for shared audiences installs: its data source, two technical
workflows, two external accounts without credentials.
"""

import sqlite3

from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.rows import Change, insert_row, update_row
from audctl.sandbox.campaign.values import Stored

ADMIN_ID = 1059
MARKETER_ID = 2001
_INSTALLED_AT = "2024-01-08 09:00:00.000Z"

_OPERATORS: tuple[tuple[int, str, str], ...] = (
    (ADMIN_ID, "admin", "Administrator and technical account (admin)"),
    (MARKETER_ID, "marketer", "Campaign marketer (marketer)"),
)
_OPTIONS: tuple[tuple[int, str, str], ...] = (
    (1101, "XtkDatabaseId", "uFE8000000000000A"),
    (1102, "NmsServer_LastPostUpgrade", "9396"),
    (1103, "XtkInstancePrefix", "SBX"),
)
_FOLDERS: tuple[tuple[int, int, str, str, str], ...] = (
    (1201, 0, "nmsProfilesAndTargets", "Profiles and Targets", "nmsProfilProcess"),
    (1202, 1201, "nmsRootRecipient", "Recipients", "nmsFolder"),
    (1203, 1201, "nmsRootGroup", "Lists", "nmsGroup"),
    (1204, 0, "xtkRootAdministration", "Administration", "xtkAdmin"),
    (1205, 1204, "xtkPlatform", "Platform", "xtkPlatform"),
    (1206, 1205, "nmsExtAccount", "External Accounts", "nmsExtAccount"),
    (1207, 1205, "nmsAmcDataSource", "AMC Data sources", "nmsAmcDataSource"),
    (1208, 1204, "xtkProduction", "Production", "xtkProduction"),
    (1209, 1208, "nmsTechnicalWorkflow", "Technical workflows", "xtkWorkflow"),
    (1210, 1201, "nmsWorkflowJobs", "Jobs", "xtkWorkflow"),
)
LISTS_FOLDER_ID = 1203
RECIPIENTS_FOLDER_ID = 1202
DATA_SOURCE_ID = 1301
"""The built-in "Recipient - Visitor ID"."""
_WORKFLOWS: tuple[tuple[int, str, str], ...] = (
    (1401, "importSharedAudience", "Import audiences from the Adobe Experience Cloud"),
    (1402, "exportSharedAudience", "Export audiences to the Adobe Experience Cloud"),
)
_ACCOUNTS: tuple[tuple[int, str, str], ...] = (
    (1501, "importSharedAudience", "Import audiences from the Adobe Marketing Cloud"),
    (1502, "exportSharedAudience", "Export audiences to the Adobe Marketing Cloud"),
)
_STARTED = 11
_TECHNICAL_DEFINITION = (
    '<activities><schedule name="sched" label="Every hour" x="50" y="50" mask="0" onError="0">'
    '<transitions><transition name="transition" enabled="true" target="js"/></transitions>'
    "<period>m_iTimeMode=1;m_tmSpanTime='1h'</period></schedule>"
    '<js name="js" label="{label}" x="200" y="50" mask="0" onError="0"><transitions/></js></activities>'
)


def install_baseline(conn: sqlite3.Connection) -> None:
    """Fill empty tables."""
    change = Change(conn, ADMIN_ID, _INSTALLED_AT)
    for number, name, label in _OPERATORS:
        _add(change, "xtk:operator", {"id": number, "name": name, "label": label})
    for number, name, value in _OPTIONS:
        _add(
            change, "xtk:option", {"id": number, "name": name, "stringValue": value, "dataType": 6}
        )
    for number, parent, name, label, model in _FOLDERS:
        _add(
            change,
            "xtk:folder",
            {"id": number, "parent-id": parent, "name": name, "label": label, "model": model},
        )
    _install_shared_audiences(change)


def mark_accounts(conn: sqlite3.Connection, s3_type: int) -> None:
    """Give the built-in accounts, while they have no type, the code that AWS S3 has."""
    conn.executemany(
        "UPDATE nms_extAccount SET type = ? WHERE id = ? AND type = 0",
        [(s3_type, number) for number, _, _ in _ACCOUNTS],
    )


def _install_shared_audiences(change: Change) -> None:
    _add(
        change,
        "nms:amcDataSource",
        {
            "id": DATA_SOURCE_ID,
            "name": "defaultDataSource",
            "label": "Recipient - Visitor ID",
            "reconciliationKey": "[trackingLog/@sourceId]",
            "folder-id": 1207,
        },
    )
    for number, name, label in _WORKFLOWS:
        row_id = _add(
            change,
            "xtk:workflow",
            {
                "id": number,
                "internalName": name,
                "label": label,
                "folder-id": 1209,
                "builtIn": 1,
                "production": 1,
                "data": _TECHNICAL_DEFINITION.format(label=label),
            },
        )
        started: dict[str, Stored] = {
            "state": _STARTED,
            "lastStart": _INSTALLED_AT,
            "process/startState": 1,
        }
        update_row(change, stored_schema("xtk:workflow"), row_id, started)
    for number, name, label in _ACCOUNTS:
        _add(
            change,
            "nms:extAccount",
            {
                "id": number,
                "name": name,
                "label": label,
                "server": "bucket.s3.amazonaws.com/path",
                "folder-id": 1206,
            },
        )


def _add(change: Change, schema_id: str, values: dict[str, Stored]) -> int:
    return insert_row(change, stored_schema(schema_id), values)
