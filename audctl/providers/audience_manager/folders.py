"""Trait folders and segment folders: two trees without paging, each read in one call.

Contract: folder calls as the vendor's bulk worksheet makes them; the list has one element, the root, whose
name is part of the documented ``path``. Our paths are built from the names below the root instead.

Once the tree has been read, single folders are read alone: path and children of a single answer are believed only
where they fit what the tree showed; otherwise the tree is read again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from audctl.errors import InvalidAnswerError, NotFoundError, RejectedError
from audctl.model.live import LiveObject, Origin
from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import decode_text
from audctl.providers.audience_manager.kind import changed_at
from audctl.providers.audience_manager.rest import segment_of_path
from audctl.providers.audience_manager.write_back import (
    check_kept,
    check_unchanged,
    confirm_gone,
    is_in_place,
    read_back,
    read_created,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from audctl.ports import WriteValue
    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.ownership import Ownership
    from audctl.providers.audience_manager.rest import RestClient


class Folders:
    """Reads and writes one tree."""

    def __init__(self, object_type: str, path: str, rest: RestClient, ownership: Ownership) -> None:
        """``path`` is ``/folders/traits/`` or ``/folders/segments/``."""
        self.type = object_type
        self._path = path
        self._rest = rest
        self._ownership = ownership
        self._root = ""
        """What the system puts before our paths: ``/`` and the root's name; empty before the tree was read."""
        self._ids: dict[str, str] = {}
        """By path, as last seen; a hint where to look, never an answer."""

    def read(self) -> list[LiveObject]:
        """Read the whole tree; the root itself is not an object."""
        answer = self._rest.read_any(self._path)
        if not isinstance(answer, list) or not all(isinstance(each, dict) for each in answer):
            raise InvalidAnswerError(
                f"GET {self._path}: an array with the root was expected",
                operation=f"GET {self._path}",
            )
        if len(answer) == 1 and (name := decode_text(answer[0].get("name"))):
            self._root = f"/{name}"
        found = [each for root in answer for each in self._below(root, names.ROOT_FOLDER, "")]
        self._ids = {each.key[0]: each.id for each in found}
        return found

    def get(self, live_id: str) -> LiveObject | None:
        """Read one again; None when it is gone."""
        if self._root:
            try:
                row = self._rest.read(f"{self._path}{segment_of_path(live_id)}").row
            except NotFoundError:
                return None
            if path := self._path_of(row):
                return self._live(row, decode_text(row.get("parentFolderId")), path)
        return next((each for each in self.read() if each.id == live_id), None)

    def find(self, key: tuple[str, ...]) -> LiveObject | None:
        """Look one up by its path: among the children of its parent where that is possible."""
        siblings = self._children(key[0].rpartition("/")[0])
        return next((each for each in siblings or self.read() if each.key == key), None)

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Create by parent and last name of the path, and read back."""
        created = self._rest.create(self._path, _body(fields))
        live_id = decode_text(created.get("folderId"))
        return read_created(lambda: self.get(live_id), fields, f"POST {self._path}")

    def update(self, live: LiveObject, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Move or rename: both members are always sent, as the API demands."""
        operation = f"PUT {self._path}{live.id}"
        now = self.get(live.id)
        if now is None:
            raise NotFoundError(f"{operation}: it is gone", operation=operation)
        if is_in_place(now, fields):
            return now
        check_unchanged(now, live, operation)
        self._rest.replace(f"{self._path}{live.id}", _body({**now.fields, **fields}))
        after = read_back(lambda: self.get(live.id), operation)
        check_kept(after, fields, operation)
        return after

    def delete(self, live: LiveObject) -> None:
        """Delete and look; the system refuses while something is in it (ConflictError)."""
        with suppress(NotFoundError):
            self._rest.delete(f"{self._path}{live.id}")
        confirm_gone(lambda: self.get(live.id), f"DELETE {self._path}{live.id}")

    def _below(self, row: Row, row_id: str, path: str) -> Iterator[LiveObject]:
        children = row.get("subFolders")
        for child in children if isinstance(children, list) else ():
            if not isinstance(child, dict):
                raise InvalidAnswerError(f"GET {self._path}: a folder is not an object")
            found = self._live(child, row_id, f"{path}/{decode_text(child.get('name'))}")
            yield found
            yield from self._below(child, found.id, found.key[0])

    def _live(self, row: Row, parent: str, path: str) -> LiveObject:
        live_id = decode_text(row.get("folderId"))
        self._ids[path] = live_id
        return LiveObject(
            type=self.type,
            id=live_id,
            fields={"path": path, "parent": parent},
            origin=self._origin(row, path),
            changed_at=changed_at(row),
            changed_by=decode_text(row.get("upUID")),
        )

    def _children(self, path: str) -> list[LiveObject]:
        """Return what lies in a folder; empty when only the tree can tell."""
        live_id = self._ids.get(path)
        if live_id is None:
            return []
        address = f"{self._path}{segment_of_path(live_id)}"
        try:
            row = self._rest.read(address, {"includeSubFolders": True}).row
        except NotFoundError:
            return []
        return list(self._below(row, live_id, path)) if self._path_of(row) == path else []

    def _path_of(self, row: Row) -> str:
        """Return our path of a folder that was read alone; empty when its answer does not say for certain."""
        whole, name = decode_text(row.get("path")), decode_text(row.get("name"))
        if not self._root or not whole.startswith(f"{self._root}/") or "parentFolderId" not in row:
            return ""
        return whole.removeprefix(self._root) if name and whole.endswith(f"/{name}") else ""

    def _origin(self, row: Row, path: str) -> Origin:
        if decode_text(row.get("pid")) not in {"", self._ownership.company()}:
            return Origin.READ_ONLY
        server_made = self.type == "aam.traitFolder" and path in names.SERVER_TRAIT_FOLDERS
        return Origin.SERVER if server_made else Origin.CUSTOMER


def _body(fields: Mapping[str, WriteValue]) -> Row:
    name = str(fields.get("path") or "").rpartition("/")[2]
    parent = str(fields.get("parent") or names.ROOT_FOLDER)
    if not name:
        raise RejectedError("a folder needs a path")
    return {"name": name, "parentFolderId": int(parent) if parent.isdigit() else parent}
