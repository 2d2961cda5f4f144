"""``campaign.folder``: a node of the console's tree, found by the path of labels that ``@fullName`` holds.

A new folder takes model and entity from its parent, so that it holds the same kind of thing. Its internal name
must be unique in the instance and says nothing to a person: it is derived from the path, so that creating the
same path twice meets the unique index instead of making a second folder.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from audctl.errors import ConflictError, RejectedError
from audctl.model.live import Origin
from audctl.model.objects import Form
from audctl.providers.aftermath import after_write
from audctl.providers.campaign.mapping.columns import Column
from audctl.providers.campaign.mapping.table import TableMapping, id_condition
from audctl.providers.campaign.persist import row_document, write
from audctl.providers.campaign.query import ID, Node, count, equals, get_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from audctl.model.live import LiveObject
    from audctl.model.value import LiveValue
    from audctl.ports import WriteValue
    from audctl.providers.campaign.names import CampaignNames

_INHERITED = ("model", "entity", "schema", "image-namespace", "image-name")
_CONTENT = ("xtk:folder", "nms:group", "xtk:workflow", "nms:recipient")
_PACKAGED = re.compile(r"(xtk|nms|ncm|nl|crm|mrm)[A-Z]")
_MAX_SLUG = 32


class FolderMapping(TableMapping):
    """Folders of the whole tree."""

    object_type = "campaign.folder"
    schema = "xtk:folder"
    audited = False

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:  # noqa: ARG002 - all public
        return (
            Column("path", "@fullName"),
            Column("parent", "[@parent-id]", Form.REFERENCE),
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a row must be selected with."""
        return (*super().nodes, Node("@name"))

    def origin(self, row: etree._Element) -> Origin:
        """Tell the packages' own folders, whose names begin with their namespace, from the customer's."""
        return Origin.SERVER if _PACKAGED.match(row.get("name", "")) else Origin.CUSTOMER

    def read_fields(self, row: etree._Element) -> dict[str, LiveValue]:
        """Return path (without the final slash) and parent."""
        fields = super().read_fields(row)
        fields["path"] = row.get("fullName", "").rstrip("/") or "/"
        return fields

    def key_conditions(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Return the condition on the full name, which ends with a slash."""
        return (equals("@fullName", f"{key[0].rstrip('/')}/"),)

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Insert a folder under its parent."""
        (path,) = self._key_of(fields)
        operation = f"create {self.object_type} {path}"
        parent_id = str(fields.get("parent") or "")
        if not parent_id:
            raise RejectedError(
                f"{operation}: a top-level folder is not made by audctl: create it in the console,"
                " or choose a path under an existing one",
                operation=operation,
            )
        parent = self._parent(parent_id, operation)
        if parent.get("fullName", "").rstrip("/") != path.rpartition("/")[0]:
            raise RejectedError(
                f"{operation}: folder {parent_id} is {parent.get('fullName', '')!r}, not its parent",
                operation=operation,
            )
        inherited = {name: parent.get(name, "") for name in _INHERITED if parent.get(name)}
        write(
            self.instance.client,
            row_document(
                self.schema,
                "insert",
                {
                    "name": internal_name(path),
                    "label": path.rpartition("/")[2],
                    "parent-id": parent_id,
                    **inherited,
                },
            ),
        )
        with after_write():
            made = self.find((path,))
        return self.confirm(made, fields, operation)

    def attributes(self, fields: Mapping[str, WriteValue]) -> tuple[dict[str, str], dict[str, str]]:
        """Return label and parent: the full name is the server's own."""
        attributes, memos = super().attributes(fields)
        path = attributes.pop("fullName", "")
        if path:
            attributes["label"] = path.rstrip("/").rpartition("/")[2]
        return attributes, memos

    def delete(self, live: LiveObject) -> None:
        """Delete an empty folder; raise ConflictError when anything is in it.

        What a live system does with the content of a deleted folder is not public: it is never found out here.
        """
        operation = f"delete {self.object_type} {live.key[0]}"
        for schema in _CONTENT:
            link = "[@parent-id]" if schema == self.schema else "[@folder-id]"
            held = count(self.instance.client, schema, (f"{link} = {int(live.id)}",))
            if held:
                raise ConflictError(
                    f"{operation}: it holds {held} rows of {schema}", operation=operation
                )
        super().delete(live)

    def _parent(self, parent_id: str, operation: str) -> etree._Element:
        nodes = (
            ID,
            Node("@fullName"),
            *(Node(f"[@{name}]" if "-" in name else f"@{name}") for name in _INHERITED),
        )
        parent = get_first(self.instance.client, self.schema, nodes, (id_condition(parent_id),))
        if parent is None:
            raise RejectedError(f"{operation}: there is no parent folder {parent_id}")
        return parent


def internal_name(path: str) -> str:
    """Return a folder's unique internal name: readable part of its label, then a digest of its whole path."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", path.rpartition("/")[2]).strip("_")[:_MAX_SLUG]
    digest = hashlib.sha256(path.encode()).hexdigest()[:16]
    return f"audctl_{slug}_{digest}" if slug else f"audctl_{digest}"
