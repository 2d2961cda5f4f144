"""Traits: rule-based and onboarded ones are managed, all others only seen.

Contract: documentation of trait pages; wire members as the vendor's bulk worksheet and third-party clients send
and read them. The list must be asked for details and not for metrics, or rules are missing from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audctl.model.live import Origin
from audctl.providers.audience_manager import names
from audctl.providers.audience_manager.codec import (
    ID,
    TEXT,
    TRAIT_RULE,
    Member,
    decode_text,
    numbers,
    words,
)
from audctl.providers.audience_manager.kind import Kind

if TYPE_CHECKING:
    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.ownership import Ownership


def _origin(row: Row, ownership: Ownership) -> Origin:
    if decode_text(row.get("traitType")) in names.SERVER_TRAIT_TYPES:
        return Origin.SERVER
    return ownership.of_member(row)


def _complete(body: Row) -> Row:
    return {
        "description": "",
        "folderId": int(names.ROOT_FOLDER),
        "ttl": names.DEFAULT_TTL_DAYS,
        "comments": "",
        **body,
    }


TRAIT = Kind(
    type="aam.trait",
    path="/traits/",
    id_name="sid",
    members=(
        Member("label", "name", TEXT),
        Member("description", "description", TEXT),
        Member("type", "traitType", words(names.TRAIT_TYPES)),
        Member("dataSource", "dataSourceId", ID),
        Member("integrationCode", "integrationCode", TEXT),
        Member("folder", "folderId", ID),
        Member("rule", "traitRule", TRAIT_RULE),
        Member("ttlDays", "ttl", numbers(names.DEFAULT_TTL_DAYS)),
        Member("comments", "comments", TEXT),
    ),
    origin=_origin,
    new=_complete,
    list_params={"includeDetails": "true"},
)
