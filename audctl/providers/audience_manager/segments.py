"""Segments: the audiences themselves.

Contract: documentation of segment pages; wire members as third-party clients and the vendor's worksheet read
them. Whether list rows carry the merge rule is unknown: absent there, it is unknown, not empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import (
    ID,
    SEGMENT_RULE,
    TEXT,
    Member,
    numbers,
    words,
)
from audctl.providers.audience_manager.kind import Kind
from audctl.providers.audience_manager.ownership import Ownership

if TYPE_CHECKING:
    from audctl.providers.audience_manager.codec import Row


def _complete(body: Row) -> Row:
    return {"description": "", "folderId": int(names.ROOT_FOLDER), **body}


SEGMENT = Kind(
    type="aam.segment",
    path="/segments/",
    id_name="sid",
    members=(
        Member("label", "name", TEXT),
        Member("description", "description", TEXT),
        Member("dataSource", "dataSourceId", ID),
        Member("integrationCode", "integrationCode", TEXT),
        Member("folder", "folderId", ID),
        Member("rule", "segmentRule", SEGMENT_RULE),
        Member("mergeRule", "mergeRuleDataSourceId", numbers(), optional=True),
        Member("status", "status", words(names.SEGMENT_STATES)),
    ),
    origin=lambda row, ownership: Ownership.of_member(ownership, row),
    new=_complete,
)
