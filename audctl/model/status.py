"""How each binding of a project stands: definition, workflows that serve it, people, and how fresh they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.model.effect import SMALL_COUNT
from audctl.model.selection import EVERYTHING, Selection

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from audctl.model.address import Address
    from audctl.model.report import ReadFailure
    from audctl.model.settling import Stage
    from audctl.model.span import Span
    from audctl.model.synchronisation import WorkflowRun

_WHOLE = 100


class Definition(StrEnum):
    """Whether what a binding consists of is live as its manifests say; the worst of its objects counts."""

    IN_PLACE = "in place"
    NOT_APPLIED = "not applied"
    """Waits for an apply: it was never made, or its manifest has changed since."""
    DIFFERS = "differs"
    """Somebody else changed it live."""
    GONE = "gone"
    """It was applied, and is not there any more."""
    UNKNOWN = "unknown"
    """It could not be read."""


class Freshness(StrEnum):
    """How a binding's people stand towards the time they may take."""

    OK = "ok"
    PENDING = "pending"
    """On its way since the last apply, and within the time that takes; or nobody has applied it yet."""
    OVERDUE = "overdue"
    """What should have arrived has not, or cannot: too old, never came, a workflow that stands still."""
    UNKNOWN = "unknown"
    """Could not be judged, because something could not be read. Never green."""


class Direction(StrEnum):
    """Which way people go."""

    IMPORT = "import"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One object of a binding that is not as its manifest says."""

    address: Address
    definition: Definition
    fields: tuple[str, ...] = ()
    """Names of the fields that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is said about a binding's freshness, and by what."""

    freshness: Freshness
    why: str = ""
    """One phrase; empty when it is as fresh as it should be."""
    synchronised_at: datetime | None = None
    """For an import: when the newest people that Campaign has read left Audience Manager. For an export: when its
    workflow last ran. None: never, as far as anybody knows, or unknown."""
    limit: timedelta | None = None
    """How old that may be; None: nothing says."""
    earliest: datetime | None = None
    """For a pending one: nothing is to be expected before."""
    latest: datetime | None = None
    """For a pending one, and one that never came: overdue after this."""
    stages: tuple[Stage, ...] = ()
    """The chain of estimates behind ``latest``."""


@dataclass(frozen=True, kw_only=True)
class BindingStatus:
    """One binding."""

    address: Address
    direction: Direction
    audience: str
    """Name of the Audience at one end."""
    list: str
    """Name of the List at the other end; empty for an export of a query."""
    definition: Definition
    troubles: tuple[Trouble, ...] = ()
    """Why its definition is not in place, by address."""
    workflows: tuple[WorkflowRun | None, ...] = ()
    """Those that serve it, in the order in which people pass them; None: unknown, workflows could not be read."""
    runs: bool | None = None
    """Whether all of them work; None: unknown."""
    judged: Judged
    audience_people: int | None = None
    list_people: int | None = None
    span: Span | None = None

    @property
    def consistent(self) -> bool:
        """Whether it is as its manifests say and its people have come since."""
        return self.definition is Definition.IN_PLACE and self.judged.freshness is Freshness.OK

    @property
    def match_percent(self) -> int | None:
        """People on the side they go to, for each hundred on the side they come from, rounded down.

        None where a side is unknown or empty, or where it would tell a small count.
        """
        sides = (self.audience_people, self.list_people)
        source, target = sides if self.direction is Direction.IMPORT else sides[::-1]
        if source is None or target is None or source < SMALL_COUNT or 0 < target < SMALL_COUNT:
            return None
        return target * _WHOLE // source


class StatusResult(StrEnum):
    """The one answer for all bindings: the worst of them."""

    OK = "ok"
    PENDING = "pending"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"
    """Something could not be read, whatever else was found."""


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """All selected bindings, by address."""

    bindings: tuple[BindingStatus, ...]
    failures: tuple[ReadFailure, ...] = ()
    live_as_of: datetime
    """By Campaign's clock, which ages are judged by."""
    selection: Selection = EVERYTHING
    left_out: int = 0
    """Bindings outside the selection."""
    project: str = ""
    environment: str = ""
    clock_read: bool = True
    """Whether Campaign told its time; else ``live_as_of`` is this machine's."""

    @property
    def result(self) -> StatusResult:
        """The worst of all."""
        found = {each.judged.freshness for each in self.bindings}
        if self.failures or Freshness.UNKNOWN in found:
            return StatusResult.UNKNOWN
        for worst, result in (
            (Freshness.OVERDUE, StatusResult.OVERDUE),
            (Freshness.PENDING, StatusResult.PENDING),
        ):
            if worst in found:
                return result
        return StatusResult.OK

    @property
    def waiting(self) -> tuple[BindingStatus, ...]:
        """Those that are not consistent."""
        return tuple(each for each in self.bindings if not each.consistent)
