"""Recipients, tracking logs and list members straight from Campaign, page by page, as a table source.

Columns are named so that :mod:`audctl.exchange.tables` finds them like those of any export. What was read is kept in a
work folder until the exchange is done: after a cut, reading goes on behind the last whole page.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from audctl.exchange.job import Hashing
from audctl.exchange.page_spool import PageSpool
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.sql_text import hashed
from audctl.exchange.tables import FLAG, KEY
from audctl.model.people import PeopleKind, PeoplePage, PeopleTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from audctl.exchange.ports import Told
    from audctl.ports import Clock, PeopleReader

_HEADERS: Final = {
    PeopleKind.RECIPIENTS: ("id", "opted_out"),
    PeopleKind.TRACKING_LOGS: ("log_id", "recipient_id", "visitor_id"),
    PeopleKind.MEMBERS: ("recipient_id",),
}
_WORK: Final = {
    PeopleKind.RECIPIENTS: "recipients",
    PeopleKind.TRACKING_LOGS: "tracking logs",
    PeopleKind.MEMBERS: "list members",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTable:
    """One table of Campaign."""

    reader: PeopleReader
    kind: PeopleKind
    folder: Path
    """Work folder, kept after a cut; the owner's alone."""
    system: str
    """Which Campaign, so that rows of two are never joined."""
    clock: Clock
    key: str = ""
    """Reconciliation key, for recipients."""
    hashing: Hashing = Hashing.NONE
    """Of what stands under the key: it is hashed before it reaches the disk."""
    columns: Mapping[str, str]
    """Attributes that options name in place of the usual ones, by role."""
    list_id: str = ""
    hold: ExitStack = field(default_factory=ExitStack)
    """Keeps other processes off the file while it is in use; shared by all that read the same one."""

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:  # noqa: ARG002 - keeps its own
        """Read what is not read yet; the file stays in the work folder until :meth:`drop`."""
        attributes = tuple(self._attributes(wanted))
        table = PeopleTable(kind=self.kind, attributes=attributes, list_id=self.list_id)
        header = (*_HEADERS[self.kind], *attributes)
        key = self.columns.get(KEY, self.key)
        place = header.index(key) if self.hashing is not Hashing.NONE and key in attributes else 0
        file = PageSpool(
            self.folder,
            self._name,
            what=f"{self.system} {self.kind} {self.list_id} {self.hashing if place else ''}",
            header=header,
        )
        total = self.reader.count_rows(table)
        work = f"reading {_WORK[self.kind]}"

        def tell(rows: int) -> None:
            told.advanced(work, rows, min(1.0, rows / total) if total else None)

        self.hold.close()  # from here on it is this exchange's, not that of a binding before it
        file.fill(
            lambda after: self._pages(table, after, place),
            now=self.clock.now(),
            told=tell,
            hold=self.hold,
        )
        return TableFile(form=TableForm.CSV, paths=(file.path,), is_own=True, is_hashed=bool(place))

    def drop(self) -> None:
        """Remove what was read, once it is of no more use."""
        PageSpool(self.folder, self._name, what="", header=()).drop()
        self.hold.close()

    def _pages(self, table: PeopleTable, after: int | None, place: int) -> Iterable[PeoplePage]:
        """Give the pages, with the values in one place hashed; 0: none are."""
        pages = self.reader.read_people(table, after=after)
        return pages if not place else _hashed(pages, place, self.hashing)

    @property
    def _name(self) -> str:
        return f"{self.kind}-{self.list_id}" if self.list_id else str(self.kind)

    def _attributes(self, wanted: Sequence[str]) -> list[str]:
        """Return the attributes of recipients to read beside id and flag: as spelled, they head their columns."""
        if self.kind is not PeopleKind.RECIPIENTS:
            return []
        asked = []
        if KEY in wanted:
            asked.append(self.columns.get(KEY, self.key))
        if FLAG in wanted and FLAG in self.columns:
            asked.append(self.columns[FLAG])
        return [each for each in dict.fromkeys(asked) if each.strip("[]@ ") != "id"]


def _hashed(pages: Iterable[PeoplePage], place: int, hashing: Hashing) -> Iterator[PeoplePage]:
    """Hash one value of each row by the statement that hashes all others: only so do they always agree."""
    import duckdb  # noqa: PLC0415 - slow to import

    statement = (
        f"SELECT coalesce({hashed('v', hashing)}, '') FROM (SELECT unnest(?::VARCHAR[]) AS v)"
    )
    with duckdb.connect(":memory:") as engine:
        for page in pages:
            values = [row[place] for row in page.rows]
            digests = [str(digest) for (digest,) in engine.execute(statement, [values]).fetchall()]
            rows = zip(page.rows, digests, strict=True)
            yield PeoplePage(
                rows=tuple((*row[:place], digest, *row[place + 1 :]) for row, digest in rows),
                last=page.last,
            )
