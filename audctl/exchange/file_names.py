"""Names of the files that travel, read and made.

Outbound names follow the destination's template; what is read here is the documented default one, whose timestamp has
ten digits (seconds) on one page and thirteen (milliseconds) on another, with the number of a split file glued to it.
Which of the two a run of digits is cannot be told from one name: see :mod:`audctl.exchange.transfers`.

Source: Audience Manager documentation, "Outbound Data File Name and Contents", "Amazon S3 name requirements for inbound
data files", "Name and content requirements for ID synchronization files", read February 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_OUTBOUND = re.compile(
    r"(?P<stem>(?:ftp|http|s3|S3)_(?P<destination>\d+)_(?P<source>\d+)(?:_(?P<alias>.+?))?_(?P<mode>iter|full)_)"
    r"(?P<digits>\d{13,}|\d{10})(?:-(?P<part>\d+))?\.(?:sync|csv)(?P<gz>\.gz)?",
    re.ASCII,
)
_CONTROL = re.compile(
    r"(?P<stem>(?:ftp|http|s3|S3)_(?P<destination>\d+)_(?P<source>\d+)(?:_(?P<alias>.+?))?_(?P<mode>iter|full)_)"
    r"(?P<digits>\d{13}|\d{10})\.info",
    re.ASCII,
)
_TRAITS = re.compile(
    r"ftp_dpm_(?P<source>\d+)(?:_(?P<target>\d+))?_(?P<stamp>\d{10})\.(?P<mode>sync|overwrite)"
    r"(?:\.(?P<split>\d+))?(?P<gz>\.gz)?",
    re.ASCII,
)
_IDS = re.compile(
    r"(?P<kind>adobe_id|c2c_id)_(?P<sources>\d+(?:_\d+)+)_(?P<stamp>\d{10})\.sync(?:\.(?P<split>\d+))?(?P<gz>\.gz)?",
    re.ASCII,
)

SECONDS_DIGITS = 10
MILLISECONDS_DIGITS = 13
VISITOR_IDS = 0
"""Data source of Audience Manager's own visitor ids."""


class Mode(StrEnum):
    """What an inbound trait file does to the people it names."""

    SYNC = "sync"
    """Adds and removes, one trait at a time."""
    OVERWRITE = "overwrite"
    """Replaces all traits of the target data source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundName:
    """Name of a data file, or of a control file, that Audience Manager has written."""

    stem: str
    """Up to the digits, and the same for all files of a transfer."""
    destination_id: int
    data_source_id: int
    is_full: bool
    digits: str
    """Timestamp, and the number of the split file with it."""
    part: int | None
    """Number of a split file behind a dash; None: there is none, or the digits end in it."""
    is_gzip: bool
    is_control: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitsName:
    """Name of an inbound trait file."""

    data_source_id: int
    """Of the ids."""
    target_id: int
    """Data source of the traits."""
    stamp: int
    mode: Mode
    split: int | None
    is_gzip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdsName:
    """Name of an id synchronisation file."""

    data_source_ids: tuple[int, ...]
    """One for each column; the first is the master."""
    hashed_emails: bool
    """``c2c_id``: customer ids to hashed addresses."""
    stamp: int
    split: int | None
    is_gzip: bool


def read_outbound_name(name: str) -> OutboundName | None:
    """Read the name of a data file or control file; None for any other name."""
    match = _CONTROL.fullmatch(name) or _OUTBOUND.fullmatch(name)
    if match is None:
        return None
    is_control = match.re is _CONTROL
    part = None if is_control else match["part"]
    return OutboundName(
        stem=match["stem"],
        destination_id=int(match["destination"]),
        data_source_id=int(match["source"]),
        is_full=match["mode"] == "full",
        digits=match["digits"],
        part=int(part) if part else None,
        is_gzip=not is_control and bool(match["gz"]),
        is_control=is_control,
    )


def read_inbound_name(name: str) -> TraitsName | IdsName | None:
    """Read the name of an inbound file; None for any other name."""
    match = _TRAITS.fullmatch(name)
    if match is not None:
        return TraitsName(
            data_source_id=int(match["source"]),
            target_id=int(match["target"] or match["source"]),
            stamp=int(match["stamp"]),
            mode=Mode(match["mode"]),
            split=int(match["split"]) if match["split"] else None,
            is_gzip=bool(match["gz"]),
        )
    match = _IDS.fullmatch(name)
    if match is None:
        return None
    return IdsName(
        data_source_ids=tuple(int(each) for each in match["sources"].split("_")),
        hashed_emails=match["kind"] == "c2c_id",
        stamp=int(match["stamp"]),
        split=int(match["split"]) if match["split"] else None,
        is_gzip=bool(match["gz"]),
    )


def traits_name(  # noqa: PLR0913 - the parts of a name
    data_source_id: int, target_id: int, stamp: int, mode: Mode, split: int, *, is_gzip: bool
) -> str:
    """Return the name of an inbound trait file; splits count from 0, and the first bears no number."""
    target = "" if target_id == data_source_id else f"_{target_id}"
    return f"ftp_dpm_{data_source_id}{target}_{stamp}.{mode}{_ending(split, is_gzip=is_gzip)}"


def ids_name(data_source_ids: tuple[int, ...], stamp: int, split: int, *, is_gzip: bool) -> str:
    """Return the name of an id synchronisation file of device ids and customer ids."""
    sources = "_".join(map(str, data_source_ids))
    return f"adobe_id_{sources}_{stamp}.sync{_ending(split, is_gzip=is_gzip)}"


def _ending(split: int, *, is_gzip: bool) -> str:
    return (f".{split}" if split else "") + (".gz" if is_gzip else "")
