"""``campaign.sharedList``: the shared-audience side of a list, on the same row of nms:group.

It exists while the row's flag is set: to create it is to set the flag, to delete it is to clear the flag and
what goes with it. The list itself stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.errors import ConflictError, NotFoundError
from audctl.model.objects import Form
from audctl.providers.aftermath import after_write
from audctl.providers.campaign.mapping.columns import Column
from audctl.providers.campaign.mapping.table import Instance, TableMapping, id_condition
from audctl.providers.campaign.names import attribute_of
from audctl.providers.campaign.persist import write
from audctl.providers.campaign.query import Node, get_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from audctl.model.live import LiveObject
    from audctl.model.value import LiveValue
    from audctl.ports import WriteValue
    from audctl.providers.campaign.names import CampaignNames

_FLAG_SETTING = "listIsShared"


class SharedListMapping(TableMapping):
    """Lists marked as shared audiences; live id = the list's id."""

    object_type = "campaign.sharedList"
    schema = "nms:group"
    refuses_second = True

    def __init__(self, instance: Instance) -> None:
        self._flag = attribute_of(instance.names.list_is_shared)
        super().__init__(instance)

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:
        return (
            Column("audience", names.list_audience, Form.REFERENCE, "listAudience"),
            Column("audienceName", names.list_audience_name, setting="listAudienceName"),
            Column("dataSource", names.list_data_source, Form.REFERENCE, "listDataSource"),
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a row must be selected with."""
        return (*super().nodes, Node(self.instance.names.list_is_shared))

    def decode(self, row: etree._Element) -> LiveObject | None:
        """Return the shared-audience side of a row; None when its flag is not set."""
        return super().decode(row) if row.get(self._flag) in {"1", "true"} else None

    def read_fields(self, row: etree._Element) -> dict[str, LiveValue]:
        """Return the fields, the list's own id among them."""
        return {"list": row.get("id", ""), **super().read_fields(row)}

    def key_conditions(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """Return the condition on the list's id, which is the key."""
        return (id_condition(key[0]),)

    def create(self, fields: Mapping[str, WriteValue]) -> LiveObject:
        """Mark an existing list; raise ConflictError when it is marked already."""
        (list_id,) = self._key_of(fields)
        operation = f"create {self.object_type} of list {list_id}"
        row = get_first(self.instance.client, self.schema, self.nodes, (id_condition(list_id),))
        if row is None:
            raise NotFoundError(f"{operation}: there is no such list", operation=operation)
        if self.decode(row) is not None:
            raise ConflictError(
                f"{operation}: the list is a shared audience already", operation=operation
            )
        self._mark(list_id, fields, operation, shared=True)
        with after_write():
            marked = self.get(list_id)
        return self.confirm(marked, fields, operation)

    def delete(self, live: LiveObject) -> None:
        """Clear the mark and the fields that go with it."""
        operation = f"delete {self.object_type} of list {live.id}"
        if self.get(live.id) is None:
            return
        cleared = dict.fromkeys(("audience", "audienceName", "dataSource"), None)
        self._mark(live.id, cleared, operation, shared=False)
        with after_write():
            left = self.get(live.id)
        if left is not None:
            raise ConflictError(f"{operation}: the list is still marked", operation=operation)

    def _mark(
        self, list_id: str, fields: Mapping[str, WriteValue], operation: str, *, shared: bool
    ) -> None:
        self.require_names(fields, operation)
        self.instance.catalog.require(self.instance.names, (_FLAG_SETTING,), operation)
        row = self.build_row("update", fields, key="@id", live_id=list_id)
        row.set(self._flag, "true" if shared else "false")
        write(self.instance.client, row)
