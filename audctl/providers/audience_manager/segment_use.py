"""Which destinations get a segment: asked of single segments, before one goes for good.

Contract: ``includeInUseStatus`` on a single read adds ``mappedEntities.destinations``, the ids of the destinations it
is mapped to. Lists of mappings would be one per destination, of which there may be a thousand.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from audctl.errors import NotFoundError
from audctl.providers.audience_manager.codec import decode_text
from audctl.providers.audience_manager.rest import segment_of_path

if TYPE_CHECKING:
    from collections.abc import Collection

    from audctl.providers.audience_manager.rest import RestClient

_ASKING: Final = {"includeInUseStatus": True}
_AT_ONCE: Final = 8


def read_destinations(rest: RestClient, live_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Return destination ids by segment id; a segment of which the API does not tell is left out."""
    wanted = sorted(set(live_ids))
    with ThreadPoolExecutor(max(1, min(_AT_ONCE, len(wanted)))) as pool:
        found = zip(wanted, pool.map(lambda each: _destinations(rest, each), wanted), strict=True)
        return {live_id: told for live_id, told in found if told is not None}


def _destinations(rest: RestClient, live_id: str) -> frozenset[str] | None:
    try:
        row = rest.read(f"/segments/{segment_of_path(live_id)}", _ASKING).row
    except NotFoundError:
        return frozenset()
    mapped = row.get("mappedEntities")
    told = mapped.get("destinations") if isinstance(mapped, dict) else None
    if not isinstance(told, list):
        return None
    return frozenset(decode_text(each) for each in told)
