"""Behaviours that the documentation leaves open, each with the answer this stand-in gives.

None of these is verified against a live account. Every one is a field here, so that finding the truth means changing
one value, and a test can run the sandbox with the opposite answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

MappingIdName = Literal["destinationMappingId", "mappingId", "traitToDataOrderId"]
"""What different samples call the id of a mapping."""

DOCUMENTED_LIMITS: Mapping[str, int] = {
    "RULE_BASED_TRAIT": 100_000,
    "ON_BOARDED_TRAIT": 100_000,
    "ALGO_TRAIT": 50,
    "FOLDER_TRAIT": 2_000,
    "traits": 100_000,
    "traitFolders": 2_000,
    "traitFolderDepth": 5,
    "segments": 20_000,
    "traitsPerSegment": 5_000,
    "recencyGroupsPerEstimate": 4,
    "destinations": 1_000,
    "PUSH": 1_000,
    "ADS": 1_000,
    "S2S": 100,
    "ANALYTICS": 10,
    "derivedSignals": 50_000,
    "models": 20,
}
"""From the documentation's page on usage limits; a company may have others."""


@dataclass(frozen=True, slots=True)
class Choices:
    """One field per open question; the defaults are what `audctl sandbox serve` does."""

    api_key_required: bool = True
    """Whether `x-api-key` is demanded with an IMS token, as on aam.adobe.io. The older host does without."""
    org_header_required: bool = False
    """Whether `x-gw-ims-org-id` must come with an IMS token and name the organisation."""
    jwt_exchange_retired: bool = False
    """Refuse every JWT, as announced for 2025. Off, so that clients of the older scheme can be tried."""
    legacy_token_lifetime_s: int = 21_922
    """Seconds that a token of `/oauth/token` lasts; the documentation's sample. A vendor client saw 3599."""
    legacy_refresh_tokens: bool = True
    """Whether `/oauth/token` gives refresh tokens, which accounts have only when provisioned."""
    absent_field_on_put_resets: bool = True
    """An absent writable field of a PUT takes its default; off, it keeps the stored value."""
    create_only_fields_fixed: bool = True
    """Refuse a PUT that changes a field settable on create only, such as `idType`, `traitType`, a mapping's `sid`."""
    put_status: int = 200
    """Success status of a PUT: 200 as clients see, 201 as the documentation's table says."""
    escaped_characters: Mapping[str, str] = field(
        default_factory=lambda: {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    )
    """What output text escapes when the caller did not switch escaping off; values only, never keys."""
    precondition_failed_status: int = 412
    """Answer to an `If-Match` that no longer holds."""
    etags_on_every_kind: bool = True
    """Single objects of every kind carry an ETag; off, only segments do."""
    max_page_size: int = 1000
    """Larger page sizes are cut down to this, and the answer says so."""
    default_page_size: int = 10
    """Rows of a page when only `page` was given."""
    search_case_sensitive: bool = False
    """Whether `search` tells upper from lower case."""
    integration_code_filter_exact: bool = True
    """`integrationCode=` matches the whole code; off, any part of it in any case."""
    folder_filter_includes_subfolders: bool = False
    """Whether `folderId=` also selects what lies in folders below."""
    updated_since_unit: Literal["ms", "s"] = "ms"
    """Unit of `updatedSince`, an epoch: ms or s."""
    sibling_folder_names_unique: bool = True
    """Refuse a second folder of one name under one parent."""
    folder_sibling_case_sensitive: bool = True
    """Whether folders whose names differ in case only may stand side by side."""
    root_parent_folder_id: int = 0
    """`parentFolderId` that a root folder shows."""
    folder_depth_counts_root: bool = False
    """Whether the limit on trait folder depth counts the root as the first level."""
    leaf_folders_have_subfolders: bool = True
    """A folder without folders shows an empty `subFolders`; off, none."""
    data_source_codes_unique: bool = True
    """Refuse an integration code that another data source has."""
    in_use_status: int = 409
    """Answer to deleting a data source, trait or folder that something still uses."""
    bulk_delete_status: int = 409
    """Answer to a bulk delete of which one part is refused; nothing is deleted then."""
    trait_bulk_delete_errs_after_work: bool = False
    """The bulk delete of traits answers 500 although it did the work, as one client's author warns."""
    limit_status: int = 409
    """Answer to a create beyond an account limit."""
    duplicate_status: int = 409
    """Answer to an integration code or folder name that is taken."""
    negative_rules_refused: bool = True
    """Refuse a segment rule that is true for a user without any trait."""
    rules_normalised: bool = False
    """Write segment rules in one way: spaces, `frequency` in lower case, OR for a comma in brackets."""
    segment_list_has_merge_rule: bool = False
    """Whether list rows of segments carry `mergeRuleDataSourceId`."""
    trait_list_has_status: bool = True
    """Whether list rows of traits carry `status` and `backfillStatus`, which one client misses at times."""
    metrics_hide_trait_rules: bool = True
    """A list of traits asked for with metrics leaves the rules out."""
    mapping_list_always_wrapped: bool = True
    """The mappings list comes in the paged shape even without paging, as its page shows it."""
    mapping_id_name: MappingIdName = "destinationMappingId"
    """The mapping's id in answers to single calls."""
    mapping_id_name_in_list: MappingIdName = "mappingId"
    """The same in the mappings list."""
    mapping_id_name_in_destination: MappingIdName = "traitToDataOrderId"
    """The same inside a destination asked for with its mappings."""
    mapping_start_date_days_lost: int = 1
    """Days by which a `startDate` reads back earlier than it was sent."""
    mapping_needs_destination_write: bool = True
    """Changing a mapping needs WRITE on its destination, beside MAP_TO_DESTINATIONS on the segment."""
    s2s_mapping_allowed: bool = True
    """Whether segments can be mapped to server-to-server destinations; the documentation contradicts itself."""
    max_mappings_enforced: bool = True
    """Refuse a mapping beyond the destination's `maxMappings`, where that is set."""
    destination_status_in_list: object = "active"
    """Spelling of an active destination in list rows; the single call says ACTIVE."""
    s2s_creation_status: int = 403
    """Answer to creating or deleting a server-to-server destination, which only a consultant can."""
    export_control_status: int = 409
    """Answer to a mapping, or a change of a mapped segment's rule, that an export control forbids."""
    read_only_object_status: int = 403
    """Answer to changing what another company or product owns, or what the server keeps."""
    creator_gets_rights: bool = True
    """The groups of a user who is no administrator get all rights on what that user creates."""
    available_id_types: tuple[str, ...] = ("COOKIE", "CROSS_DEVICE", "DEVICE_ADVERTISING_ID")
    """Legal values of a data source's `idType`; the last is a guess."""
    available_visitor_id_versions: tuple[int, ...] = (0, 1, 2)
    """Legal values of a data source's `marketingCloudVisitorIdVersion`; only 0 is documented."""
    report_suite_type: str = "REPORT_SUITE"
    """`type` of a data source made from an Analytics report suite."""
    synced_trait_type: str = "COMPANY_ACTIVITY_TRAIT"
    """`traitType` of the trait the server keeps beside a data source."""
    trait_root_name: str = "All Traits"
    """Name of the root of the trait folders, as in the documentation's sample path."""
    segment_root_name: str = "All Segments"
    """Name of the root of the segment folders."""
    limits: Mapping[str, int] = field(default_factory=lambda: dict(DOCUMENTED_LIMITS))
    """The account's limits, by what they count."""
    max_segment_folder_depth: int = 100
    """A bound for this server; the documentation limits trait folders only."""
    max_rule_depth: int = 100
    """Levels of parentheses a rule may have; a bound for the parser, not a documented limit."""
    max_body_bytes: int = 8 * 1024 * 1024
    """Largest request body; a bound for this server."""


def makes_synced_trait(data_source: Mapping[str, object]) -> bool:
    """Tell whether the server keeps a trait of the data source's name; which settings do so is not documented."""
    return data_source["idType"] == "CROSS_DEVICE" and bool(data_source["inboundS2S"])
