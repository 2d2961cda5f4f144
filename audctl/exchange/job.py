"""What one exchange is asked to do, whoever asks: manifests, options and the ledger have been read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from audctl.exchange.file_names import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from audctl.exchange.ports import FileStore, TableSource


class IdKind(StrEnum):
    """What an id is of."""

    VISITOR = "visitorId"
    """A browser: 38 digits, text, never a number. Campaign knows it from tracked clicks."""
    DECLARED = "declaredId"
    """A person: the customer's own id, compared as it is."""


class Hashing(StrEnum):
    """What is done to a declared id as soon as it is read, after trimming and lower-casing."""

    NONE = "none"
    MD5 = "md5"
    SHA256 = "sha256"


class Timestamps(StrEnum):
    """How a timestamp stands in a file name."""

    AUTO = "auto"
    """As control files and other names of the same folder show it; refused where they do not."""
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


class Separator(StrEnum):
    """Blanks between the columns of a line."""

    AUTO = "auto"
    """As the lines show it; refused where they do not."""
    ONE = "one"
    TWO = "two"


class SegmentValue(StrEnum):
    """What stands for a segment in a line."""

    AUTO = "auto"
    """Whichever of the two occurs; refused where both do."""
    ALIAS = "alias"
    SID = "sid"


class Control(StrEnum):
    """What control files decide."""

    AUTO = "auto"
    """A transfer needs one as soon as any transfer of its feed has one."""
    REQUIRED = "required"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How the destination's files are written, where that is known; documentation contradicts itself on all of it."""

    timestamps: Timestamps = Timestamps.AUTO
    separator: Separator = Separator.AUTO
    value: SegmentValue = SegmentValue.AUTO
    control: Control = Control.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class IdSpace:
    """Which ids people are matched by."""

    kind: IdKind
    hashing: Hashing = Hashing.NONE
    """Of declared ids."""
    data_source_id: int | None
    """Audience Manager's number for it; None: not known, so that the files have to agree on one."""
    key: str
    """Reconciliation key, as Campaign writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Whom Campaign knows, and by what."""

    recipients: TableSource | None
    """None: visitor ids are matched through tracking logs alone, and no flag tells who has opted out."""
    tracking: TableSource | None = None
    """Needed for visitor ids."""
    opt_outs: TableSource | None = None
    """People to leave out, whatever else says so."""
    honours_flag: bool = True
    """Whether a flag among the recipients opts them out, where there is one."""
    columns: Mapping[str, str]
    """Names of columns that the tables do not tell by themselves, by role."""


class MembersForm(StrEnum):
    """How members are written."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """An audience's outbound files, to be turned into members of a list."""

    binding: str
    """Address, for reports."""
    destination_id: int
    alias: str
    """What the mapping calls the segment."""
    sid: int | None
    """The segment's number; None: not known."""
    space: IdSpace
    files: FileStore
    template: Template = Template()
    people: People
    form: MembersForm = MembersForm.CSV
    is_gzip: bool = True
    """Only for CSV: Parquet is compressed inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """The people of a list or query, to be turned into inbound files."""

    binding: str
    members: TableSource
    space: IdSpace
    trait_id: int | None
    """The onboarded trait; None: it is named by its integration code."""
    trait_code: str
    """Integration code, which the trait's rule compares ``ic`` with."""
    target_id: int | None = None
    """Data source of the trait, where it is not that of the ids."""
    mode: Mode = Mode.SYNC
    at: datetime
    """Goes into the files' names."""
    people: People
    split_bytes: int
    is_gzip: bool = True
    pairs_ids: bool = True
    """For declared ids: also say which visitor ids they belong to, where tracking logs tell."""
    previous: FileStore | None = None
    """Where the result of the export before this one is: what has left the source since is counted."""
    takes_back: bool = False
    """Write removals for what has left the source since the previous export."""
    form: MembersForm = MembersForm.CSV
    """Of the complement."""

    @property
    def source_id(self) -> int:
        """Audience Manager's number of the data source: files cannot be named without it."""
        assert self.space.data_source_id is not None
        return self.space.data_source_id
