"""Trees of trait folders and of segment folders, each with a root of id 0 that is not stored."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from audctl.sandbox.audience_manager.call import Call
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import ROOT_FOLDER_ID, TRAIT_FOLDER, Kind
from audctl.sandbox.audience_manager.records import COMPANY_ID

_MEMBERS = ("folderId", "parentFolderId", "name", "pid")
_ALL_LEVELS = 10_000
"""More than any tree has."""


@dataclass(frozen=True, slots=True)
class Tree:
    """All folders of one kind."""

    folders: Mapping[int, Document]
    children: Mapping[int, list[int]]
    leaves_have_subfolders: bool = True

    def path(self, folder_id: int) -> str:
        """Give a folder's path, root name first."""
        folder = self.folders[folder_id]
        if folder_id == ROOT_FOLDER_ID:
            return f"/{folder['name']}"
        return f"{self.path(_parent_id(folder))}/{folder['name']}"

    def depth(self, folder_id: int) -> int:
        """Count the folders from below the root down to this one; the root has depth 0."""
        if folder_id == ROOT_FOLDER_ID:
            return 0
        return 1 + self.depth(_parent_id(self.folders[folder_id]))

    def height(self, folder_id: int) -> int:
        """Count the levels below a folder."""
        return max(
            (1 + self.height(child) for child in self.children.get(folder_id, ())), default=0
        )

    def below(self, folder_id: int) -> Iterator[int]:
        """Give a folder and all under it."""
        yield folder_id
        for child in self.children.get(folder_id, ()):
            yield from self.below(child)

    def document(self, folder_id: int, path: str, *, subfolders: bool) -> Document:
        """Give a folder as the API shows it."""
        folder = self.folders[folder_id]
        shown: Document = {name: folder[name] for name in _MEMBERS}
        shown["path"] = path
        children = self.children.get(folder_id, ())
        if subfolders and (children or self.leaves_have_subfolders):
            shown["subFolders"] = [
                self.document(child, f"{path}/{self.folders[child]['name']}", subfolders=True)
                for child in children
            ]
        return shown

    def only(self, wanted: set[int]) -> "Tree":
        """Give the tree of the wanted folders and those above them."""
        kept = {ROOT_FOLDER_ID}
        for folder_id in wanted & self.folders.keys():
            above = folder_id
            while above not in kept:
                kept.add(above)
                above = _parent_id(self.folders[above])
        children = {
            parent: [child for child in below if child in kept]
            for parent, below in self.children.items()
            if parent in kept
        }
        return Tree(self.folders, children, self.leaves_have_subfolders)


def folder_exists(call: Call, kind: Kind, folder_id: int) -> bool:
    """Tell whether a folder, or the root, exists."""
    if folder_id == ROOT_FOLDER_ID:
        return True
    query = f"SELECT 1 FROM {kind.table} WHERE id = ?"  # noqa: S608
    return call.conn.execute(query, (folder_id,)).fetchone() is not None


def folder_ids(call: Call, kind: Kind) -> list[int]:
    """Give the folders that a list call's `folderId` selects; empty when it selects none in particular."""
    asked = call.numbers("folderId")
    if not asked or not call.choices.folder_filter_includes_subfolders:
        return asked
    tree = read_tree(call, kind)
    return [found for folder_id in asked for found in tree.below(folder_id)]


def read_tree(call: Call, kind: Kind) -> Tree:
    """Read a whole tree."""
    rows = call.conn.execute(f"SELECT id, parent_id, document FROM {kind.table} ORDER BY id")  # noqa: S608
    return _tree(call, kind, rows)


def read_branch(call: Call, kind: Kind, folder_id: int, levels: int = _ALL_LEVELS) -> Tree:
    """Read one folder, those above it and so many levels of those below: all that its own answers need.

    Reading the whole tree for each folder would make filling a large account quadratic.
    """
    table = kind.table
    rows = call.conn.execute(
        f"WITH RECURSIVE above (id, parent_id) AS (SELECT id, parent_id FROM {table} WHERE id = :folder"  # noqa: S608
        f" UNION SELECT f.id, f.parent_id FROM {table} AS f JOIN above ON f.id = above.parent_id),"
        f" below (id, level) AS (SELECT :folder, 0 UNION SELECT f.id, level + 1 FROM {table} AS f"
        " JOIN below ON f.parent_id = below.id WHERE level < :levels)"
        f" SELECT id, parent_id, document FROM {table}"
        " WHERE id IN (SELECT id FROM above UNION SELECT id FROM below) ORDER BY id",
        {"folder": folder_id, "levels": levels},
    )
    return _tree(call, kind, rows)


def _tree(call: Call, kind: Kind, rows: Iterable[sqlite3.Row]) -> Tree:
    root_name = (
        call.choices.trait_root_name if kind is TRAIT_FOLDER else call.choices.segment_root_name
    )
    folders: dict[int, Document] = {
        ROOT_FOLDER_ID: {
            "folderId": ROOT_FOLDER_ID,
            "parentFolderId": call.choices.root_parent_folder_id,
            "name": root_name,
            "pid": COMPANY_ID,
        }
    }
    children: dict[int, list[int]] = {}
    for row in rows:
        folders[row["id"]] = json.loads(row["document"])
        children.setdefault(row["parent_id"], []).append(row["id"])
    return Tree(folders, children, call.choices.leaf_folders_have_subfolders)


def _parent_id(folder: Document) -> int:
    parent_id = folder["parentFolderId"]
    return parent_id if isinstance(parent_id, int) else ROOT_FOLDER_ID
