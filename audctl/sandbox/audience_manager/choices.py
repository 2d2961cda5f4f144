"""Behaviours that the documentation leaves open, each with the answer this stand-in gives.

None of these is verified against a live account. Every one is a field here, so that finding the truth means changing
one value, and a test can run the sandbox with the opposite answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

DOCUMENTED_LIMITS: Mapping[str, int] = {
    "RULE_BASED_TRAIT": 100_000,
    "ON_BOARDED_TRAIT": 100_000,
    "traits": 100_000,
    "traitFolders": 2_000,
    "traitFolderDepth": 5,
    "segments": 20_000,
    "traitsPerSegment": 5_000,
    "destinations": 1_000,
    "PUSH": 1_000,
    "ADS": 1_000,
}
"""From the documentation's page on usage limits; a company may have others."""


@dataclass(frozen=True, slots=True)
class Choices:
    """One field per open question; the defaults are what `audctl sandbox serve` does."""

    api_key_required: bool = True
    """Whether `x-api-key` is demanded, as on aam.adobe.io. The older host does without."""
    absent_field_on_put_resets: bool = True
    """An absent writable field of a PUT takes its default; False keeps the stored value."""
    escaped_characters: Mapping[str, str] = field(
        default_factory=lambda: {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    )
    """What output text escapes when the caller did not switch escaping off; values only, never keys."""
    precondition_failed_status: int = 412
    """Answer to an `If-Match` that no longer holds. ETags come with every single object."""
    max_page_size: int = 1000
    """Larger page sizes are cut down to this, and the answer says so."""
    default_page_size: int = 10
    folder_filter_includes_subfolders: bool = False
    sibling_folder_names_unique: bool = True
    folder_sibling_case_sensitive: bool = True
    data_source_codes_unique: bool = True
    in_use_status: int = 409
    """Answer to deleting a data source, trait or folder that something still uses."""
    negative_rules_refused: bool = True
    """Refuse a segment rule that is true for a user without any trait."""
    segment_list_has_merge_rule: bool = False
    """Whether list rows of segments carry `mergeRuleDataSourceId`."""
    metrics_hide_trait_rules: bool = True
    """A list of traits asked for with metrics leaves the rules out."""
    mapping_list_always_wrapped: bool = True
    """The mappings list comes in the paged shape even without paging, as its page shows it."""
    mapping_id_name: str = "destinationMappingId"
    """The mapping's id in answers to single calls."""
    mapping_id_name_in_list: str = "mappingId"
    """The same in the mappings list."""
    mapping_id_name_in_destination: str = "traitToDataOrderId"
    """The same inside a destination asked for with its mappings."""
    mapping_start_date_days_lost: int = 1
    """Days by which a `startDate` reads back earlier than it was sent."""
    destination_status_in_list: object = "active"
    """Spelling of an active destination in list rows; the single call says ACTIVE."""
    s2s_creation_status: int = 403
    """Answer to creating or deleting a server-to-server destination, which only a consultant can."""
    export_control_status: int = 409
    read_only_object_status: int = 403
    """Answer to changing what another company or product owns."""
    available_id_types: tuple[str, ...] = ("COOKIE", "CROSS_DEVICE", "DEVICE_ADVERTISING_ID")
    report_suite_type: str = "REPORT_SUITE"
    """`type` of a data source made from an Analytics report suite."""
    synced_trait_type: str = "COMPANY_ACTIVITY_TRAIT"
    """`traitType` of the trait the server keeps beside a data source."""
    trait_root_name: str = "All Traits"
    segment_root_name: str = "All Segments"
    limits: Mapping[str, int] = field(default_factory=lambda: dict(DOCUMENTED_LIMITS))
    max_segment_folder_depth: int = 100
    """A bound for this server; the documentation limits trait folders only."""
    max_rule_depth: int = 100
    """Levels of parentheses a rule may have; a bound for the parser, not a documented limit."""
    max_body_bytes: int = 8 * 1024 * 1024


def makes_synced_trait(data_source: Mapping[str, object]) -> bool:
    """Tell whether the server keeps a trait of the data source's name; which settings do so is not documented."""
    return data_source["idType"] == "CROSS_DEVICE" and bool(data_source["inboundS2S"])
