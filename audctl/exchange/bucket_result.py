"""A result below a prefix of a bucket: sent under names that mean nothing, then named, and last a manifest.

A bucket knows no renaming and no locks. So files wait on this machine until all are whole, go to ``.unfinished/`` under
numbers, which no reader of the bucket takes for anything, and are copied to their names there. Each is one PUT and one
copy, with no upload in parts that a killed exchange could leave open. Of what else it has left, a claim tells the next
one, which clears it away. Two exchanges cannot both end well: the one that began last takes the claim.
"""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from audctl.errors import FindingsError
from audctl.exchange.faults import fault
from audctl.exchange.result import (
    FORMAT,
    MANIFEST,
    is_file_name,
    listed_files,
    manifest_of,
    parse_manifest,
)
from audctl.exchange.s3_writing import LARGEST_PUT, ClaimLostError, S3Writer
from audctl.exchange.work_folder import work_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from audctl.exchange.ports import Told
    from audctl.exchange.s3_store import S3Files
    from audctl.model.exchange import WrittenFile

_UNFINISHED: Final = ".unfinished/"
_CLAIM: Final = f"{_UNFINISHED}claim.json"
"""Whose result is in the making, and which names are its or an earlier one's."""


@contextmanager
def open_bucket_result(files: S3Files, spool: Path | None, told: Told) -> Iterator[BucketResult]:
    """Give a result that goes to a bucket; whatever goes wrong in the block, what was there stays.

    ``spool``: where files wait until all are whole; None: where temporary files go.
    """
    result = _begin(S3Writer(files), told)
    try:
        with work_folder(spool) as result.staging:
            yield result
    finally:
        result.withdraw()


class BucketResult:
    """See :class:`audctl.exchange.result.Result`."""

    staging: Path

    def __init__(
        self, writer: S3Writer, earlier: Collection[str], tag: str, run: str, told: Told
    ) -> None:
        self._writer = writer
        self._told = told
        self._earlier = frozenset(earlier)
        self._tag = tag
        self._run = run
        self._sent: list[str] = []
        """What lies in ``.unfinished/``."""
        self._exposed: Collection[str] = ()
        """Names under which something may lie that no manifest speaks of."""

    def finish(self, files: Sequence[WrittenFile], described: Mapping[str, object]) -> None:
        """Send the files, name them, and say so."""
        writer = self._writer
        sizes = {each.name: each.bytes for each in files}
        waiting = {f"{_UNFINISHED}{at}": each for at, each in enumerate(sizes)}
        sent, total = 0, sum(sizes.values())
        for place, name in waiting.items():
            self._told.advanced("sending files", 0, sent / total if total else None)
            if sizes[name] <= LARGEST_PUT:
                self._sent.append(place)
                writer.send(place, self.staging / name)
            sent += sizes[name]
        self._claim(self._earlier | sizes.keys())
        self._exposed = self._earlier | sizes.keys()
        writer.delete([MANIFEST])
        for place, name in waiting.items():
            if place in self._sent:
                writer.copy(place, name)
            else:
                writer.send(name, self.staging / name)
        writer.delete(sorted(self._earlier - sizes.keys()))
        there = {each.path: each.size for each in writer.files.list()}
        if changed := [name for name, size in sizes.items() if there.get(name) != size]:
            raise fault(
                "AUD2705",
                f"{changed[0]} in {writer.files.describe()} is not as it was written: something else writes there",
                "name another place with --out",
            )
        self._claim(self._exposed)
        writer.write(MANIFEST, manifest_of(files, described))
        self._exposed = ()

    def withdraw(self) -> None:
        """Take away what is no result: all of what was sent, or what lay waiting; nothing once it is another's."""
        with suppress(FindingsError):  # the next exchange clears it away
            found = self._writer.read(_CLAIM)
            if found is None or _of_claim(found[0])[0] != self._run:
                return
            if self._exposed:
                # A manifest whose writing failed may have been written all the same.
                self._writer.delete([MANIFEST])
            self._writer.delete([*self._sent, *sorted(self._exposed)])
            self._writer.delete([_CLAIM])

    def _claim(self, names: Collection[str]) -> None:
        try:
            self._tag = self._writer.write(_CLAIM, _claim(self._run, names), self._tag)
        except ClaimLostError:
            raise _taken(self._writer.files) from None


def _begin(writer: S3Writer, told: Told) -> BucketResult:
    there = {each.path for each in writer.files.list()}
    manifest = _listed(writer, there)
    left = writer.read(_CLAIM) if _CLAIM in there else None
    names = frozenset(manifest or ()) | (_of_claim(left[0])[1] if left is not None else frozenset())
    strangers = sorted(
        each
        for each in there
        if each not in names and each != MANIFEST and not each.startswith(_UNFINISHED)
    )
    if strangers or (manifest is None and MANIFEST in there):
        raise fault(
            "AUD2705",
            f"{writer.files.describe()} holds something that is no result of an exchange:"
            f" {', '.join(strangers[:3] or [MANIFEST])}",
            "name a prefix with nothing below it, or that of an earlier result, with --out",
        )
    run = secrets.token_hex(8)
    try:
        tag = writer.write(_CLAIM, _claim(run, names), left[1] if left is not None else "")
    except ClaimLostError:
        raise _taken(writer.files) from None
    waiting = {each for each in there if each.startswith(_UNFINISHED)} - {_CLAIM}
    nameless = names - frozenset(manifest or ())
    writer.delete(sorted((waiting | nameless) & there))
    return BucketResult(writer, frozenset(manifest or ()) & there, tag, run, told)


def _listed(writer: S3Writer, there: Collection[str]) -> Sequence[str] | None:
    found = writer.read(MANIFEST) if MANIFEST in there else None
    document = parse_manifest(found[0]) if found is not None else None
    return None if document is None else [str(each["name"]) for each in listed_files(document)]


def _claim(run: str, names: Collection[str]) -> bytes:
    return json.dumps({"format": FORMAT, "run": run, "files": sorted(names)}).encode()


def _of_claim(raw: bytes) -> tuple[str, frozenset[str]]:
    """Return whose claim it is, and the names in it; nobody's, and none, where it is no claim."""
    document = parse_manifest(raw) or {}
    listed = document.get("files")
    names = listed if isinstance(listed, list) else []
    return str(document.get("run")), frozenset(each for each in names if is_file_name(each))


def _taken(files: S3Files) -> FindingsError:
    return fault(
        "AUD2705",
        f"another exchange is writing to {files.describe()}",
        "wait for it to end, or name another place with --out",
    )
