"""What a result of an exchange is, whole or one file of it, held against what its manifest says."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from audctl.errors import FindingsError
from audctl.exchange.faults import fault
from audctl.exchange.folder_store import FolderStore
from audctl.exchange.pipes import create_private
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.result import listed_files, stored_manifest
from audctl.exchange.tallies import number
from audctl.model.exchange import Inspection

if TYPE_CHECKING:
    import io
    from collections.abc import Mapping
    from pathlib import Path

    from audctl.exchange.ports import Engine, FileStore, StoredFile

_TABLES = {"members": "members of an import", "complement": "complement of an export"}
"""Contents of files that are tables, in words."""
_PERSON = "recipient_id"
_PIECE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a result, as the manifest beside it tells of it."""

    store: FileStore
    file: StoredFile
    manifest: Mapping[str, object]
    listed: Mapping[str, object]

    @property
    def is_table(self) -> bool:
        """Whether it holds people of the result in rows, and not lines for Audience Manager."""
        return self.listed.get("content") in _TABLES

    def differences(self) -> list[str]:
        """Return in what its bytes are not those that were written."""
        if self.file.size != self.listed["bytes"]:
            return [f"it has {self.file.size:,} bytes, and {self.listed['bytes']:,} were written"]
        with self.store.open(self.file) as stream:
            # Whatever a store opens reads into a buffer.
            digest = hashlib.file_digest(cast("io.BufferedReader", stream), "sha256").hexdigest()
        if digest != self.listed.get("sha256"):
            return ["it is not what was written: its checksum differs"]
        return []


def find_part(store: FileStore, file: StoredFile) -> Part | None:
    """Return what a manifest beside a file says of it; None where none does."""
    manifest = stored_manifest(store)
    for each in listed_files(manifest) if manifest is not None else ():
        assert manifest is not None
        if each["name"] == file.path:
            return Part(store, file, manifest, each)
    return None


def inspect_table(part: Part, engine: Engine) -> Inspection:
    """Return what a table of a result is, with its rows counted."""
    problems = part.differences()
    counts = {}
    try:
        rows = _rows(part, engine)
    except FindingsError:
        problems.append("it cannot be read to its end")
    else:
        counts["rows"] = rows
        if rows != part.listed["rows"]:
            problems.append(f"it has {rows:,} rows, and {part.listed['rows']:,} were written")
    return Inspection(
        name=part.file.name,
        kind=_TABLES[str(part.listed["content"])],
        facts=_facts(part.manifest),
        counts=counts,
        problems=tuple(problems),
    )


def inspect_result(store: FileStore, name: str) -> Inspection:
    """Return what the result in a store is."""
    manifest = stored_manifest(store)
    if manifest is None:
        return Inspection(
            name=name,
            kind="folder",
            facts={},
            counts={},
            problems=("it holds no finished result: there is no manifest that can be read",),
        )
    files = listed_files(manifest)
    there = {each.path: each for each in store.list()}
    problems = []
    for each in files:
        file = there.get(str(each["name"]))
        if file is None:
            problems.append(f"{each['name']} is not there")
        else:
            differences = Part(store, file, manifest, each).differences()
            problems += [f"{file.name}: {difference}" for difference in differences]
    return Inspection(
        name=name,
        kind=f"result of an {manifest.get('kind')}",
        facts=_facts(manifest),
        counts={str(each["name"]): number(each.get("rows")) for each in files},
        problems=tuple(problems),
    )


def _facts(manifest: Mapping[str, object]) -> dict[str, str | int | bool]:
    return {
        "binding": str(manifest.get("binding")),
        "made at": _moment(str(manifest.get("madeAt"))),
        "made by": str(manifest.get("madeBy")),
    }


def _moment(text: str) -> str:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return text


def _rows(part: Part, engine: Engine) -> int:
    form = TableForm.PARQUET if part.file.name.endswith(".parquet") else TableForm.CSV
    table = TableFile(form=form, paths=(_local(part, engine.spool()),), is_own=True)
    if _PERSON not in engine.columns(table):
        raise fault("AUD2701", f"{part.file.name} has no column {_PERSON}")
    engine.read_table("inspected", table, {_PERSON: _PERSON})
    ((rows,),) = engine.fetch("SELECT count(*) FROM inspected")
    return number(rows)


def _local(part: Part, spool: Path) -> Path:
    if isinstance(part.store, FolderStore):
        return part.store.root / part.file.path
    path = spool / part.file.name
    with part.store.open(part.file) as stream, create_private(path) as copy:
        shutil.copyfileobj(stream, copy, _PIECE)
    return path
