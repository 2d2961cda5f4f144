"""The kinds of object the stand-in keeps, and the right that each use of them asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EVERYONE = "everyone"
"""In place of a right: any signed-in user."""
ADMINISTRATOR = "administrator"
"""In place of a right: administrators, and nobody by way of a group."""
_ADMINISTERED: Mapping[str, str] = {
    "READ": EVERYONE,
    "WRITE": ADMINISTRATOR,
    "CREATE": ADMINISTRATOR,
    "DELETE": ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object and where it is kept."""

    noun: str
    table: str
    id_name: str
    """The id's name in documents."""
    by_code: bool = False
    """Whether `ic:<integration code>` addresses it too."""
    rights: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Each permission on one object of the kind, and the wildcard right that gives it on all of them."""
    in_data_source: bool = False
    """Whether an object belongs to a data source."""


DATA_SOURCE = Kind("data source", "aam_data_source", "dataSourceId", rights=_ADMINISTERED)
TRAIT = Kind(
    "trait",
    "aam_trait",
    "sid",
    by_code=True,
    rights={
        "READ": "VIEW_ALL_TRAITS",
        "WRITE": "EDIT_ALL_TRAITS",
        "CREATE": "CREATE_ALL_TRAITS",
        "DELETE": "DELETE_ALL_TRAITS",
        "MAP_TO_SEGMENTS": "MAP_ALL_TO_SEGMENTS",
        "MAP_TO_MODELS": "MAP_ALL_TRAITS_TO_MODELS",
    },
    in_data_source=True,
)
SEGMENT = Kind(
    "segment",
    "aam_segment",
    "sid",
    by_code=True,
    rights={
        "READ": "VIEW_ALL_SEGMENTS",
        "WRITE": "EDIT_ALL_SEGMENTS",
        "CREATE": "CREATE_ALL_SEGMENTS",
        "DELETE": "DELETE_ALL_SEGMENTS",
        "MAP_TO_DESTINATIONS": "MAP_ALL_TO_DESTINATIONS",
        "MAP_TO_MODELS": "MAP_ALL_SEGMENTS_TO_MODELS",
    },
    in_data_source=True,
)
# Rights of folders are not documented; they follow those of what the folders hold.
TRAIT_FOLDER = Kind(
    "trait folder",
    "aam_trait_folder",
    "folderId",
    rights={
        "READ": EVERYONE,
        "WRITE": "EDIT_ALL_TRAITS",
        "CREATE": "CREATE_ALL_TRAITS",
        "DELETE": "DELETE_ALL_TRAITS",
    },
)
SEGMENT_FOLDER = Kind(
    "segment folder",
    "aam_segment_folder",
    "folderId",
    rights={
        "READ": EVERYONE,
        "WRITE": "EDIT_ALL_SEGMENTS",
        "CREATE": "CREATE_ALL_SEGMENTS",
        "DELETE": "DELETE_ALL_SEGMENTS",
    },
)
DESTINATION = Kind(
    "destination",
    "aam_destination",
    "destinationId",
    rights={
        "READ": "VIEW_ALL_DESTINATIONS",
        "WRITE": "EDIT_ALL_DESTINATIONS",
        "CREATE": "CREATE_DESTINATIONS",
        "DELETE": "DELETE_ALL_DESTINATIONS",
    },
)
# A mapping has no rights of its own: its destination's count.
MAPPING = Kind("mapping", "aam_mapping", "destinationMappingId", rights={"READ": EVERYONE})
DERIVED_SIGNAL = Kind(
    "derived signal",
    "aam_derived_signal",
    "derivedSignalId",
    rights={
        "READ": "VIEW_DERIVED_SIGNALS",
        "WRITE": "EDIT_DERIVED_SIGNALS",
        "CREATE": "CREATE_DERIVED_SIGNALS",
        "DELETE": "DELETE_DERIVED_SIGNALS",
    },
)
MODEL = Kind(
    "model",
    "aam_model",
    "algoModelId",
    rights={**_ADMINISTERED, "READ": "VIEW_MODELS"},
)
TRAIT_TYPE = Kind("trait type", "aam_trait_type", "pixelType", rights=_ADMINISTERED)
PARTNER_SITE = Kind("partner site", "aam_partner_site", "siteId", rights=_ADMINISTERED)
MERGE_RULE = Kind("profile merge rule", "aam_merge_rule", "dataSourceId")

ROOT_FOLDER_ID = 0
DEFAULT_MERGE_RULE_ID = 4910
"""Merge rules are numbered like data sources."""
SYSTEM_DATA_SOURCE_ID = 4900
"""Owns the traits that the server makes."""
AUDIENCE_TRAITS_FOLDER_ID = 30_000
"""Holds the traits that the server keeps beside data sources."""
ACTIVE_AUDIENCE_TRAIT_ID = 7_000_000
GLOBAL_TRAIT_TYPE_ID = 0
"""The custom trait type that every account has."""
