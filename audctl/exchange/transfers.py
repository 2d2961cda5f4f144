"""From the files of a folder to the transfers of one feed: which are whole, which of them count, and in what order.

A full transfer replaces everything before it, so reading starts at the last full one that is whole. Incremental ones
follow in order, up to the first that is not whole: what comes after it says changes to something not yet known.

A run of thirteen digits in a name may be milliseconds, or seconds with the number of a split file. Either way its
first ten are the same seconds, so the order is certain; what belongs to which transfer is not. Control files decide it,
then the name of the first, unsplit file beside it; where neither is there and two readings differ, nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audctl.exchange.control_file import LARGEST, ControlEntry, read_control
from audctl.exchange.faults import fault, warning
from audctl.exchange.file_names import (
    MILLISECONDS_DIGITS,
    SECONDS_DIGITS,
    OutboundName,
    read_outbound_name,
)
from audctl.exchange.job import Control, Template, Timestamps
from audctl.exchange.ports import LineFile, StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audctl.exchange.ports import FileStore
    from audctl.model.finding import Finding

_SPLIT = re.compile(r"(?:\d{3,})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer that is whole, as far as anybody can tell before reading it."""

    name: str
    """What all its files begin with."""
    is_full: bool
    order: tuple[int, int, bool, str]
    """Seconds, milliseconds, full before incremental, name."""
    files: tuple[LineFile, ...]

    @property
    def at_s(self) -> int:
        """When it was made, in seconds since the epoch."""
        return self.order[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What has to be read, in order, to know who is in the audiences of a feed."""

    data_source_id: int
    transfers: tuple[Transfer, ...]
    superseded: int
    skipped: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def starts_full(self) -> bool:
        """Whether the first one says everything."""
        return self.transfers[0].is_full


@dataclass(slots=True)
class _Draft:
    """A transfer that is being put together."""

    name: str
    is_full: bool
    digits: str
    """Its timestamp."""
    control: StoredFile | None = None
    announced: tuple[ControlEntry, ...] | None = None
    files: list[tuple[StoredFile, OutboundName]] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, int, bool, str]:
        milliseconds = self.digits[SECONDS_DIGITS:] or "0"
        return int(self.digits[:SECONDS_DIGITS]), int(milliseconds), not self.is_full, self.name


def find_chain(
    store: FileStore, template: Template, *, destination_id: int, data_source_id: int | None
) -> Chain:
    """Return what is to be read; raise FindingsError when that is nothing, or cannot be told."""
    skipped: Counter[str] = Counter()
    named = _named(store.list(), destination_id, skipped)
    source = _source_of(named, store, destination_id, data_source_id)
    mine = []
    for stored, name in named:
        if name.data_source_id == source:
            mine.append((stored, name))
        else:
            skipped["keyed by another data source"] += 1
    drafts = _drafts(mine, template, store)
    needs_control = template.control is Control.REQUIRED or (
        template.control is Control.AUTO and any(each.control for each in drafts)
    )
    judged = [(each, _judge(each, needs_control=needs_control)) for each in drafts]
    return _chain(judged, source, skipped, store, destination_id)


def _named(
    stored: Iterable[StoredFile], destination_id: int, skipped: Counter[str]
) -> list[tuple[StoredFile, OutboundName]]:
    found: list[tuple[StoredFile, OutboundName]] = []
    seen: dict[str, str] = {}
    for each in stored:
        name = read_outbound_name(each.name)
        if name is None:
            skipped["not named like an outbound file"] += 1
        elif name.destination_id != destination_id:
            skipped["of another destination"] += 1
        elif each.name in seen:
            raise fault(
                "AUD2703",
                f"{each.path} and {seen[each.name]} have the same name: which of them counts cannot be told",
                "leave one of them in the folder",
            )
        else:
            seen[each.name] = each.path
            found.append((each, name))
    return found


def _source_of(
    named: Sequence[tuple[StoredFile, OutboundName]],
    store: FileStore,
    destination_id: int,
    wanted: int | None,
) -> int:
    there = sorted({name.data_source_id for _, name in named})
    if wanted is not None and wanted in there:
        return wanted
    if wanted is None and len(there) == 1:
        return there[0]
    others = ", ".join(map(str, there))
    if wanted is None and there:
        raise fault(
            "AUD2703",
            f"files of destination {destination_id} in {store.describe()} are keyed by several data sources: {others}",
            "say which one the binding means with --data-source-id",
        )
    keyed = f" keyed by data source {wanted}" if wanted is not None else ""
    raise fault(
        "AUD2702",
        f"there is no file of destination {destination_id}{keyed} in {store.describe()}",
        f"its files there are keyed by {others}" if there else "",
    )


def _drafts(
    mine: Sequence[tuple[StoredFile, OutboundName]], template: Template, store: FileStore
) -> list[_Draft]:
    drafts: dict[tuple[str, str], _Draft] = {}
    owner: dict[str, _Draft] = {}
    for stored, name in mine:
        if name.is_control:
            draft = _Draft(f"{name.stem}{name.digits}", name.is_full, name.digits, control=stored)
            if template.control is not Control.IGNORED:
                draft.announced = _read(store, stored)
                owner |= {each.name: draft for each in draft.announced or ()}
            drafts[name.stem, name.digits] = draft
    if template.control is Control.IGNORED:
        drafts.clear()
    data = [each for each in mine if not each[1].is_control]
    controlled = set(drafts)
    known = {(name.stem, name.digits) for _, name in data} | controlled
    ambiguous: dict[tuple[str, str], list[str]] = {}
    for stored, name in data:
        found = owner.get(stored.name)
        if found is None:
            digits = _timestamp(name, template.timestamps, controlled, known, ambiguous)
            found = drafts.setdefault(
                (name.stem, digits), _Draft(f"{name.stem}{digits}", name.is_full, digits)
            )
        found.files.append((stored, name))
    for names in ambiguous.values():
        if len(names) > 1:
            raise fault(
                "AUD2703",
                f"{' and '.join(sorted(names)[:2])} may be two transfers, or two files of one: "
                "no control file and no first file tells",
                "say how the destination writes timestamps with --timestamps seconds or --timestamps milliseconds",
            )
    return list(drafts.values())


def _read(store: FileStore, stored: StoredFile) -> tuple[ControlEntry, ...] | None:
    if stored.size > LARGEST:
        return None
    with store.open(stored) as stream:
        return read_control(stream.read(LARGEST))


def _timestamp(
    name: OutboundName,
    timestamps: Timestamps,
    controlled: set[tuple[str, str]],
    known: set[tuple[str, str]],
    ambiguous: dict[tuple[str, str], list[str]],
) -> str:
    """Return the digits of a name that are its timestamp."""
    digits = name.digits
    seconds, milliseconds = digits[:SECONDS_DIGITS], digits[:MILLISECONDS_DIGITS]
    if timestamps is Timestamps.AUTO:
        if name.part is not None:  # then no number is glued to the timestamp
            return digits
        if (name.stem, milliseconds) in controlled:
            return milliseconds
        if len(digits) == SECONDS_DIGITS or (name.stem, seconds) in known:
            return seconds
        if len(digits) == MILLISECONDS_DIGITS:
            ambiguous.setdefault((name.stem, seconds), []).append(name.stem + digits)
            return digits
        # Fourteen or fifteen can only be a long number behind seconds; more is a number behind milliseconds.
        is_long = len(digits) - MILLISECONDS_DIGITS >= len("001")
        return milliseconds if is_long else seconds
    root = seconds if timestamps is Timestamps.SECONDS else milliseconds
    if len(digits) < len(root) or not _SPLIT.fullmatch(digits[len(root) :]):
        raise fault(
            "AUD2703",
            f"the timestamp of {name.stem}{digits} is not written in {timestamps}",
            "--timestamps auto reads both forms",
        )
    return root


def _judge(draft: _Draft, *, needs_control: bool) -> str:
    """Return why a transfer is not whole; empty when it is, as far as can be told before reading it."""
    if draft.control is None:
        return "its control file is not there" if needs_control else ""
    if draft.announced is None:
        return "its control file cannot be read"
    there = {stored.name: stored for stored, _ in draft.files}
    if len({each.name for each in draft.announced}) < len(draft.announced):
        return "its control file names a file twice"
    missing = sum(each.name not in there for each in draft.announced)
    if missing:
        return f"{missing} of {len(draft.announced)} files are not there"
    for each in draft.announced:
        if each.size is not None and there[each.name].size != each.size:
            return f"{each.name} has {there[each.name].size:,} of {each.size:,} bytes"
    surplus = len(there) - len(draft.announced)
    return f"{surplus} files are there that its control file does not name" if surplus else ""


def _chain(
    judged: list[tuple[_Draft, str]],
    source: int,
    skipped: Counter[str],
    store: FileStore,
    destination_id: int,
) -> Chain:
    judged.sort(key=lambda each: each[0].order)
    fulls = [at for at, (draft, why) in enumerate(judged) if draft.is_full and not why]
    start = fulls[-1] if fulls else 0
    taken: list[Transfer] = []
    findings: list[Finding] = []
    for at, (draft, why) in enumerate(judged[start:], start):
        if why:
            later = len(judged) - at - 1
            findings.append(
                warning(
                    "AUD2708",
                    f"transfer {draft.name} is not whole: {why}"
                    + (f"; it and {later} later ones wait" if later else "; it waits"),
                    "run again when it is there",
                )
            )
            break
        taken.append(_finished(draft))
    if not taken:
        raise fault(
            "AUD2702",
            f"there is no whole transfer of destination {destination_id} in {store.describe()}",
            "; ".join(each.message for each in findings),
        )
    if not taken[0].is_full:
        findings.append(
            warning(
                "AUD2709",
                f"the first transfer there is, {taken[0].name}, is an incremental one: it is taken for everything",
                "if older files have been removed, people are missing: keep the last full transfer",
            )
        )
    return Chain(
        data_source_id=source,
        transfers=tuple(taken),
        superseded=start,
        skipped=dict(sorted(skipped.items())),
        findings=tuple(findings),
    )


def _finished(draft: _Draft) -> Transfer:
    announced = {each.name: each for each in draft.announced or ()}
    files = []
    for stored, name in sorted(draft.files, key=lambda each: each[0].name):
        entry = announced.get(stored.name)
        files.append(
            LineFile(
                file=stored,
                is_gzip=name.is_gzip,
                lines=entry.lines if entry else None,
                md5=entry.md5 if entry else None,
            )
        )
    return Transfer(name=draft.name, is_full=draft.is_full, order=draft.order, files=tuple(files))
