"""What an exchange came to: where every row ended, what was written, what a file turned out to be. No ids of people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from audctl.model.finding import Finding
    from audctl.model.match_rate import MatchRate, Share


class ImportBucket(StrEnum):
    """Where a line of an outbound file ends: in the first of these that fits."""

    MALFORMED = "malformed"
    """Not an id and one or two lists, or not text at all."""
    OTHER_AUDIENCE = "otherAudience"
    """It neither adds to this audience nor takes out of it."""
    REMOVED = "removed"
    """It takes an id out, or adds one that a later transfer takes out."""
    DUPLICATE = "duplicate"
    """A further line of an id that another line has settled."""
    MATCHED = "matched"
    OPTED_OUT = "optedOut"
    """Everybody known by its id has opted out."""
    WRONG_ID_SPACE = "wrongIdSpace"
    """Campaign knows nobody by its id, which does not look like the data source's: no 38 digits, no digest."""
    UNKNOWN_ID = "unknownId"
    """Campaign knows nobody by its id, which looks as it should."""


class ExportBucket(StrEnum):
    """Where a row of the source of an export ends: in the first of these that fits."""

    MALFORMED = "malformed"
    """It names nobody."""
    DUPLICATE = "duplicate"
    """A further row of a person that another row has settled."""
    UNKNOWN_PERSON = "unknownPerson"
    """Not among the recipients."""
    OPTED_OUT = "optedOut"
    NO_ID = "noId"
    """The person has no id on the data source's reconciliation key."""
    UNUSABLE_ID = "unusableId"
    """All ids of the person break the rules for ids in inbound files."""
    EXPORTED = "exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows ended in which bucket; every row that was read ends in exactly one."""

    rows: int
    """Counted while reading, apart from the buckets."""
    buckets: Mapping[str, int]
    """Every bucket of the job, in the order in which they are tried."""

    @property
    def is_balanced(self) -> bool:
        """Whether every row ended in exactly one bucket."""
        return self.rows == sum(self.buckets.values()) and min(self.buckets.values()) >= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTransfer:
    """One transfer that was read."""

    name: str
    is_full: bool
    files: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file of a result."""

    name: str
    content: str
    """``members``, ``complement``, ``traits`` or ``ids``."""
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOutcome:
    """What one import came to."""

    binding: str
    destination_id: int
    data_source_id: int
    transfers: tuple[ReadTransfer, ...]
    superseded: int
    """Older transfers that a later full one makes irrelevant; not read."""
    skipped: Mapping[str, int]
    """Files that were left alone, by reason."""
    tally: Tally
    members: int
    """Distinct recipients: several ids may be one person, one id may be several."""
    files: tuple[WrittenFile, ...]
    findings: tuple[Finding, ...]
    seconds: float
    as_of: datetime
    """When the last transfer that was read was made."""
    into: str = ""
    """Address of the list that the members were written to; empty: none."""
    change: ListChange | None = None
    """What that did to the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOutcome:
    """What one export came to."""

    binding: str
    data_source_id: int
    tally: Tally
    ids: int
    """Distinct ids that were written: a person may have several."""
    id_pairs: int
    """Rows of the id synchronisation file."""
    complement: int
    new: int | None
    """Ids that the previous export did not have; None without one."""
    gone: int | None
    """Ids that the previous export had and this one has not: they stay in the audience. None without one."""
    taken_back: bool
    """Whether removals were written for those that are gone."""
    files: tuple[WrittenFile, ...]
    findings: tuple[Finding, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """What happens to a list. Counts of people, never who."""

    before: int
    added: int
    removed: int

    @property
    def after(self) -> int:
        """How many members there will be."""
        return self.before + self.added - self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a funnel: how many of those before it are left."""

    name: str
    """``audience``, ``rightKind``, ``known``, ``reconciled``, ``afterOptOut``; of exports ``people``, ``recipients``,
    ``afterOptOut``, ``withId``, ``usableId``."""
    unit: str
    """``ids`` or ``people``."""
    count: int | None = None
    """None: only a sample was looked at."""
    share: Share | None = None
    """Of the audience, by a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How many would cross a binding, step by step; nothing is written for it."""

    binding: str
    stages: tuple[Stage, ...]
    rate: MatchRate
    as_of: datetime | None
    """When the last transfer that was read was made; None of exports."""
    findings: tuple[Finding, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a file is, and whether it can be used as that."""

    name: str
    kind: str
    """In words, such as "outbound file"."""
    facts: Mapping[str, str | int | bool]
    """What its name and its content say."""
    counts: Mapping[str, int]
    problems: tuple[str, ...]
    """Why it cannot be used, or not whole; no ids."""
    remarks: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """The verdict."""
        return not self.problems
