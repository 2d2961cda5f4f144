"""Trait folders and segment folders: `/folders/traits` and `/folders/segments`.

Two separate trees, each with a root of id 0 that is not stored. A trait folder comes and goes with its folder trait.
"""

from functools import partial

from audctl.sandbox.audience_manager import rights, synced_traits
from audctl.sandbox.audience_manager.call import Answer, Call, as_json
from audctl.sandbox.audience_manager.errors import ApiError, conflict, invalid, limit_exceeded
from audctl.sandbox.audience_manager.fields import MAX_NAME_LENGTH, Document, Field, Form, decode
from audctl.sandbox.audience_manager.folder_tree import Tree, read_branch, read_tree
from audctl.sandbox.audience_manager.kinds import (
    AUDIENCE_TRAITS_FOLDER_ID,
    ROOT_FOLDER_ID,
    SEGMENT,
    SEGMENT_FOLDER,
    TRAIT,
    TRAIT_FOLDER,
    Kind,
)
from audctl.sandbox.audience_manager.operation import (
    Operation,
    Parameter,
    flag,
    read_replace_delete,
)
from audctl.sandbox.audience_manager.records import (
    Record,
    addressed,
    check_precondition,
    count,
    create,
    entity_tag,
    remove,
    save,
    stamp_new,
)
from audctl.sandbox.audience_manager.shapes import Schema, list_of, written

FIELDS = (
    Field("name", required=True, max_length=MAX_NAME_LENGTH),
    Field("parentFolderId", Form.NUMBER, required=True),
)


def operations(put_status: int) -> tuple[Operation, ...]:
    """List the calls on both trees."""
    return (
        *_operations("/folders/traits", TRAIT_FOLDER, _TRAIT_TREE_PARAMETERS, put_status),
        *_operations("/folders/segments", SEGMENT_FOLDER, (), put_status),
    )


_TRAIT_TREE_PARAMETERS = (
    flag("includeThirdParty", "Also folders of others; this account sees none"),
    Parameter("dataSourceId", "Only folders with traits of these", Form.NUMBER, repeatable=True),
)
_BODY = written(FIELDS)
_SHAPE: Schema = {
    "type": "object",
    "properties": {
        "folderId": {"type": "integer"},
        "parentFolderId": {"type": "integer"},
        "name": {"type": "string"},
        "path": {"type": "string", "pattern": "^/"},
        "pid": {"type": "integer"},
        "subFolders": list_of({"type": "object", "required": ["folderId", "name", "path"]}),
    },
    "required": ["folderId", "parentFolderId", "name", "path"],
}


def _operations(
    path: str, kind: Kind, parameters: tuple[Parameter, ...], put_status: int
) -> tuple[Operation, ...]:
    return (
        Operation(
            "GET",
            path,
            partial(_list, kind=kind),
            f"Read the tree of {kind.noun}s, as a list of its root",
            parameters,
            answer=list_of(_SHAPE),
        ),
        Operation(
            "POST",
            path,
            partial(_create, kind=kind),
            f"Create a {kind.noun}",
            body=_BODY,
            answer=_SHAPE,
            status=201,
        ),
        *read_replace_delete(
            f"{path}/{{folder}}",
            kind.noun,
            read=partial(_read, kind=kind),
            replace=partial(_replace, kind=kind),
            delete=partial(_delete, kind=kind),
            body=_BODY,
            answer=_SHAPE,
            parameters=(flag("includeSubFolders", "Add the folders below"),),
            put_status=put_status,
        ),
    )


def _list(call: Call, kind: Kind) -> Answer:
    tree = read_tree(call, kind)
    sources = call.numbers("dataSourceId") if kind is TRAIT_FOLDER else []
    if sources:
        rows = call.conn.execute(
            "SELECT DISTINCT folder_id FROM aam_trait"
            " WHERE data_source_id IN (SELECT value FROM json_each(?))",
            (as_json(sources),),
        )
        tree = tree.only({row[0] for row in rows})
    return Answer(
        200, as_json([tree.document(ROOT_FOLDER_ID, tree.path(ROOT_FOLDER_ID), subfolders=True)])
    )


def _read(call: Call, kind: Kind) -> Answer:
    folder_id = call.id("folder", kind.noun)
    etag: dict[str, str] = {}
    if folder_id != ROOT_FOLDER_ID:
        etag = entity_tag(call, kind, addressed(call, kind, "folder"))
    subfolders = call.flag("includeSubFolders")
    tree = read_branch(call, kind, folder_id, *(() if subfolders else (0,)))
    shown = tree.document(folder_id, tree.path(folder_id), subfolders=subfolders)
    return Answer(200, as_json(shown), etag)


