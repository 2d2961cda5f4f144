"""``campaign.list``: the definition of a list (nms:group). Its members belong to Campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.live import Origin
from audctl.model.objects import Form
from audctl.providers.campaign.mapping.columns import Column
from audctl.providers.campaign.mapping.table import TableMapping
from audctl.providers.campaign.query import Node

if TYPE_CHECKING:
    from lxml import etree

    from audctl.providers.campaign.names import CampaignNames

_TEMPLATE = "3"


class ListMapping(TableMapping):
    """Lists of every kind; templates may be referred to, never written."""

    object_type = "campaign.list"
    schema = "nms:group"
    refuses_second = True

    def _columns(self, names: CampaignNames) -> tuple[Column, ...]:  # noqa: ARG002 - all public
        return (
            Column("name", "@name"),
            Column("label", "@label"),
            Column("description", "desc"),
            Column("folder", "[@folder-id]", Form.REFERENCE),
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What a row must be selected with."""
        return (*super().nodes, Node("@type"))

    def origin(self, row: etree._Element) -> Origin:
        """Tell templates from lists."""
        return Origin.READ_ONLY if row.get("type") == _TEMPLATE else Origin.CUSTOMER
