"""The items of an inbound line: which traits they give and take.

Only onboarded traits are matched: by number, by `ic` code, or by the key and value of a rule that is one comparison.
Keys and values are compared in any case, ids exactly.
"""

import re
import sqlite3
from dataclasses import dataclass

_BY_ID = re.compile(r"d_(?P<un>un)?sid\s*=\s*(?P<sid>\d{1,18})")
_REMOVAL = re.compile(r"(?P<sid>\d{1,18}):(?:0|-1)")
_NUMBER = re.compile(r"\d{1,100}")
_SIGNAL = re.compile(r'-?(?P<key>"[^"]*"|[^"=\s][^"=]*?)\s*=\s*(?P<value>"[^"]*"|[^"]*)')
_COMPARISON = re.compile(r'\s*(?P<key>"(?:[^"]|"")*"|[^\s"=]+)\s*==\s*(?P<value>"[^"]*"|\S+)\s*')
_SPLIT = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')


@dataclass(frozen=True, slots=True)
class Items:
    """What one combination of items says."""

    added: frozenset[int]
    removed: frozenset[int]
    signals: int
    unused: int
    """Signals that match no trait."""
    refused: int
    """Traits named by number that are not onboarded traits of the target data source."""


class ItemReader:
    """Reads items against the onboarded traits of one data source; each combination is worked out once."""

    def __init__(self, conn: sqlite3.Connection, target_source_id: int) -> None:
        rows = conn.execute(
            "SELECT id, document ->> '$.traitRule' AS rule FROM aam_trait"
            " WHERE trait_type = 'ON_BOARDED_TRAIT' AND data_source_id = ?",
            (target_source_id,),
        ).fetchall()
        self.traits = frozenset(row["id"] for row in rows)
        self._by_signal: dict[tuple[str, str], set[int]] = {}
        for row in rows:
            match = _COMPARISON.fullmatch(row["rule"] or "")
            if match is not None:
                signal = _bare(match["key"]), _bare(match["value"])
                self._by_signal.setdefault(signal, set()).add(row["id"])

    def read(self, text: str) -> Items | None:
        """Read the items of a line; None when one of them is malformed."""
        added: set[int] = set()
        removed: set[int] = set()
        unused = refused = 0
        parts = _SPLIT.split(text)
        for part in parts:
            item = part.strip()
            by_id = _BY_ID.fullmatch(item) or _REMOVAL.fullmatch(item)
            if by_id is not None:
                sid = int(by_id["sid"])
                if sid not in self.traits:
                    refused += 1
                else:
                    takes = by_id.re is _REMOVAL or by_id["un"]
                    (removed if takes else added).add(sid)
                continue
            signal = _signal(item)
            if signal is None:
                return None
            found = self._by_signal.get(signal, set())
            added |= found
            unused += not found
        return Items(frozenset(added), frozenset(removed), len(parts), unused, refused)


def _signal(item: str) -> tuple[str, str] | None:
    if _NUMBER.fullmatch(item):
        return "ic", item
    match = _SIGNAL.fullmatch(item)
    return None if match is None else (_bare(match["key"]), _bare(match["value"]))


def _bare(text: str) -> str:
    return text.strip().strip('"').strip().lower()
