"""Every behaviour on which the public sources are silent or disagree, as one named switch each.

The defaults are the positions that this project took; a different reading of the live system is one changed
field, never a search through the code. Names of attributes that are not public (shared audience, AMC data
source, S3 accounts) stand in the schema documents, which are the only place that spells them.
"""

from dataclasses import dataclass
from typing import Literal


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
    """HTTP status of the plain text that says a session has expired."""
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


DEFAULT_QUIRKS = Quirks()
