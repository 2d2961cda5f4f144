"""What several jobs of one command read alike: files of a destination, tables that come from elsewhere; read once.

It lies in a folder of the command's own, as far as an engine or a source has brought it, and goes with that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from audctl.errors import FindingsError
from audctl.exchange.importing import read_feed
from audctl.exchange.ports import RowTarget, TableFile, TableForm

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    from audctl.exchange.importing import Feed
    from audctl.exchange.job import ImportJob
    from audctl.exchange.ports import Engine, TableSource, Told

Reading = TypeVar("Reading")
_COLUMNS = ("batch", "id", "tail")


class Kept:
    """Readings by what they are of. One that failed fails again at once: the next job would fare no better."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._feeds: dict[Hashable, tuple[Feed, TableFile] | FindingsError] = {}
        self._tables: dict[Hashable, TableFile | FindingsError] = {}

    def feed(self, job: ImportJob, engine: Engine, told: Told) -> Feed:
        """Make ``audience_row`` of the job's files; an empty id may be null in it."""
        name = (
            job.files.describe(),
            job.destination_id,
            job.space.data_source_id,
            job.template,
        )
        is_read = name in self._feeds
        feed, table = _once(self._feeds, name, lambda: self._read(job, engine, told))
        if is_read:
            engine.read_table("audience_row", table, {each: each for each in _COLUMNS}, ("batch",))
        return feed

    def table(self, source: TableSource, name: Hashable) -> TableSource:
        """Return a source that fetches what ``name`` stands for once, however often it is asked."""
        return _KeptTable(source, self, name)

    def fetched(
        self, source: TableSource, name: Hashable, wanted: Sequence[str], told: Told
    ) -> TableFile:
        """Return a table with these roles, fetched now or before."""
        return _once(
            self._tables,
            (name, *wanted),
            lambda: source.fetch(self._place(), wanted, told),
        )

    def _read(self, job: ImportJob, engine: Engine, told: Told) -> tuple[Feed, TableFile]:
        feed = read_feed(job, engine, told)
        target = RowTarget(name=lambda _: "feed.parquet", content="feed", form="parquet")
        place = self._place()
        engine.write(f"SELECT {', '.join(_COLUMNS)} FROM audience_row", target, place)
        return feed, TableFile(form=TableForm.PARQUET, paths=(place / "feed.parquet",))

    def _place(self) -> Path:
        place = self._folder / str(len(self._feeds) + len(self._tables))
        place.mkdir(mode=0o700)
        return place


@dataclass(frozen=True, slots=True)
class _KeptTable:
    """See :class:`audctl.exchange.ports.TableSource`."""

    source: TableSource
    kept: Kept
    name: Hashable

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:
        """Return it, as it was fetched for the first job that asked."""
        del spool
        return self.kept.fetched(self.source, self.name, wanted, told)


def _once(
    known: dict[Hashable, Reading | FindingsError], name: Hashable, read: Callable[[], Reading]
) -> Reading:
    if name not in known:
        try:
            known[name] = read()
        except FindingsError as error:
            known[name] = error
    found = known[name]
    if isinstance(found, FindingsError):
        raise found
    return found
