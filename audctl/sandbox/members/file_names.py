"""Names of the files that travel, and what they say.

Outbound names follow the default template of the documentation; the form of timestamp and split number is a choice,
because a timestamp of ten digits with a split of three looks like one of thirteen.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from audctl.sandbox.members.choices import MemberChoices

_INFO = re.compile(
    r"(?:ftp|http|s3|S3)_(?P<did>\d+)_(?P<mdpid>\d+)(?:_.+?)?_(?:iter|full)_(?P<ts>\d+)\.info"
)
_SECONDS_DIGITS = 10
_TRAITS = re.compile(
    r"ftp_dpm_(?P<dpid>\d+)(?:_(?P<target>\d+))?_\d{10}\.(?P<mode>sync|overwrite)(?:\.\d+)?(?P<gz>\.gz)?"
)
_IDS = re.compile(
    r"(?P<kind>adobe_id|c2c_id)_(?P<dpids>\d+(?:_\d+)+)_\d{10}\.sync(?:\.\d+)?(?P<gz>\.gz)?"
)


@dataclass(frozen=True, slots=True)
class ControlName:
    """What the name of a control file says."""

    destination_id: int
    master_id: int
    timestamp: int
    """Seconds since the epoch."""
    full: bool


@dataclass(frozen=True, slots=True)
class TraitFileName:
    """What the name of an inbound trait file says."""

    user_source_id: int
    target_source_id: int
    overwrite: bool
    gzip: bool


@dataclass(frozen=True, slots=True)
class IdFileName:
    """What the name of an id synchronisation file says."""

    sources: tuple[int, ...]
    hashed_emails: bool
    """`c2c_id`: customer ids to hashed e-mails."""
    gzip: bool


def outbound_root(
    destination_id: int, master_id: int, mode: str, at: datetime, choices: MemberChoices
) -> str:
    """Name a transfer: what its files and its control file begin with."""
    seconds = int(at.timestamp())
    timestamp = seconds if choices.outbound_timestamp == "seconds" else seconds * 1000
    return f"s3_{destination_id}_{master_id}_{mode}_{timestamp}"


def outbound_name(root: str, number: int, choices: MemberChoices) -> str:
    """Name a transfer's file; numbers count from 0."""
    split = f"{number:03d}" if number else ""
    if choices.outbound_split_style == "dash":
        split = f"-{number + 1}"
    return f"{root}{split}.sync{'.gz' if choices.outbound_gzip else ''}"


def parse_control_name(name: str) -> ControlName | None:
    """Read the name of a control file; None for any other name."""
    match = _INFO.fullmatch(name)
    if match is None:
        return None
    full = "_full_" in name
    timestamp = int(match["ts"]) // (1000 if len(match["ts"]) > _SECONDS_DIGITS else 1)
    return ControlName(int(match["did"]), int(match["mdpid"]), timestamp, full)


def parse_inbound_name(name: str) -> TraitFileName | IdFileName | None:
    """Read the name of an inbound file; None when it follows neither rule."""
    match = _TRAITS.fullmatch(name)
    if match is not None:
        user = int(match["dpid"])
        target = int(match["target"]) if match["target"] else user
        return TraitFileName(user, target, match["mode"] == "overwrite", bool(match["gz"]))
    match = _IDS.fullmatch(name)
    if match is None:
        return None
    sources = tuple(int(part) for part in match["dpids"].split("_"))
    return IdFileName(sources, match["kind"] == "c2c_id", bool(match["gz"]))


def inbound_folder(at: datetime) -> str:
    """Name the folder of a day."""
    return f"date={at:%Y-%m-%d}"
