"""What an account holds before audctl comes: written straight into a sandbox's folder that nobody serves.

Destinations always exist beforehand, for audctl only looks at them. A filled tenant holds everything else as well, as
the manifests ask for it, but the exports' workflows and traits: a brownfield, made in seconds instead of by a first
apply. Objects get the ids that the sandbox would have given them next, so that its own counting goes on from there.
"""

from __future__ import annotations

import re
from contextlib import closing
from itertools import chain, count
from typing import TYPE_CHECKING, Any, cast

import yaml

from audctl.sandbox.audience_manager.destinations import SERVER_SET
from audctl.sandbox.audience_manager.kinds import (
    DATA_SOURCE,
    DEFAULT_MERGE_RULE_ID,
    DESTINATION,
    MAPPING,
    ROOT_FOLDER_ID,
    SEGMENT,
    SEGMENT_FOLDER,
    SYSTEM_DATA_SOURCE_ID,
    TRAIT,
    TRAIT_FOLDER,
    Kind,
)
from audctl.sandbox.audience_manager.records import COMPANY_ID, insert_as
from audctl.sandbox.audience_manager.segments import link_traits
from audctl.sandbox.audience_manager.synced_traits import folder_trait_name, trait_document
from audctl.sandbox.audience_manager.tables import FIRST_IDS
from audctl.sandbox.audience_manager.tenant import data_source_document
from audctl.sandbox.campaign.baseline import LISTS_FOLDER_ID, MARKETER_ID
from audctl.sandbox.campaign.catalog import stored_schema
from audctl.sandbox.campaign.rows import Change, Values, insert_row
from audctl.sandbox.store import Store
from tests.bench.account import FIRST_DESTINATION_ID, Topic, files, topics

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

Spec = dict[str, Any]

MADE_MS = 1_756_684_800_000
MADE_AT = "2025-09-01 00:00:00.000Z"
_STAMPS = {"crUID": 12, "upUID": 12, "createTime": MADE_MS, "updateTime": MADE_MS}
_TRAIT_NAME = re.compile(r"[a-z]+-\d\d-\d{3}-t\d\d")
_LISTS = "/Profiles and Targets/Lists"


def fill_tenant(data: Path, fraction: float, *, full: bool = False) -> None:
    """Make the destinations; with ``full`` nearly all that the manifests of such an account ask for."""
    with closing(Store(data)) as store, store.write() as conn:
        sower = _Sower(conn)
        for topic in topics(fraction):
            sower.destination(topic)
            if full:
                sower.fill(topic)