def _create(call: Call, kind: Kind) -> Answer:
    rights.require_creation(call, kind)
    fields = decode(FIELDS, call.members(), None, call.choices)
    parent_id = fields["parentFolderId"]
    tree = read_branch(call, kind, parent_id if isinstance(parent_id, int) else ROOT_FOLDER_ID, 1)
    _check(call, kind, tree, fields, None)
    if kind is TRAIT_FOLDER:
        limit = call.choices.limits["traitFolders"]
        if count(call.conn, TRAIT_FOLDER, limit) >= limit:
            raise limit_exceeded("trait folders", limit, call.choices.limit_status)
    record = create(call, kind, stamp_new(fields, call))
    if kind is TRAIT_FOLDER:
        synced_traits.create_for_folder(call, record)
    return _show(call, kind, record, 201)


def _replace(call: Call, kind: Kind) -> Answer:
    record = _stored(call, kind, "WRITE")
    check_precondition(call, record)
    # Both fields are required, so that nothing is ever reset.
    fields = decode(FIELDS, call.members(), record.document, call.choices)
    _check(call, kind, read_tree(call, kind), fields, record)
    saved = save(call, kind, record, fields)
    if kind is TRAIT_FOLDER:
        synced_traits.follow_folder(call, saved)
    return _show(call, kind, saved, call.choices.put_status)


def _delete(call: Call, kind: Kind) -> Answer:
    record = _stored(call, kind, "DELETE")
    check_precondition(call, record)
    content = TRAIT if kind is TRAIT_FOLDER else SEGMENT
    inside = [
        f"{noun} {row['id']} {row['name']} is in it"
        for noun, table, condition in (
            ("folder", kind.table, "parent_id = ?"),
            (content.noun, content.table, "folder_id = ? AND origin <> 'folder'"),
        )
        for row in call.conn.execute(
            f"SELECT id, name FROM {table} WHERE {condition} ORDER BY id LIMIT 5",  # noqa: S608
            (record.id,),
        )
    ]
    if inside:
        raise conflict(
            "FOLDER_NOT_EMPTY",
            f"{kind.noun} {record.id} is not empty",
            *inside,
            status=call.choices.in_use_status,
        )
    if kind is TRAIT_FOLDER:
        synced_traits.remove_for_folder(call, record)
    remove(call.conn, kind, record.id)
    return Answer(204)


def _stored(call: Call, kind: Kind, permission: str) -> Record:
    """Look up a folder that may be changed, which the root may not."""
    folder_id = call.id("folder", kind.noun)
    if not rights.may_everywhere(call, kind, permission):
        addressed(call, kind, "folder", permission)
    if folder_id == ROOT_FOLDER_ID or (
        kind is TRAIT_FOLDER and folder_id == AUDIENCE_TRAITS_FOLDER_ID
    ):
        raise ApiError(
            call.choices.read_only_object_status,
            "ACCESS_DENIED",
            f"{kind.noun} {folder_id} is kept by the server",
        )
    return addressed(call, kind, "folder", permission)


def _check(call: Call, kind: Kind, tree: Tree, fields: Document, record: Record | None) -> None:
    parent_id, name = fields["parentFolderId"], str(fields["name"])
    if not isinstance(parent_id, int) or parent_id not in tree.folders:
        raise invalid(f"parentFolderId {parent_id} does not exist")
    if record is not None and parent_id in set(tree.below(record.id)):
        raise invalid("parentFolderId must not be the folder itself or lie below it")
    limit = call.choices.max_segment_folder_depth
    if kind is TRAIT_FOLDER:
        limit = call.choices.limits["traitFolderDepth"]
    height = 0 if record is None else tree.height(record.id)
    counted = 1 + (kind is TRAIT_FOLDER and call.choices.folder_depth_counts_root)
    if tree.depth(parent_id) + counted + height > limit:
        raise limit_exceeded(f"levels of {kind.noun}s", limit, call.choices.limit_status)
    if call.choices.sibling_folder_names_unique:
        fold = str if call.choices.folder_sibling_case_sensitive else str.casefold
        for sibling in tree.children.get(parent_id, ()):
            same = fold(str(tree.folders[sibling]["name"])) == fold(name)
            if same and (record is None or sibling != record.id):
                raise conflict(
                    "DUPLICATE_NAME",
                    f"folder {sibling} has the name {name}",
                    status=call.choices.duplicate_status,
                )


def _show(call: Call, kind: Kind, record: Record, status: int) -> Answer:
    tree = read_branch(call, kind, record.id)
    shown = tree.document(record.id, tree.path(record.id), subfolders=True)
    return Answer(status, as_json(shown), entity_tag(call, kind, record))
