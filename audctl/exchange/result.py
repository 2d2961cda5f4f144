"""A folder of results: written under temporary names, then named, and last a manifest that says what there is.

Without ``manifest.json`` a folder holds no result; with it, every file it names is whole and has the checksum it
states. A result takes the place of an earlier one in the same folder; anything else in it is not touched, and keeps a
result from being written there. What a killed exchange has left behind, people's ids among it, goes with the next one.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from audctl.exchange.faults import fault
from audctl.exchange.pipes import create_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audctl.exchange.ports import FileStore
    from audctl.model.exchange import WrittenFile

MANIFEST = "manifest.json"
FORMAT = 1
"""Grows when the manifest's meaning changes."""

_LARGEST = 64 * 1024 * 1024
"""Bytes of a manifest that is read: more files than anybody has are named in fewer."""
_UNFINISHED = ".unfinished-"
_EARLIER = "earlier.json"
"""The manifest of the result that is being replaced, so that a crash half-way leaves known what is its."""
_PRIVATE_FOLDER = 0o700


class Result(Protocol):
    """One result in the making, wherever it goes."""

    @property
    def staging(self) -> Path:
        """Return the folder where files are written first."""
        ...

    def finish(self, files: Sequence[WrittenFile], described: Mapping[str, object]) -> None:
        """Put the files in their place and say so; nothing of an earlier result is left."""
        ...


class ResultFolder:
    """A result that goes to a folder; see :class:`Result`."""

    def __init__(self, folder: Path, staging: Path, earlier: Sequence[str]) -> None:
        self.folder = folder
        self.staging = staging
        """Where files are written first."""
        self._earlier = earlier

    def finish(self, files: Sequence[WrittenFile], described: Mapping[str, object]) -> None:
        """Put the files in their place and say so; nothing of an earlier result is left."""
        written = self.staging / MANIFEST
        with create_private(written) as stream:
            stream.write(manifest_of(files, described))
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileNotFoundError):
            (self.folder / MANIFEST).replace(self.staging / _EARLIER)
        for each in files:
            (self.staging / each.name).replace(self.folder / each.name)
        for name in set(self._earlier) - {each.name for each in files}:
            (self.folder / name).unlink(missing_ok=True)
        _sync(self.folder)
        written.replace(self.folder / MANIFEST)
        _sync(self.folder)


@contextmanager
def open_result(folder: Path) -> Iterator[ResultFolder]:
    """Give a place for a result; whatever goes wrong in the block, the folder stays as it was."""
    earlier_files(folder)
    existed = folder.is_dir()
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        lock = _locked(folder)
    except OSError as error:
        raise fault("AUD2705", f"{folder} cannot be written to: {error.strerror}") from error
    try:
        if lock is not None:
            _clear(folder)
        with _staged(folder, existed=existed) as result:
            yield result
    finally:
        if lock is not None:
            os.close(lock)


@contextmanager
def _staged(folder: Path, *, existed: bool) -> Iterator[ResultFolder]:
    earlier = earlier_files(folder)
    try:
        staging = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    except OSError as error:
        raise fault("AUD2705", f"{folder} cannot be written to: {error.strerror}") from error
    try:
        yield ResultFolder(folder, staging, earlier)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not existed and not any(folder.iterdir()):
            folder.rmdir()


def _clear(folder: Path) -> None:
    """Remove what killed exchanges have left: their own folders, and the files of a result that has no manifest yet."""
    if not (folder / MANIFEST).exists():
        for name in earlier_files(folder):
            (folder / name).unlink(missing_ok=True)
    for each in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(each, ignore_errors=True)


def earlier_files(folder: Path) -> Sequence[str]:
    """Return the files of an earlier result; raise FindingsError when the folder holds anything else."""
    if not folder.exists():
        return ()
    if not folder.is_dir():
        raise fault("AUD2705", f"{folder} is no folder", "name another with --out")
    there = {each.name for each in folder.iterdir() if not each.name.startswith(_UNFINISHED)}
    if not there:
        return ()
    manifest = read_manifest(folder)
    left = [
        read_manifest(each, name)
        for each in folder.glob(f"{_UNFINISHED}*")
        for name in (MANIFEST, _EARLIER)
    ]
    known = [each for each in (manifest, *left) if each is not None]
    names = [str(each["name"]) for document in known for each in listed_files(document)]
    strangers = sorted(there - {MANIFEST, *names})
    if strangers or (manifest is None and MANIFEST in there):
        raise fault(
            "AUD2705",
            f"{folder} holds something that is no result of an exchange: {', '.join(strangers[:3] or [MANIFEST])}",
            "name an empty folder, or that of an earlier result, with --out",
        )
    return [each for each in names if each in there]


def _locked(folder: Path) -> int | None:
    """Lock a folder for this process, until the descriptor is closed; None where its file system locks no folders."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise fault(
            "AUD2705",
            f"another exchange is writing to {folder}",
            "wait for it to end, or name another folder with --out",
        ) from None
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def manifest_of(files: Sequence[WrittenFile], described: Mapping[str, object]) -> bytes:
    """Return what says that there is a result, and of which files."""
    document = {
        "format": FORMAT,
        **described,
        "files": [asdict(each) for each in files],
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def read_manifest(folder: Path, name: str = MANIFEST) -> Mapping[str, object] | None:
    """Return the manifest of a result; None where there is none that can be read."""
    try:
        return parse_manifest((folder / name).read_bytes())
    except OSError:
        return None


def stored_manifest(store: FileStore) -> Mapping[str, object] | None:
    """Return the manifest of a result in a store; None where there is none that can be read."""
    found = next((each for each in store.list() if each.path == MANIFEST), None)
    if found is None:
        return None
    with store.open(found) as stream:
        return parse_manifest(stream.read(_LARGEST))


def parse_manifest(raw: bytes) -> Mapping[str, object] | None:
    """Return the manifest that is written so; None where that is none."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    return document


def listed_files(manifest: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Return what a manifest says of each file."""
    listed = manifest.get("files")
    rows = listed if isinstance(listed, list) else []
    return [
        each
        for each in rows
        if isinstance(each, dict)
        and is_file_name(each.get("name"))
        and all(isinstance(each.get(count), int) for count in ("rows", "bytes"))
    ]


def is_file_name(name: object) -> bool:
    """Whether it can be a file of a result: a name is never a way out of the folder, whoever wrote the manifest."""
    return isinstance(name, str) and name == Path(name).name and name not in ("", "..", MANIFEST)


def _sync(folder: Path) -> None:
    """Make the names last: a rename is only as safe as its folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
