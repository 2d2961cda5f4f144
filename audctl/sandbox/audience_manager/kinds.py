"""The kinds of object the stand-in keeps."""

from audctl.sandbox.audience_manager.records import Kind

DATA_SOURCE = Kind("data source", "aam_data_source", "dataSourceId")
TRAIT_FOLDER = Kind("trait folder", "aam_trait_folder", "folderId")
SEGMENT_FOLDER = Kind("segment folder", "aam_segment_folder", "folderId")
TRAIT = Kind("trait", "aam_trait", "sid", by_code=True)
SEGMENT = Kind("segment", "aam_segment", "sid", by_code=True)
DESTINATION = Kind("destination", "aam_destination", "destinationId")
MAPPING = Kind("mapping", "aam_mapping", "destinationMappingId")
MERGE_RULE = Kind("profile merge rule", "aam_merge_rule", "dataSourceId")

ROOT_FOLDER_ID = 0
DEFAULT_MERGE_RULE_ID = 4910
"""Merge rules are numbered like data sources."""
SYSTEM_DATA_SOURCE_ID = 4900
"""Owns the traits that the server makes."""
AUDIENCE_TRAITS_FOLDER_ID = 30_000
"""Holds the traits that the server keeps beside data sources."""
ACTIVE_AUDIENCE_TRAIT_ID = 7_000_000
