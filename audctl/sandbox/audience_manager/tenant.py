"""What every account has from its first day: made when the tables are."""

import sqlite3

from audctl.sandbox.audience_manager import rights
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import (
    ACTIVE_AUDIENCE_TRAIT_ID,
    AUDIENCE_TRAITS_FOLDER_ID,
    DATA_SOURCE,
    DEFAULT_MERGE_RULE_ID,
    GLOBAL_TRAIT_TYPE_ID,
    MERGE_RULE,
    ROOT_FOLDER_ID,
    SYSTEM_DATA_SOURCE_ID,
    TRAIT,
    TRAIT_FOLDER,
    TRAIT_TYPE,
)
from audctl.sandbox.audience_manager.records import COMPANY_ID, find, insert_as
from audctl.sandbox.audience_manager.synced_traits import folder_trait_name, trait_document

ACCOUNT_CREATED_MS = 1_700_000_000_000
_STAMPS: Document = {
    "crUID": 0,
    "upUID": 0,
    "createTime": ACCOUNT_CREATED_MS,
    "updateTime": ACCOUNT_CREATED_MS,
}
GLOBAL_DATA_SOURCES = {
    20914: "Google Advertising ID",
    20915: "Apple IDFA",
    121963: "Roku",
    389146: "Microsoft Advertising ID",
    488258: "Fire TV",
    963906: "Samsung Ads ID",
    1171485: "LG Ads ID",
    1171489: "Vizio Ads ID",
}
"""Shared by all accounts, never owned; numbers from the documentation's page on global data sources."""


def create(conn: sqlite3.Connection) -> None:
    """Make the account's own objects and the global data sources."""
    insert_as(
        conn,
        DATA_SOURCE,
        SYSTEM_DATA_SOURCE_ID,
        data_source_document(f"Audience Manager {COMPANY_ID}", None, COMPANY_ID),
        origin="company",
    )
    for global_id, name in GLOBAL_DATA_SOURCES.items():
        document = data_source_document(name, f"DSID_{global_id}", 0)
        insert_as(conn, DATA_SOURCE, global_id, document, origin="global")
    # Global ids lie above those the account hands out, which must go on from their own start.
    conn.execute("UPDATE sqlite_sequence SET seq = 5000 WHERE name = 'aam_data_source'")
    insert_as(
        conn,
        MERGE_RULE,
        DEFAULT_MERGE_RULE_ID,
        {
            "name": "Current device profile",
            "pid": COMPANY_ID,
            "dataExportRestrictions": [],
            "dataSources": [],
            **_STAMPS,
        },
        origin="company",
    )
    folder = {
        "pid": COMPANY_ID,
        "parentFolderId": ROOT_FOLDER_ID,
        "name": "Audience Traits",
        **_STAMPS,
    }
    insert_as(conn, TRAIT_FOLDER, AUDIENCE_TRAITS_FOLDER_ID, folder, origin="company")
    for trait_id, name, trait_type, origin in (
        (ACTIVE_AUDIENCE_TRAIT_ID, "Active Audience", "COMPANY_ACTIVITY_TRAIT", "company"),
        (ACTIVE_AUDIENCE_TRAIT_ID - 1, folder_trait_name(folder["name"]), "FOLDER_TRAIT", "folder"),
    ):
        document = trait_document(
            name, trait_type, SYSTEM_DATA_SOURCE_ID, AUDIENCE_TRAITS_FOLDER_ID
        )
        insert_as(conn, TRAIT, trait_id, {"pid": COMPANY_ID, **document, **_STAMPS}, origin=origin)


def complete(conn: sqlite3.Connection) -> None:
    """Make what accounts of an earlier version may lack."""
    if find(conn, TRAIT_TYPE, GLOBAL_TRAIT_TYPE_ID) is None:
        document = {"pid": 0, "name": "None", "description": "", **_STAMPS}
        insert_as(conn, TRAIT_TYPE, GLOBAL_TRAIT_TYPE_ID, document, origin="global")
    if conn.execute("SELECT 1 FROM aam_group").fetchone() is None:
        rights.create_groups(conn)


def data_source_document(name: str, code: str | None, company_id: int) -> Document:
    """Give the members of a data source that the service made."""
    return {
        "pid": company_id,
        "name": name,
        "description": "",
        "integrationCode": code,
        "status": "ACTIVE",
        "type": "GENERAL",
        "idType": "COOKIE",
        "subIdType": None,
        "inboundS2S": False,
        "outboundS2S": False,
        "allowDataSharing": False,
        "allowDeviceGraphSharing": False,
        "useAudienceManagerVisitorID": False,
        "masterDataSourceIdProvider": False,
        "linkNamespace": False,
        "supportsAuthenticatedProfile": False,
        "deviceGraph": False,
        "samplingEnabled": False,
        "uniqueTraitIntegrationCodes": False,
        "uniqueSegmentIntegrationCodes": False,
        "marketingCloudVisitorIdVersion": 0,
        "authenticatedProfileName": "",
        "deviceGraphName": "",
        "dataExportRestrictions": [],
        "customerProfileDataRetention": None,
        **_STAMPS,
        "containerIds": [],
        "customNamespaceCode": code or name,
        "customNamespaceId": None,
        "samplingStartTime": None,
        "samplingEndTime": None,
    }
