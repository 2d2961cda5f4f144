"""Segments: the audiences themselves.

Contract: documentation of segment pages; wire members as third-party clients and the vendor's worksheet read
them. Whether list rows carry the merge rule is not known; where they do not, one list filtered by each merge
rule that matters tells it (an account has four at most). Elsewhere an absent one is unknown, not empty.
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
    from collections.abc import Collection

    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.rest import RestClient

_PATH = "/segments/"
_ID = "sid"
_MERGE_RULE = "mergeRuleDataSourceId"


def _complete(body: Row) -> Row:
    return {"description": "", "folderId": int(names.ROOT_FOLDER), **body}


SEGMENT = Kind(
    type="aam.segment",
    path=_PATH,
    id_name=_ID,
    members=(
        Member("label", "name", TEXT),
        Member("description", "description", TEXT),
        Member("dataSource", "dataSourceId", ID),
        Member("integrationCode", "integrationCode", TEXT),
        Member("folder", "folderId", ID),
        Member("rule", "segmentRule", SEGMENT_RULE),
        Member("mergeRule", _MERGE_RULE, numbers(), optional=True),
        Member("status", "status", words(names.SEGMENT_STATES)),
    ),
    origin=lambda row, ownership: Ownership.of_member(ownership, row),
    new=_complete,
)


def add_merge_rules(rows: list[Row], merge_rules: Collection[str], rest: RestClient) -> list[Row]:
    """Return list rows with those merge rules in them; rows that say theirs already stay as they are.

    A segment with any other merge rule stays without: that is all that a comparison needs to know of it.
    """
    if all(_MERGE_RULE in row for row in rows):
        return rows
    known = {
        row[_ID]: rule
        for rule in sorted(merge_rules)
        for row in rest.rows(_PATH, (_ID,), {_MERGE_RULE: rule})
    }
    return [
        {**row, _MERGE_RULE: known[row[_ID]]}
        if _MERGE_RULE not in row and row[_ID] in known
        else row
        for row in rows
    ]
