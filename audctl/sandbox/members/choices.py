"""Open questions about how members travel, each with the answer this stand-in gives.

None of these is verified against live systems. Every one is a field here; they are kept in the database, so that a
job finds them wherever it is started from.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass, fields
from typing import Literal


@dataclass(frozen=True, slots=True)
class MemberChoices:
    """One field per open question; the defaults are what `audctl sandbox serve` does."""

    # -- Audience Manager, outbound

    outbound_hour: int = 14
    """Hour of the day, UTC, at which outbound files are written; the documentation says once a day."""
    outbound_mode: Literal["iter", "full"] = "iter"
    """`iter`: a full file first, then changes only; `full`: everything, each day."""
    outbound_segment_value: Literal["alias", "sid"] = "alias"
    """What stands for a segment in a file: the mapping's `alias`, or the segment's `sid`."""
    outbound_timestamp: Literal["milliseconds", "seconds"] = "milliseconds"
    """Milliseconds (13 digits), as the page on names has it, or seconds (10 digits), as the page on macros has it."""
    outbound_split_style: Literal["digits", "dash"] = "digits"
    """`digits`: nothing, then `001`, `002`; `dash`: `-1`, `-2`, as the page on control files shows it."""
    outbound_split_lines: int = 1_000_000
    """Lines of one file; the live limit is 1 TB, so that real transfers are rarely split."""
    outbound_gzip: bool = True
    """Whether outbound files are compressed, as the documentation's samples are."""
    outbound_separator: str = " "
    """Between the columns of a line; a sample of the documentation has two spaces."""

    # -- Audience Manager, inbound and profiles

    onboarding_delay_hours: int = 48
    """From the upload of an inbound file until its data counts."""
    pickup_hours: int = 6
    """How often Audience Manager looks for files that others have uploaded; documented as several times a day."""
    inbound_retention_days: int = 30
    """Uploaded files are deleted after so many days, as documented."""
    metrics_hour: int = 6
    """Hour of the day, UTC, at which populations are counted anew: up to 24 hours late, as documented."""
    new_trait_delay_hours: int = 4
    """From making a trait until visitors can qualify for it."""
    visitors_qualify: bool = True
    """A share of the visitors, drawn from the trait's rule, qualifies for a new rule-based trait. Signals themselves
    are not simulated."""
    site_declares_ids: bool = True
    """Customers sign in on the web site, which declares the reconciliation key of each declared-ID data source that
    Campaign and Audience Manager share."""
    linked_ids_reach_devices: bool = True
    """What is known of a declared id counts for the devices it was declared on, whatever the merge rule."""

    # -- Campaign

    list_audience: Literal["mapping", "segment", "alias"] = "mapping"
    """What a shared list names its audience by: the id of the `mapping`, or of the `segment`, or the `alias`."""
    one_shot_workflow_ends: bool = True
    """A workflow without a scheduler is finished (state 20) after its run; False: it stays started."""
    export_split_lines: int = 1_000_000
    """Lines of one inbound file that Campaign writes."""
    export_gzip: bool = False
    """Whether the inbound files that Campaign writes are compressed."""


def store_choices(conn: sqlite3.Connection, choices: MemberChoices) -> None:
    """Keep the choices for every later job."""
    conn.executemany(
        "INSERT OR REPLACE INTO sandbox_member_setting VALUES (?, ?)",
        [(name, json.dumps(value)) for name, value in asdict(choices).items()],
    )


def read_choices(conn: sqlite3.Connection) -> MemberChoices:
    """Read the choices in force."""
    known = {field.name for field in fields(MemberChoices)}
    rows = conn.execute("SELECT name, value FROM sandbox_member_setting")
    return MemberChoices(**{row[0]: json.loads(row[1]) for row in rows if row[0] in known})
