"""Tables of people in Campaign, and pages of their rows. Rows hold ids of people: nothing here has a repr."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PeopleKind(StrEnum):
    """Which table."""

    RECIPIENTS = "recipients"
    """One row each: key, ``1`` when opted out else ``0``, then the attributes asked for."""
    TRACKING_LOGS = "trackingLogs"
    """One row for each tracked click with a visitor id: key, the recipient's key, visitor id."""
    MEMBERS = "members"
    """One row for each member of a list: the recipient's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleTable:
    """What is read."""

    kind: PeopleKind
    attributes: tuple[str, ...] = ()
    """XPaths from a recipient, as manifests spell reconciliation keys: ``@account``, ``[location/@city]``."""
    list_id: str = ""
    """Of the list whose members are read."""
    among: tuple[str, ...] | None = None
    """Only the rows with one of these values, at most some hundred: recipients by ``by``, tracking logs by visitor id.
    None: all."""
    by: str = ""
    """Attribute of recipients; empty: their key."""


@dataclass(frozen=True, slots=True, repr=False)
class PeoplePage:
    """Some rows in the order of their keys, which are whole numbers and come first."""

    rows: tuple[tuple[str, ...], ...]
    last: int
    """Key of the last row: reading goes on behind it."""
