"""Demo tenant, Audience Manager side: what the retailer Marlow & Finch had before anyone wrote manifests.

Everything is made by hand in the console (user 12), by Analytics (user 0) or by the service; nothing of it is managed
by the example manifests. Times and ids are fixed.
"""

import sqlite3
from dataclasses import dataclass

from audctl.sandbox.audience_manager.choices import Choices
from audctl.sandbox.audience_manager.destinations import SERVER_SET
from audctl.sandbox.audience_manager.fields import Document
from audctl.sandbox.audience_manager.kinds import (
    AUDIENCE_TRAITS_FOLDER_ID,
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
)
from audctl.sandbox.audience_manager.records import COMPANY_ID, insert, insert_as
from audctl.sandbox.audience_manager.rights import RESTRICTED_GROUP_ID, grant
from audctl.sandbox.audience_manager.segment_rule import parse_segment_rule
from audctl.sandbox.audience_manager.segments import link_traits
from audctl.sandbox.audience_manager.synced_traits import folder_trait_name, trait_document
from audctl.sandbox.audience_manager.tenant import data_source_document
from audctl.sandbox.store import Store

CAMPAIGN_FEED_ID = 4200
PARTNER_ID = 4101
MARKETER = 12
ANALYTICS = 0
MADE_MS = 1_756_684_800_000
"""1 September 2025, midnight UTC."""


def fill(store: Store) -> None:
    """Make the tenant's objects."""
    with store.write() as conn:
        _Sower(conn).sow()


@dataclass(frozen=True, slots=True)
class _Trait:
    name: str
    code: str
    data_source_id: int
    folder_id: int
    rule: str | None
    """None makes an onboarded trait."""
    population: int
    origin: str = "user"


@dataclass(frozen=True, slots=True)
class _Segment:
    name: str
    code: str
    data_source_id: int
    folder_id: int
    rule: str
    population: int
    origin: str = "user"
    status: str = "ACTIVE"


