"""A table in Parquet or CSV objects of a bucket, as a table source: brought to local files, which the engine reads."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audctl.exchange.faults import fault
from audctl.exchange.folder_store import local_table
from audctl.exchange.pipes import create_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audctl.exchange.ports import StoredFile, TableFile, Told
    from audctl.exchange.s3_store import S3Files

_FORMS = (".parquet", ".pq", ".csv.gz", ".csv")
_PIECE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class S3Table:
    """See :class:`audctl.exchange.ports.TableSource`. An address names one object, or all below it."""

    files: S3Files
    role: str

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:
        """Bring the objects to ``spool``."""
        del wanted
        store, found = self._find()
        folder = spool / f"{self.role}.s3"
        folder.mkdir(mode=0o700)
        total = sum(each.size for each in found)
        done = 0
        for number, each in enumerate(found):
            ending = next(form for form in _FORMS if each.name.lower().endswith(form))
            with (
                store.open(each) as stream,
                create_private(folder / f"{number:06}{ending}") as copy,
            ):
                shutil.copyfileobj(stream, copy, _PIECE)
            done += each.size
            told.advanced(f"fetching {self.role}", 0, done / total if total else None)
        return local_table(str(folder), folder, f"the table of {self.role}").file

    def _find(self) -> tuple[S3Files, Sequence[StoredFile]]:
        prefix, _, name = self.files.prefix.rpartition("/")
        if name.lower().endswith(_FORMS):
            store = replace(self.files, prefix=prefix)
            found = [each for each in store.list() if each.path == name]
        else:
            store = self.files
            found = [each for each in store.list() if each.name.lower().endswith(_FORMS)]
        if not found:
            raise fault(
                "AUD2701",
                f"the table of {self.role} is not there: {self.files.describe()} holds no Parquet (.parquet) and no CSV"
                " (.csv, .csv.gz)",
                "correct the address",
            )
        return store, found
