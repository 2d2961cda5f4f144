"""What went out to destinations: the outbound history, one call for each destination.

The history is documented with its members, in one sample; both ends of the interval are required.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from audctl.errors import InvalidAnswerError
from audctl.model.synchronisation import Transfer
from audctl.providers.audience_manager.codec import decode_number, decode_text
from audctl.providers.audience_manager.rest import segment_of_path

if TYPE_CHECKING:
    from audctl.providers.audience_manager.codec import Row
    from audctl.providers.audience_manager.rest import RestClient

_IDS: Final = ("pushID", "dataFileName", "startTime")
"""A transfer in several files may share its push; together they tell rows apart, should they come in pages."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def read_transfers(
    rest: RestClient, destination: str, *, since: datetime, until: datetime
) -> tuple[Transfer, ...]:
    """Return what was sent to a destination between two moments, oldest first."""
    path = f"/destinations/{segment_of_path(destination)}/history/outbound"
    params = {"startDate": _to_epoch(since), "endDate": _to_epoch(until)}
    found = [_transfer(row, path) for row in rest.rows(path, _IDS, params, sort=False)]
    return tuple(sorted(found, key=lambda each: each.ended_at))


def _transfer(row: Row, path: str) -> Transfer:
    started, ended = (_moment(row.get(name)) for name in ("startTime", "endTime"))
    if started is None:
        raise InvalidAnswerError(
            f"GET {path}: a transfer without its time", operation=f"GET {path}"
        )
    return Transfer(
        data_source=decode_text(row.get("dataProviderID")) or "",
        started_at=started,
        ended_at=ended or started,
        # Only what is said to have gone out has; a missing word is no success.
        succeeded=row.get("success") is True,
    )


def _to_epoch(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _moment(value: object) -> datetime | None:
    number = decode_number(value)
    try:
        return None if number is None else _EPOCH + number * _MILLISECOND
    except OverflowError:
        return None