class _Sower:
    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._choices = Choices()

    def sow(self) -> None:
        web = self._data_source("Legacy web tracking", "legacy-web")
        cards = self._data_source(
            "Store cards (retired CRM)",
            "legacy-store-cards",
            idType="CROSS_DEVICE",
            subIdType="CROSS_DEVICE_PERSON",
            inboundS2S=True,
            customerProfileDataRetention=62_208_000,
        )
        suite = self._data_source(
            "Marlow & Finch: production report suite",
            None,
            "analytics",
            type=self._choices.report_suite_type,
        )
        self._synced_trait("Store cards (retired CRM)", cards)
        legacy = self._trait_folder("Legacy", ROOT_FOLDER_ID)
        letters = self._trait_folder("Newsletter", legacy)
        reports = self._trait_folder("Analytics", ROOT_FOLDER_ID)
        vip, opened, bounced, _, spender = (
            self._trait(trait)
            for trait in (
                _Trait("Legacy VIP", "legacy-vip", web, legacy, 'c_tier == "vip"', 48_210),
                _Trait(
                    "Newsletter opened", "legacy-nl-open", web, letters, 'c_nl == "open"', 112_904
                ),
                _Trait(
                    "Newsletter bounced",
                    "legacy-nl-bounce",
                    web,
                    letters,
                    'c_nl == "bounce"',
                    3_377,
                ),
                _Trait("Store card holder", "legacy-store-card", cards, legacy, None, 76_040),
                _Trait(
                    "Big spenders",
                    "analytics-big-spenders",
                    suite,
                    reports,
                    None,
                    21_655,
                    "analytics",
                ),
            )
        )
        by_hand = self._segment_folder("Legacy", ROOT_FOLDER_ID)
        from_reports = self._segment_folder("Analytics", ROOT_FOLDER_ID)
        openers_rule = f"frequency([{opened}T] <= 30D) >= 2 AND NOT {bounced}T"
        sale_rule = f"{opened}T OR {vip}T"
        _, openers, _, _ = (
            self._segment(segment)
            for segment in (
                _Segment("VIP customers", "vip-customers", web, by_hand, f"{vip}T", 48_210),
                _Segment(
                    "Newsletter openers", "newsletter-openers", web, by_hand, openers_rule, 58_121
                ),
                _Segment(
                    "Autumn sale 2024",
                    "autumn-sale-2024",
                    web,
                    by_hand,
                    sale_rule,
                    0,
                    status="INACTIVE",
                ),
                _Segment(
                    "Analytics: big spenders",
                    "analytics-big-spenders",
                    suite,
                    from_reports,
                    f"{spender}T",
                    21_655,
                    "analytics",
                ),
            )
        )
        self._destination(CAMPAIGN_FEED_ID, "Adobe Campaign feed", "S2S", "consultant")
        partner = self._destination(
            PARTNER_ID,
            "Retargeting partner",
            "PUSH",
            "user",
            serializationEnabled=True,
            urlFormatString="http://partner.example/p?s=%ALIAS%",
            secureUrlFormatString="https://partner.example/p?s=%ALIAS%",
            delimiter=",",
        )
        self._mapping(partner, openers, "nl-openers")
        # What the client `restricted` sees of all this.
        grant(self._conn, RESTRICTED_GROUP_ID, DATA_SOURCE, web, ("READ", "MAP_TO_SEGMENTS"))
        grant(self._conn, RESTRICTED_GROUP_ID, DESTINATION, partner, ("READ",))

    def _data_source(
        self, name: str, code: str | None, origin: str = "user", **fields: object
    ) -> int:
        document = {
            **data_source_document(name, code, COMPANY_ID),
            **fields,
            **_stamps(origin),
        }
        return insert(self._conn, DATA_SOURCE, document, origin).id

    def _trait_folder(self, name: str, parent_id: int) -> int:
        folder_id = insert(self._conn, TRAIT_FOLDER, _folder(name, parent_id)).id
        document = trait_document(
            folder_trait_name(name), "FOLDER_TRAIT", SYSTEM_DATA_SOURCE_ID, folder_id
        )
        insert(self._conn, TRAIT, {"pid": COMPANY_ID, **document, **_stamps("user")}, "folder")
        return folder_id

    def _segment_folder(self, name: str, parent_id: int) -> int:
        return insert(self._conn, SEGMENT_FOLDER, _folder(name, parent_id)).id

    def _synced_trait(self, name: str, data_source_id: int) -> None:
        document = trait_document(
            name, self._choices.synced_trait_type, data_source_id, AUDIENCE_TRAITS_FOLDER_ID
        )
        insert(self._conn, TRAIT, {"pid": COMPANY_ID, **document, **_stamps("user")}, "dataSource")

    def _trait(self, trait: _Trait) -> int:
        kind = "ON_BOARDED_TRAIT" if trait.rule is None else "RULE_BASED_TRAIT"
        document = {
            "pid": COMPANY_ID,
            **trait_document(trait.name, kind, trait.data_source_id, trait.folder_id),
            "integrationCode": trait.code,
            "traitRule": trait.rule or f'ic == "{trait.code}"',
            **_stamps(trait.origin),
        }
        trait_id = insert(self._conn, TRAIT, document, trait.origin).id
        self._populate("aam_trait", trait_id, trait.population)
        return trait_id

    def _segment(self, segment: _Segment) -> int:
        document = {
            "pid": COMPANY_ID,
            "name": segment.name,
            "description": "",
            "segmentRule": segment.rule,
            "folderId": segment.folder_id,
            "dataSourceId": segment.data_source_id,
            "mergeRuleDataSourceId": DEFAULT_MERGE_RULE_ID,
            "integrationCode": segment.code,
            "status": segment.status,
            **_stamps(segment.origin),
        }
        segment_id = insert(self._conn, SEGMENT, document, segment.origin).id
        parsed = parse_segment_rule(segment.rule, self._choices.max_rule_depth)
        link_traits(self._conn, segment_id, parsed.traits)
        self._populate("aam_segment", segment_id, segment.population)
        return segment_id

    def _populate(self, table: str, object_id: int, population: int) -> None:
        self._conn.execute(
            f"UPDATE {table} SET population = ? WHERE id = ?",  # noqa: S608
            (population, object_id),
        )

    def _destination(
        self, destination_id: int, name: str, kind: str, origin: str, **fields: object
    ) -> int:
        document = {
            "pid": COMPANY_ID,
            "destinationType": kind,
            **SERVER_SET,
            "name": name,
            "description": "",
            "mappingAutoFiller": "NONE",
            "dataExportLabels": [],
            **fields,
            **_stamps("user"),
        }
        return insert_as(self._conn, DESTINATION, destination_id, document, origin).id

    def _mapping(self, destination_id: int, segment_id: int, alias: str) -> None:
        document = {
            "destinationId": destination_id,
            "sid": segment_id,
            "traitType": "SEGMENT",
            "startDate": "2025-08-31",
            "endDate": None,
            "traitAlias": alias,
            "valueAlias": None,
            "url": alias,
            "secureUrl": alias,
            "tagCode": None,
            "secureTagCode": None,
            "priority": None,
            **_stamps("user"),
            "traitValue": 0,
        }
        insert(self._conn, MAPPING, document)


def _folder(name: str, parent_id: int) -> Document:
    return {"pid": COMPANY_ID, "name": name, "parentFolderId": parent_id, **_stamps("user")}


def _stamps(origin: str) -> Document:
    user_id = ANALYTICS if origin == "analytics" else MARKETER
    return {"crUID": user_id, "upUID": user_id, "createTime": MADE_MS, "updateTime": MADE_MS}
