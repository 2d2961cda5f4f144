"""Every behaviour on which the public sources are silent or disagree, as one named switch each.

The defaults are the positions that this project took; a different reading of the live system is one changed
field, never a search through the code. Names of attributes that are not public (shared audience, AMC data
source, S3 accounts) stand in the schema documents as this project's candidates, and in `names` to be changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

CANDIDATES: Mapping[str, str] = MappingProxyType(
    {
        "dataSource": "nms:amcDataSource",
        "dataSourceLabel": "@label",
        "dataSourceName": "@name",
        "dataSourceTarget": "@targetSchema",
        "dataSourceKey": "@reconciliationKey",
        "dataSourceId": "@aamDataSourceId",
        "destinationId": "@aamDestinationId",
        "hashAlgorithm": "@hashAlgorithm",
        "acceptConditions": "@acceptConditions",
        "isShared": "@isAMC",
        "audienceId": "@aamMappingId",
        "audienceName": "@sharedAudience",
        "dataSourceLink": "amcDataSource",
        "dataSourceReference": "@amcDataSource-id",
        "region": "@awsRegion",
        "serverSideEncryption": "@useServerSideEncryption",
    }
)
"""What each thing without a public name is called in the schema documents."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """Switches for the open questions."""

    default_operation: Literal["insertOrUpdate", "insert"] = "insertOrUpdate"
    """What a written element without `_operation` means; other sources say `insert`."""
    default_line_count: int = 10_000
    """Rows a select gives when `lineCount` is absent; other sources say 200."""
    write_collection_atomic: bool = True
    """False: rows before the first bad one stay written."""
    session_write_allowed: bool = False
    """True: `xtk:session#Write` works as `xtk:persist#Write` does; current builds refuse it."""
    fault_status: int = 200
    """HTTP status of a SOAP fault."""
    expired_status: int = 403
    """HTTP status of the answer that says a session has expired."""
    expired_as: Literal["text", "fault"] = "text"
    """How an expired session is told: `text`, or a SOAP `fault` with the same code."""
    password_token_allowed: bool = False
    """True: `login/password` in place of the session token opens a session for one call, as some zones allow."""
    session_token_only_allowed: bool = False
    """True: a session token needs no security token beside it, as some zones allow."""
    unknown_attributes: Literal["drop", "fault"] = "drop"
    """What a written attribute or element does that its schema lacks: dropped without a word, or a fault."""
    unresolved_link: Literal["fault", "ignore"] = "fault"
    """What a link child with `_operation="none"` does that matches no row: a fault, or the link stays as it is."""
    several_matches: Literal["fault", "first"] = "fault"
    """What a key does that matches several rows: a fault, or the one with the lowest id is meant."""
    delete_absent: Literal["ignore", "fault"] = "ignore"
    """What `_operation="delete"` does that matches no row."""
    memo_data: Literal["child", "text", "expanded"] = "child"
    """Where a selected `data` memo goes: `child` (elements in a `<data>` element), `text` (the same as text), or
    `expanded` (its elements directly under the row)."""
    null_strings: Literal["empty", "absent"] = "empty"
    """How a null string attribute comes back: `empty`, or `absent`."""
    folder_full_name: Literal["label", "name"] = "label"
    """Which attribute of each folder builds `@fullName`: `label` or `name`."""
    unguarded_delete_allowed: bool = False
    """True: `DeleteCollection` without a condition deletes every row."""
    session_lifetime_s: int = 86_400
    """Seconds from logon."""
    long_session_lifetime_s: int = 1_296_000
    """Seconds from logon with `rememberMe`."""
    max_body_bytes: int = 64 * 1024 * 1024
    """Largest request accepted."""
    max_depth: int = 200
    """Deepest nesting of elements accepted."""
    names: Mapping[str, str] = field(default_factory=lambda: dict(CANDIDATES))
    """What clients call what has no public name; the candidates are this project's own."""
    s3_account_type: int = 20
    """Code of the type AWS S3 among external accounts (`nms:extAccount/@type`)."""
    option_string_length: int = 255
    """Longest `xtk:option/@stringValue`."""


DEFAULT_QUIRKS = Quirks()
