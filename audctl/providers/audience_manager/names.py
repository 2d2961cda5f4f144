"""Strings and numbers of the Audience Manager API that no public page confirms, in one place.

The vendor's reference for these resources is not public; each value says where it was seen. When one proves
wrong on a live account, this is the file to change. Everything documented stands where it is used.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_TYPES: Mapping[str, str] = MappingProxyType({"COOKIE": "cookie", "CROSS_DEVICE": "crossDevice"})
"""``idType`` of a data source. CROSS_DEVICE is documented, COOKIE seen in a data provider's script."""

SUB_ID_TYPE_OF_CROSS_DEVICE = "CROSS_DEVICE_PERSON"
"""``subIdType`` sent with a new cross-device data source: documented value, but not that it must be sent."""

GENERAL_DATA_SOURCE = "GENERAL"
"""``type`` of a data source made by hand. What a report suite's says is unknown: anything else is not ours."""

GLOBAL_DATA_SOURCES = frozenset(
    {"20914", "20915", "121963", "389146", "963906", "488258", "1171485", "1171489"}
)
"""Device-id data sources that all companies share (documented list): usable, never ours."""

TRAIT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "RULE_BASED_TRAIT": "ruleBased",
        "ON_BOARDED_TRAIT": "onboarded",
        "ALGO_TRAIT": "algorithmic",
    }
)
"""``traitType`` of traits that people make. Documented; that it cannot change afterwards is assumed."""

SERVER_TRAIT_TYPES = frozenset(
    {"FOLDER_TRAIT", "COMPANY_ACTIVITY_TRAIT", "TEST_SEGMENT", "NON_ALGO_TRAIT", "SEGMENT"}
)
"""``traitType`` of traits that the server makes; COMPANY_ACTIVITY_TRAIT for the synced ones is assumed."""

SEGMENT_STATES: Mapping[str, str] = MappingProxyType({"ACTIVE": "active", "INACTIVE": "paused"})
"""``status`` of a segment."""

DESTINATION_TYPES: Mapping[str, str] = MappingProxyType(
    {"S2S": "serverToServer", "PUSH": "url", "ADS": "cookie"}
)
"""``destinationType``: documented for the three; other types keep the system's own word."""

EXPORT_CONTROLS: Mapping[str, str] = MappingProxyType(
    {
        "PII": "pii",
        "ONSITE_PERSONALIZATION": "onsitePersonalization",
        "ONSITE_AD_TARGETING": "onsiteAdTargeting",
        "OFFSITE_AD_TARGETING": "offsiteAdTargeting",
    }
)
"""Data export controls, and labels of destinations.

PII is in the documentation's sample, ONSITE_PERSONALIZATION in a data provider's script; the other two are
formed after it, and that labels use the same strings as controls is assumed.
"""

MAPPING_IDS = ("destinationMappingId", "mappingId", "traitToDataOrderId")
"""A mapping's id has three names in the documentation's samples; whichever is there is read."""

SEGMENT_MAPPING = "SEGMENT"
"""``traitType`` of a mapping that maps a segment."""

ROOT_FOLDER = "0"
"""Id of the root of both folder trees: legal as a folder in the vendor's labs."""

DEFAULT_TTL_DAYS = 120
"""A trait's time to live when none is asked for."""

MAX_PAGE_SIZE = 1000
"""Rows per page that the vendor's own tool uses and calls the maximum for traits; assumed for every list."""

SERVER_TRAIT_FOLDERS = frozenset({"/Audience Traits"})
"""Where the server keeps traits of its own; the documentation names the folder, its place is assumed."""

SYSTEM_USER = "0"
"""``crUID`` of what Adobe's own services make (the data source of folder traits, for one); assumed."""