class _Sower:
    """Objects of one tenant, with the ids they got, by kind and name."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._change = Change(conn, MARKETER_ID, MADE_AT)
        self._next = {each: count(first) for each, first in FIRST_IDS.items()}
        self._ids: dict[tuple[str, str], int] = {("campaign.folder", _LISTS): LISTS_FOLDER_ID}
        for kind in (TRAIT_FOLDER, SEGMENT_FOLDER):
            self._ids[kind.noun, ""] = ROOT_FOLDER_ID

    def destination(self, topic: Topic) -> None:
        own = topic.opens_team
        number = FIRST_DESTINATION_ID + topic.number
        document = {
            "pid": COMPANY_ID,
            "destinationType": "S2S" if own else "PUSH",
            **SERVER_SET,
            "name": f"Feed of {topic.name}",
            "description": "",
            "mappingAutoFiller": "NONE",
            "dataExportLabels": [],
            **({} if own else _addresses(topic)),
            **_STAMPS,
        }
        insert_as(self._conn, DESTINATION, number, document, "consultant" if own else "user")

    def fill(self, topic: Topic) -> None:
        """Make what the topic's manifests ask for; they come in an order in which each refers to earlier ones."""
        for text in chain.from_iterable(files(topic, 1).values()):
            manifest = yaml.load(text, Loader=yaml.CSafeLoader)
            kind, name, spec = manifest["kind"], manifest["metadata"]["name"], manifest["spec"]
            make = {
                "DataSource": self._data_source,
                "Trait": self._trait,
                "Audience": self._segment,
                "List": self._list,
                "ImportBinding": self._import,
            }.get(kind)
            if make is not None:
                make(name, spec)

    def _data_source(self, name: str, spec: Spec) -> None:
        declared = spec["idType"] == "declaredId"
        document = {
            **data_source_document(spec["label"], name, COMPANY_ID),
            "idType": "CROSS_DEVICE" if declared else "COOKIE",
            "subIdType": "CROSS_DEVICE_PERSON" if declared else None,
            "inboundS2S": True,
            "outboundS2S": True,
            "uniqueTraitIntegrationCodes": True,
            "uniqueSegmentIntegrationCodes": True,
            **_STAMPS,
        }
        self._insert(DATA_SOURCE, name, document)
        there = spec["campaign"]
        feed = int(there["destination"].rpartition("-")[2])
        values: Values = {
            "name": name,
            "label": spec["label"],
            "targetSchema": there["targetingDimension"],
            "reconciliationKey": there.get("reconciliationKey"),
            "hashAlgorithm": there.get("hashAlgorithm"),
            "aamDataSourceId": self._ids[DATA_SOURCE.noun, name],
            "aamDestinationId": FIRST_DESTINATION_ID + feed,
        }
        self._add("nms:amcDataSource", name, values)

    def _trait(self, name: str, spec: Spec) -> None:
        ruled = spec["type"] == "ruleBased"
        document = {
            **trait_document(
                spec["label"],
                "RULE_BASED_TRAIT" if ruled else "ON_BOARDED_TRAIT",
                self._ids[DATA_SOURCE.noun, spec["dataSource"]],
                self._folder(TRAIT_FOLDER, spec["folder"]),
            ),
            "description": spec["description"],
            "integrationCode": name,
            "traitRule": spec["rule"] if ruled else f'ic == "{name}"',
            "ttl": spec["ttlDays"],
        }
        self._insert(TRAIT, name, document)

    def _segment(self, name: str, spec: Spec) -> None:
        if spec["source"] == "campaign":
            return  # its rule is over the export's trait, which is not there
        traits: set[int] = set()

        def wire(match: re.Match[str]) -> str:
            traits.add(self._ids[TRAIT.noun, match[0]])
            return f"{self._ids[TRAIT.noun, match[0]]}T"

        document = {
            "name": spec["label"],
            "description": spec["description"],
            "segmentRule": _TRAIT_NAME.sub(wire, spec["rule"]),
            "folderId": self._folder(SEGMENT_FOLDER, spec["folder"]),
            "dataSourceId": self._ids[DATA_SOURCE.noun, spec["dataSource"]],
            "mergeRuleDataSourceId": DEFAULT_MERGE_RULE_ID,
            "integrationCode": name,
            "status": "ACTIVE",
        }
        self._insert(SEGMENT, name, document)
        link_traits(self._conn, self._ids[SEGMENT.noun, name], traits)

    def _list(self, name: str, spec: Spec) -> None:
        values: Values = {
            "name": name,
            "label": spec["label"],
            "desc": spec["description"],
            "folder-id": self._campaign_folder(spec["folder"]),
        }
        self._add("nms:group", name, values)

    def _import(self, _name: str, spec: Spec) -> None:
        audience, source = spec["audience"], spec["dataSource"]
        segment = self._ids[SEGMENT.noun, audience]
        (feed,) = self._conn.execute(
            'SELECT aamDestinationId FROM "nms_amcDataSource" WHERE name = ?', (source,)
        ).fetchone()
        document = {
            "destinationId": feed,
            "sid": segment,
            "traitType": "SEGMENT",
            "startDate": "2025-12-31",
            "endDate": None,
            "traitAlias": audience,
            **dict.fromkeys(
                ("valueAlias", "url", "secureUrl", "tagCode", "secureTagCode", "priority")
            ),
            "traitValue": 0,
        }
        mapping = self._insert(MAPPING, audience, document)
        (label,) = self._conn.execute(
            "SELECT name FROM aam_segment WHERE id = ?", (segment,)
        ).fetchone()
        self._conn.execute(
            'UPDATE nms_group SET isAMC = 1, "aamMappingId" = ?, "sharedAudience" = ?,'
            ' "amcDataSource-id" = ? WHERE id = ?',
            (
                str(mapping),
                label,
                self._ids["nms:amcDataSource", source],
                self._ids["nms:group", spec["list"]],
            ),
        )

    def _folder(self, kind: Kind, path: str) -> int:
        known = self._ids.get((kind.noun, path))
        if known is not None:
            return known
        above, _, name = path.rpartition("/")
        document = {"name": name, "parentFolderId": self._folder(kind, above)}
        made = self._insert(kind, path, document)
        if kind is TRAIT_FOLDER:
            kept = trait_document(
                folder_trait_name(name), "FOLDER_TRAIT", SYSTEM_DATA_SOURCE_ID, made
            )
            self._insert(TRAIT, f"folder {path}", kept, "folder")
        return made

    def _campaign_folder(self, path: str) -> int:
        known = self._ids.get(("campaign.folder", path))
        if known is not None:
            return known
        above, _, name = path.rpartition("/")
        values: Values = {
            "name": f"bench {path.removeprefix(_LISTS)}"[:60],
            "label": name,
            "parent-id": self._campaign_folder(above),
            "model": "nmsGroup",
        }
        made = insert_row(self._change, stored_schema("xtk:folder"), values)
        self._ids["campaign.folder", path] = made
        return made

    def _add(self, schema: str, name: str, values: Values) -> None:
        self._ids[schema, name] = insert_row(self._change, stored_schema(schema), values)

    def _insert(
        self, kind: Kind, name: str, document: Mapping[str, object], origin: str = "user"
    ) -> int:
        made = next(self._next[kind.table])
        whole = cast("dict[str, object]", {"pid": COMPANY_ID, **document, **_STAMPS})
        insert_as(self._conn, kind, made, whole, origin)
        self._ids[kind.noun, name] = made
        return made


def _addresses(topic: Topic) -> dict[str, object]:
    return {
        "serializationEnabled": True,
        "urlFormatString": f"http://{topic.name}.example/p?s=%ALIAS%",
        "secureUrlFormatString": f"https://{topic.name}.example/p?s=%ALIAS%",
        "delimiter": ",",
    }
