"""When a scheduler fires. Its period is a text of assignments; one that says nothing means daily, at midnight UTC."""

import re
from datetime import UTC, datetime, timedelta

_ASSIGNMENT = re.compile(r"(m_\w+)\s*=\s*'?([^;']*)'?")
_SPAN = re.compile(r"(\d{1,6})\s*(mn|h|d|s)?", re.ASCII)
_FIXED = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_UNITS = {"s": 1, "mn": 60, "h": 3600, "d": 86_400, None: 1}
_SPAN_MODE, _WEEK_MODE = "1", "2"
SHORTEST_SPAN = timedelta(minutes=15)
"""The documentation forbids more frequent schedules."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def next_run(period: str, after: datetime) -> datetime:
    """Give the first time after `after` at which a period fires."""
    said = dict(_ASSIGNMENT.findall(period))
    span = _SPAN.fullmatch(said.get("m_tmSpanTime", "").strip())
    if said.get("m_iTimeMode") == _SPAN_MODE and span is not None:
        return next_multiple(timedelta(seconds=int(span[1]) * _UNITS[span[2]]), after)
    days = {int(day) for day in re.findall(r"[1-7]", said.get("m_iWeekDays", ""))}
    if said.get("m_iDayMode") != _WEEK_MODE or not days:
        days = set(range(1, 8))
    at = _fixed_time(said.get("m_tmFixedTime", ""))
    moment = after.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + at
    while moment <= after or moment.isoweekday() not in days:
        moment += DAY
    return moment


def next_multiple(span: timedelta, after: datetime) -> datetime:
    """Give the first whole multiple of a span, counted from midnight UTC, after `after`."""
    step = max(span, SHORTEST_SPAN)
    return _EPOCH + ((after - _EPOCH) // step + 1) * step


def next_hour_of_day(hour: int, after: datetime) -> datetime:
    """Give the first time after `after` at which it is a given hour, UTC."""
    moment = after.astimezone(UTC).replace(hour=hour % 24, minute=0, second=0, microsecond=0)
    return moment if moment > after else moment + DAY


def _fixed_time(text: str) -> timedelta:
    match = _FIXED.fullmatch(text.strip())
    if match is None:
        return timedelta()
    at = timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3] or 0))
    return at if at < DAY else timedelta()
