"""What stands in both live systems and in the ledger, read from the sandbox's own tables, ids replaced by names.

Two pictures are equal when the same things stand there, whatever numbers and times they were given. Nothing of audctl
but the ledger's codec takes part: a mistake in how a provider reads cannot hide here.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from audctl.ledger.codec import decode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from audctl.model.ledger import Ledger

_AUDIENCE_MANAGER = {
    "aam.traitFolder": "aam_trait_folder",
    "aam.segmentFolder": "aam_segment_folder",
    "aam.dataSource": "aam_data_source",
    "aam.destination": "aam_destination",
    "aam.trait": "aam_trait",
    "aam.segment": "aam_segment",
    "aam.mapping": "aam_mapping",
}
_CAMPAIGN = {
    "campaign.folder": ("xtk_folder", "fullName"),
    "campaign.dataSource": ("nms_amcDataSource", "name"),
    "campaign.list": ("nms_group", "name"),
    "campaign.externalAccount": ("nms_extAccount", "name"),
    "campaign.workflow": ("xtk_workflow", "internalName"),
}
SHARED_FIELDS = frozenset({"isAMC", "aamMappingId", "sharedAudience", "amcDataSource-id"})
"""Of a list's row: those that are its shared-audience side."""
_UNTOLD = frozenset({
    "createTime", "updateTime", "crUID", "upUID", "startDate", "created", "lastModified", "createdBy-id",
    "modifiedBy-id", "lastStart", "processDate", "nextProcessingDate", "traitRuleVersion", "id",
})  # fmt: skip
"""Times, and who it was: the runs of one case are made by one account."""
_STARTED = 11
_OWN_ID = frozenset({"sid", "dataSourceId", "destinationMappingId", "folderId", "destinationId"})
_ID = re.compile(r"(?<![\w.-])\d{4,}(?=T?\b)(?![.-])")


class Row(NamedTuple):
    """One live object."""

    name: str
    """Its key; a second one of the same key has a number behind it."""
    fields: Mapping[str, str]
    """With names in place of ids."""
    raw: Mapping[str, str]
    """With ids: for comparison with an earlier state of the same world."""


@dataclass(frozen=True)
class Picture:
    """Everything that stands outside of a process."""

    rows: Mapping[tuple[str, str], Row]
    """By type and id."""
    ledger: Mapping[str, str] = field(default_factory=dict)
    """By what it is: entries, intents and locks."""
    litter: int = 0
    """Parts of older ledgers in Campaign, and of some that were never finished: the next save removes them."""

    @property
    def things(self) -> dict[str, str]:
        """Return all there is, by name."""
        return self.live | dict(self.ledger)

    @property
    def live(self) -> dict[str, str]:
        """Return what stands live, by name."""
        return {
            f"{kind} {row.name}": json.dumps(dict(row.fields), sort_keys=True)
            for (kind, _), row in self.rows.items()
        }


def take_picture(conn: sqlite3.Connection, file: Path | None = None) -> Picture:
    """Return what stands in the tables, and in a ledger file."""
    found = [*_audience_manager_rows(conn), *_campaign_rows(conn)]
    names: dict[str, str] = {}
    taken: Counter[str] = Counter()
    # A folder's key holds its parent's, a mapping's its segment's: three levels at most.
    for _ in range(3):
        taken.clear()
        for kind, number, key, _content in found:
            name = _named(key, names)
            taken[f"{kind} {name}"] += 1
            again = taken[f"{kind} {name}"]
            names[number] = name if again == 1 else f"{name} ({again})"
    rows = {
        (kind, number): Row(
            names[number],
            {name: _named(str(value), names) for name, value in content.items()},
            {name: str(value) for name, value in content.items()},
        )
        for kind, number, _, content in found
    }
    ledger, litter = _options(conn, names)
    if file is not None and file.exists():
        ledger.update(_ledger(decode(file.read_bytes(), project=None), names))
    return Picture(rows, ledger, litter)


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return lines for each thing that differs."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            lines += [
                name,
                f"  expected {expected.get(name, 'nothing')}",
                f"  found    {found.get(name, 'nothing')}",
            ]
    return lines


