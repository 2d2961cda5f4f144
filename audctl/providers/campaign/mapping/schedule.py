"""Schedules: ``daily 03:00``, ``weekly monday 03:00``, ``every 6h`` or ``manual`` ↔ a scheduler's period.

How the console writes a period is not public beyond the names of some assignments, so each form is a template
among the settings. Any other period reads as ``custom: …`` and so shows as a difference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audctl.errors import RejectedError

if TYPE_CHECKING:
    from audctl.providers.campaign.names import CampaignNames

MANUAL = "manual"
"""No scheduler: the workflow runs when somebody starts it."""
CUSTOM = "custom: "
"""Before a period that no template fits; written back as it was read."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TEXT = re.compile(
    rf"(?P<daily>daily) (?P<time>{_TIME})"
    rf"|weekly (?P<day>{'|'.join(_DAYS)}) (?P<day_time>{_TIME})"
    r"|every (?P<count>[1-9]\d{0,3})(?P<unit>h|m)"
)
_SHORTEST_MIN = 15
"""The documentation forbids schedules more frequent than this."""
_ASSIGNMENT = re.compile(r"(\w+)\s*=\s*('[^']*'|\"[^\"]*\"|[^\s;]*)")
_PATTERNS = {
    "time": rf"(?P<time>{_TIME})",
    "day": r"(?P<day>[1-7])",
    "span": r"(?P<count>[1-9]\d{0,3})(?P<unit>h|mn)",
}


def period_of(schedule: str, names: CampaignNames) -> str:
    """Return the period of a schedule text; raise RejectedError when it is none of the known forms."""
    if schedule.startswith(CUSTOM):
        return schedule.removeprefix(CUSTOM)
    found = _TEXT.fullmatch(schedule.strip().lower())
    if found is None:
        raise RejectedError(
            f'{schedule!r} is no schedule: expected "daily 03:00", "weekly monday 03:00", "every 6h" or "manual"'
        )
    if found["daily"]:
        return names.schedule_daily.replace("{time}", found["time"])
    if found["day"]:
        day = str(_DAYS.index(found["day"]) + 1)
        return names.schedule_weekly.replace("{day}", day).replace("{time}", found["day_time"])
    if found["unit"] == "m" and int(found["count"]) < _SHORTEST_MIN:
        raise RejectedError(
            f"{schedule!r}: schedules shorter than {_SHORTEST_MIN} minutes are forbidden"
        )
    unit = "mn" if found["unit"] == "m" else "h"
    return names.schedule_every.replace("{span}", f"{found['count']}{unit}")


def schedule_of(period: str, names: CampaignNames) -> str:
    """Return the schedule text of a period; ``custom: …`` for one that fits no template."""
    given = _assignments(period)
    found = _match(given, names.schedule_daily)
    if found is not None:
        return f"daily {found['time']}"
    found = _match(given, names.schedule_weekly)
    if found is not None:
        return f"weekly {_DAYS[int(found['day']) - 1]} {found['time']}"
    found = _match(given, names.schedule_every)
    if found is not None:
        return f"every {found['count']}{found['unit'][0]}"
    return f"{CUSTOM}{period.strip()}"


def _assignments(period: str) -> dict[str, str]:
    return {name: value.strip("'\"") for name, value in _ASSIGNMENT.findall(period)}


def _match(given: dict[str, str], template: str) -> dict[str, str] | None:
    """Return what varies when the same names are assigned matching values, in any order; None otherwise."""
    wanted = _assignments(template)
    if given.keys() != wanted.keys():
        return None
    found: dict[str, str] = {}
    for name, pattern in wanted.items():
        expression = re.escape(pattern)
        for placeholder, meaning in _PATTERNS.items():
            expression = expression.replace(re.escape(f"{{{placeholder}}}"), meaning)
        match = re.fullmatch(expression, given[name])
        if match is None:
            return None
        found |= match.groupdict()
    return found
