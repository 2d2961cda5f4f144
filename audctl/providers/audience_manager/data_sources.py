"""Data sources: id spaces, and owners of traits and segments.

Contract: documentation of data-source settings and the getting-started sample (the only complete object);
create bodies as vendor labs and a data provider's script send them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import FLAG, TEXT, Member, word_sets, words
from audctl.providers.audience_manager.kind import Kind
from audctl.providers.audience_manager.ownership import DATA_SOURCES, Ownership

if TYPE_CHECKING:
    from audctl.providers.audience_manager.codec import Row


def _complete(body: Row) -> Row:
    cross_device = body.get("idType") == "CROSS_DEVICE"
    return {
        "description": "",
        "type": names.GENERAL_DATA_SOURCE,
        **({"subIdType": names.SUB_ID_TYPE_OF_CROSS_DEVICE} if cross_device else {}),
        # Only a new data source takes these; without them nothing keeps integration codes unique.
        "uniqueTraitIntegrationCodes": True,
        "uniqueSegmentIntegrationCodes": True,
        **body,
    }


DATA_SOURCE = Kind(
    type="aam.dataSource",
    path=DATA_SOURCES,
    id_name="dataSourceId",
    members=(
        Member("label", "name", TEXT),
        Member("description", "description", TEXT),
        Member("integrationCode", "integrationCode", TEXT),
        Member("type", "idType", words(names.ID_TYPES)),
        Member("inbound", "inboundS2S", FLAG),
        Member("outbound", "outboundS2S", FLAG),
        Member("exportControls", "dataExportRestrictions", word_sets(names.EXPORT_CONTROLS)),
    ),
    origin=lambda row, ownership: Ownership.of_data_source(ownership, row),
    new=_complete,
    by_code=False,
)
