"""What a person asks of one exchange, beside the binding."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from audctl.exchange.file_names import Mode
from audctl.exchange.job import MembersForm, Template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleOptions:
    """Where Campaign's people are, as given on the command line."""

    recipients: str = ""
    tracking: str = ""
    opt_outs: str = ""
    honours_flag: bool = True
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Column by role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOptions:
    """Audience Manager's numbers, which manifests do not hold; None: from the ledger."""

    data_source_id: int | None = None
    segment_id: int | None = None
    trait_id: int | None = None
    offline: bool = False
    """Ask no ledger either."""


class EngineKind(StrEnum):
    """What runs the statements."""

    DUCKDB = "duckdb"
    """This machine, within a memory limit."""
    SPARK = "spark"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Which engine, and what it may use."""

    kind: EngineKind = EngineKind.DUCKDB
    master: str = "local[*]"
    """Of Spark, as spark-submit takes it."""
    memory_bytes: int | None = None
    """None: half of what the machine has."""
    threads: int | None = None
    """None: one for each processor."""
    spill: Path | None = None
    """None: beside the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """One import."""

    binding: str
    files: str
    people: PeopleOptions
    numbers: NumberOptions = NumberOptions()
    engine: EngineOptions = EngineOptions()
    template: Template = field(default_factory=Template)
    form: MembersForm = MembersForm.CSV
    is_gzip: bool = True
    out: str | None
    """Folder, or prefix of a bucket; None: nothing is written to files."""
    into_list: str = ""
    """Name of the manifest of a list that the members are written to; empty: to none."""
    allowed: tuple[str, ...] = ()
    """``GUARD:ADDRESS``, for the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """One export."""

    binding: str
    members: str
    people: PeopleOptions
    numbers: NumberOptions = NumberOptions()
    engine: EngineOptions = EngineOptions()
    mode: Mode = Mode.SYNC
    split_bytes: int
    is_gzip: bool = True
    pairs_ids: bool = True
    previous: str = ""
    """Where the result of the export before is; empty: it is not compared with."""
    takes_back: bool = False
    form: MembersForm = MembersForm.CSV
    out: str | None
