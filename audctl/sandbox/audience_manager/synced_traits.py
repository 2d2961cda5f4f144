"""Traits that the server makes and keeps by itself: beside trait folders and beside data sources."""

from audctl.sandbox.audience_manager.call import Call
from audctl.sandbox.audience_manager.errors import conflict
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import (
    AUDIENCE_TRAITS_FOLDER_ID,
    SYSTEM_DATA_SOURCE_ID,
    TRAIT,
)
from audctl.sandbox.audience_manager.records import Record, find, insert, remove, save, stamp_new


def trait_document(name: object, trait_type: str, data_source_id: int, folder_id: int) -> Document:
    """Give the members of a server-made trait, before its stamps."""
    return {
        "name": name,
        "description": "",
        "traitType": trait_type,
        "dataSourceId": data_source_id,
        "folderId": folder_id,
        "integrationCode": None,
        "traitRule": None,
        "traitRuleVersion": 0,
        "ttl": 120,
        "type": 0,
        "comments": "",
        "categoryId": None,
        "status": "ACTIVE",
        "backfillStatus": "NONE",
    }


def create(call: Call, data_source: Record) -> None:
    """Make the trait of a data source's name."""
    document = trait_document(
        data_source.document["name"],
        call.choices.synced_trait_type,
        data_source.id,
        AUDIENCE_TRAITS_FOLDER_ID,
    )
    insert(call.conn, TRAIT, stamp_new(document, call), origin="dataSource")


def follow(call: Call, data_source: Record) -> None:
    """Rename the trait after its data source."""
    trait = _beside(call, "data_source_id", data_source.id, "dataSource")
    if trait is not None and trait.document["name"] != data_source.document["name"]:
        save(call, TRAIT, trait, {"name": data_source.document["name"]})


def remove_for(call: Call, data_source: Record) -> None:
    """Remove the trait with its data source; refuses while a segment uses it."""
    _remove(call, _beside(call, "data_source_id", data_source.id, "dataSource"))


def folder_trait_name(folder_name: object) -> str:
    """Name the trait of a folder."""
    return f"{folder_name} Folder Trait"


def create_for_folder(call: Call, folder: Record) -> None:
    """Make the trait of a trait folder."""
    name = folder_trait_name(folder.document["name"])
    document = trait_document(name, "FOLDER_TRAIT", SYSTEM_DATA_SOURCE_ID, folder.id)
    insert(call.conn, TRAIT, stamp_new(document, call), origin="folder")


def follow_folder(call: Call, folder: Record) -> None:
    """Rename a folder's trait after it."""
    trait = _beside(call, "folder_id", folder.id, "folder")
    name = folder_trait_name(folder.document["name"])
    if trait is not None and trait.document["name"] != name:
        save(call, TRAIT, trait, {"name": name})


def remove_for_folder(call: Call, folder: Record) -> None:
    """Remove a folder's trait with it; refuses while a segment uses it."""
    _remove(call, _beside(call, "folder_id", folder.id, "folder"))


def using_segments(call: Call, trait_id: int) -> list[str]:
    """Name the first segments whose rule has a trait."""
    rows = call.conn.execute(
        "SELECT id, name FROM aam_segment WHERE id IN"
        " (SELECT segment_id FROM aam_segment_trait WHERE trait_id = ?) ORDER BY id LIMIT 5",
        (trait_id,),
    )
    return [f"segment {row['id']} {row['name']} uses it" for row in rows]


def _remove(call: Call, trait: Record | None) -> None:
    if trait is None:
        return
    users = using_segments(call, trait.id)
    if users:
        raise conflict(
            "CANNOT_DELETE_ENTITY_IN_USE",
            f"trait {trait.id} {trait.document['name']} is in use",
            *users,
            status=call.choices.in_use_status,
        )
    remove(call.conn, TRAIT, trait.id)


def _beside(call: Call, column: str, owner_id: int, origin: str) -> Record | None:
    row = call.conn.execute(
        f"SELECT id FROM aam_trait WHERE {column} = ? AND origin = ?",  # noqa: S608
        (owner_id, origin),
    ).fetchone()
    return None if row is None else find(call.conn, TRAIT, row["id"])