def _audience_manager_rows(
    conn: sqlite3.Connection,
) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for kind, table in _AUDIENCE_MANAGER.items():
        for row in conn.execute(f"SELECT id, origin, document FROM {table} ORDER BY id"):  # noqa: S608
            number, document = str(row["id"]), json.loads(row["document"])
            if row["origin"] not in {"user", "consultant"}:
                # What the server keeps beside folders and data sources comes and goes with them.
                yield f"server's {kind}", number, document["name"], {}
            else:
                yield kind, number, _key(kind, document), _told(document)


def _key(kind: str, document: Mapping[str, Any]) -> str:
    if kind.endswith("Folder"):
        return f"{document['parentFolderId'] or ''}/{document['name']}"
    if kind == "aam.mapping":
        return f"{document['destinationId']} <- {document['sid']} as {document['traitAlias']}"
    code = document.get("integrationCode") or document["name"]
    return f"{code} in {document['dataSourceId']}" if "sid" in document else str(code)


def _campaign_rows(
    conn: sqlite3.Connection,
) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    for kind, (table, key) in _CAMPAIGN.items():
        for row in conn.execute(f'SELECT * FROM "{table}" ORDER BY id'):  # noqa: S608
            content = dict(row)
            if kind == "campaign.workflow":
                # What takes effect at the next start only is not yet so.
                started, changed = content["lastStart"] or "", content["lastModified"] or ""
                content["runsAnOldDefinition"] = content["state"] == _STARTED and started < changed
            if content.get("password"):
                # Encrypted with a salt: the same secret looks otherwise each time.
                content["password"] = "***"
            yield kind, str(row["id"]), str(row[key]), _told(content)


def _told(content: Mapping[str, Any]) -> dict[str, Any]:
    first = next(iter(content), "")
    return {
        name: value
        for name, value in content.items()
        if name not in _UNTOLD and not (name == first and name in _OWN_ID)
    }


def _named(text: str, names: Mapping[str, str]) -> str:
    return _ID.sub(lambda found: names.get(found[0], found[0]), text)


def _options(conn: sqlite3.Connection, names: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """Return the ledgers in Campaign and their locks, and how many options are left of the making of others."""
    rows = {
        row["name"]: (row["stringValue"] or "", row["memoValue"] or "")
        for row in conn.execute("SELECT * FROM xtk_option WHERE name LIKE 'audctl.%' ORDER BY name")
    }
    locks = {name for name in rows if name.endswith(".lock")}
    newest = {
        name.partition(".ledger.")[0]: name
        for name in sorted(rows, key=_serial)
        if ".ledger." in name
    }
    found = {f"lock {name}": "" for name in locks}
    used: set[str] = set()
    for prefix, name in newest.items():
        _, version, chunks = rows[name][0].split("|")
        parts = [f"{prefix}.{version}.{index:04d}" for index in range(int(chunks))]
        used.update([name, *parts])
        content = base64.b64decode("".join(rows[each][1] for each in parts))
        ledger = _ledger(decode(content, project=None), names)
        found.update({f"{prefix} {what}": text for what, text in ledger})
    return found, len(rows.keys() - used - locks)


def _serial(name: str) -> int:
    number = name.rpartition(".ledger.")[2]
    return int(number) if number.isdigit() else 0


def _ledger(ledger: Ledger, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for address, entry in ledger.entries.items():
        content = {
            "id": entry.live_id,
            "fields": {name: str(value) for name, value in sorted(entry.fields.items())},
            "secrets": sorted(entry.secrets),
            "requires": [str(each) for each in entry.requires],
            "protect": entry.protect,
            "policy": entry.deletion_policy,
            "created": entry.created,
            "tombstone": entry.removed_at is not None,
            "grace": entry.grace_days,
            "previous": entry.previous_names,
        }
        yield f"ledger entry {address}", _named(json.dumps(content, sort_keys=True), names)
    for address in ledger.intents:
        yield f"ledger intent {address}", ""
