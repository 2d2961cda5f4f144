"""What Campaign knows of a sample of ids, asked by those ids: a few calls in place of whole tables."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from audctl.exchange.job import Hashing, IdKind
from audctl.exchange.pipes import create_private
from audctl.exchange.ports import TableFile, TableForm
from audctl.exchange.tables import FLAG, KEY
from audctl.model.people import PeopleKind, PeopleTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from audctl.exchange.job import IdSpace
    from audctl.exchange.ports import TableSource, Told
    from audctl.ports import PeopleReader

AT_ONCE: Final = 400
"""Values in one condition."""
_NOT_XML: Final = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Nobody in Campaign has an id with such a character: none could be sent to it."""


class CampaignSample:
    """Recipients and tracking logs of some ids; asked for once, however often they are fetched."""

    def __init__(
        self, reader: PeopleReader, space: IdSpace, columns: Mapping[str, str], ids: Sequence[str]
    ) -> None:
        self._reader = reader
        self._space = space
        self._key = columns.get(KEY, space.key)
        # Beside its own flag a recipient may have another one that counts.
        self._flag = (columns[FLAG],) if FLAG in columns else ()
        self._ids = [each for each in ids if not _NOT_XML.search(each)]
        self._clicks: set[tuple[str, str]] | None = None

    @staticmethod
    def is_possible(space: IdSpace) -> bool:
        """Tell whether ids can be asked for: Campaign holds no digests."""
        return space.kind is IdKind.VISITOR or space.hashing is Hashing.NONE

    def recipients(self) -> TableSource:
        """Return those of the sample, as a table."""
        header = ("id", "opted_out", *self._flag, *self._keys)
        return _Part("recipients", header, self._recipients)

    def tracking(self) -> TableSource:
        """Return who has clicked under ids of the sample, as a table."""
        return _Part("tracking", ("recipient_id", "visitor_id"), self._tracking)

    @property
    def _keys(self) -> tuple[str, ...]:
        is_read = self._space.kind is IdKind.DECLARED and self._key.strip("[]@ ") != "id"
        return (self._key,) if is_read else ()

    def _recipients(self) -> Iterator[tuple[str, ...]]:
        attributes = (*self._flag, *self._keys)
        if self._space.kind is IdKind.DECLARED:
            return self._rows(PeopleKind.RECIPIENTS, self._ids, attributes, by=self._key)
        people = sorted({recipient for recipient, _ in self._tracking()})
        return self._rows(PeopleKind.RECIPIENTS, people, attributes)

    def _tracking(self) -> set[tuple[str, str]]:
        if self._clicks is None:
            rows = self._rows(PeopleKind.TRACKING_LOGS, self._ids)
            self._clicks = {(row[1], row[2]) for row in rows}
        return self._clicks

    def _rows(
        self,
        kind: PeopleKind,
        values: Iterable[str],
        attributes: tuple[str, ...] = (),
        by: str = "",
    ) -> Iterator[tuple[str, ...]]:
        waiting = iter(values)
        while batch := tuple(islice(waiting, AT_ONCE)):
            table = PeopleTable(kind=kind, attributes=attributes, among=batch, by=by)
            for page in self._reader.read_people(table, after=None):
                yield from page.rows


@dataclass(frozen=True, slots=True)
class _Part:
    """See :class:`audctl.exchange.ports.TableSource`."""

    name: str
    header: Sequence[str]
    rows: Callable[[], Iterable[Sequence[str]]]

    def fetch(self, spool: Path, wanted: Sequence[str], told: Told) -> TableFile:
        """Ask, and write the answer to a file."""
        del wanted
        told.advanced(f"asking for {self.name}", 0, None)
        path = spool / f"{self.name}.sample.csv"
        with (
            create_private(path) as raw,
            io.TextIOWrapper(raw, encoding="utf-8", newline="") as text,
        ):
            writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(self.header)
            writer.writerows(self.rows())
        return TableFile(form=TableForm.CSV, paths=(path,), is_own=True)
