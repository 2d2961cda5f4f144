"""How many people are in segments, as the platform last counted them.

Contract: ``includeMetrics`` on lists and single reads; names of the metrics as a public client of the API spells
them. The total population of one day is, in the words of the segment builder's page, everybody who was qualified as of
yesterday. A number may be 24 hours old.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from audctl.errors import NotFoundError
from audctl.providers.audience_manager.codec import decode_number, decode_text
from audctl.providers.audience_manager.rest import segment_of_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.rest import RestClient

POPULATION: Final = "totalUniques1Day"

ONE_BY_ONE: Final = 8
"""So few segments are read singly: one call each costs less than a list of 20,000 rows with all their metrics."""

_PATH: Final = "/segments/"
_ID: Final = "sid"
_ASKING: Final = {"includeMetrics": True}


def count_population(rest: RestClient, live_ids: Collection[str], metric: str) -> dict[str, int]:
    """Return the population by segment id; a segment whose row does not say it is left out."""
    wanted = sorted(set(live_ids))
    if len(wanted) > ONE_BY_ONE:
        return _counts(rest.rows(_PATH, (_ID,), _ASKING), metric, frozenset(wanted))
    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        rows = pool.map(lambda each: _row(rest, each), wanted)
        return _counts((row for row in rows if row is not None), metric, frozenset(wanted))


def _row(rest: RestClient, live_id: str) -> Row | None:
    try:
        return rest.read(f"{_PATH}{segment_of_path(live_id)}", _ASKING).row
    except NotFoundError:
        return None


def _counts(rows: Iterable[Row], metric: str, wanted: frozenset[str]) -> dict[str, int]:
    found = {}
    for row in rows:
        live_id, people = decode_text(row.get(_ID)), decode_number(row.get(metric))
        if live_id in wanted and people is not None and people >= 0:
            found[live_id] = people
    return found
